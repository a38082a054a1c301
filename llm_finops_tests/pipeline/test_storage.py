"""Dagster's runs and events go where the ledger's URL says, and nobody edits a file for it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._serdes import serialize_value
from dagster_postgres.event_log import PostgresEventLogStorage

from llm_finops.definitions import build
from llm_finops.ledger import LedgerError
from llm_finops.pipeline.instance import dagster_home, instance
from llm_finops.pipeline.run import run_range
from llm_finops.pipeline.storage import dagster_url, storage_of
from llm_finops_tests.pipeline.little import FIRST, Little

ROOT = Path(__file__).parents[2]
PASSWORD = "hunter2-canary"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("DAGSTER_HOME", "LLM_FINOPS_HOME", "LLM_FINOPS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    yield
    os.environ.pop("DAGSTER_HOME", None)


@pytest.fixture
def url(postgres_url: str) -> str:
    """A server that asks for no password is told one all the same."""
    return postgres_url.replace("postgres:@", f"postgres:{PASSWORD}@")


def _schemas(url: str) -> dict[str, set[str]]:
    engine = sa.create_engine(url.replace("postgresql", "postgresql+psycopg", 1))
    with engine.connect() as connection:
        found = {name: set(sa.inspect(connection).get_table_names(name)) for name in ("public", "dagster")}
    engine.dispose()
    return found


def test_one_url_is_for_the_ledger_and_for_dagster(bare: Little, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_FINOPS_DATABASE_URL", url)
    bare.environment["LLM_FINOPS_DATABASE_URL"] = url
    finops = bare.finops
    with instance(bare.config) as found:
        assert isinstance(found.event_log_storage, PostgresEventLogStorage)
        report = run_range(build(bare.config, finops), finops, found, FIRST, FIRST)
        assert report.ok
        (run,) = found.get_runs()
        assert run.run_id == report.run_id
        assert found.get_latest_materialization_event(dg.AssetKey("margins")) is not None
        passed_on = serialize_value(found.get_ref())  # to code servers and run workers, as an argument
    assert PASSWORD not in passed_on
    tables = _schemas(url)
    assert {"versions", "margins", "alembic_version"} <= tables["public"]
    assert {"runs", "event_logs", "daemon_heartbeats", "alembic_version"} <= tables["dagster"]
    assert not tables["public"] & {"runs", "event_logs", "job_ticks"}
    written = [path for path in bare.home.rglob("*") if path.is_file()]
    assert [path for path in written if path.suffix in {".db", ".sqlite"}] == []
    assert [path for path in written if PASSWORD.encode() in path.read_bytes()] == []


def test_without_a_url_it_is_in_files_of_the_home(little: Little) -> None:
    with instance(little.config) as found:
        assert found.get_runs() == []
    home = dagster_home(little.config)
    assert {"runs.db", "index.db"} <= {path.name for path in (home / "history").rglob("*.db")}
    assert home.stat().st_mode & 0o077 == 0


def test_dagsters_own_commands_find_it_in_a_clone(tmp_path: Path, url: str) -> None:
    """With nothing but the repository's dagster.yaml where the command is given, and no DAGSTER_HOME."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    program = (
        "from dagster._cli.utils import get_possibly_temporary_instance_for_cli as opened\n"
        "with opened('dagster dev') as instance:\n"
        "    instance.daemon_cursor_storage.set_cursor_values({'seen': 'by the daemon'})\n"
        "    print(type(instance.run_storage).__name__)\n"
    )
    known = {name: value for name, value in os.environ.items() if not name.startswith(("DAGSTER", "LLM_FINOPS"))}
    for more, expected in (({"LLM_FINOPS_DATABASE_URL": url}, "Postgres"), ({}, "Sqlite")):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            cwd=tmp_path,
            env={**known, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{expected}RunStorage\n"
        assert (tmp_path / ".llm_finops").exists() == (expected == "Sqlite")


def test_a_settings_file_of_an_earlier_program_is_brought_up_to_date_and_a_persons_own_is_not(little: Little) -> None:
    settings = dagster_home(little.config) / "dagster.yaml"
    shipped = settings.read_text(encoding="utf-8")
    former = "".join(line for line in shipped.splitlines(keepends=True) if "max_runtime_seconds" not in line)
    start, end = former.index("storage:"), former.index("telemetry:")
    for earlier in (former, former[:start] + former[end:]):
        settings.write_text(earlier, encoding="utf-8")
        dagster_home(little.config)
        assert settings.read_text(encoding="utf-8") == shipped
    settings.write_text(f"{former}# mine\n", encoding="utf-8")
    dagster_home(little.config)
    assert settings.read_text(encoding="utf-8") == f"{former}# mine\n"


def test_options_of_the_url_are_kept() -> None:
    made = dagster_url("postgresql://me:p%40ss@db:5433/finops?sslmode=require&options=-cstatement_timeout%3D5s")
    parsed = sa.make_url(made)
    assert (parsed.drivername, parsed.password, parsed.port) == ("postgresql+psycopg2", "p@ss", 5433)
    assert parsed.query == {"sslmode": "require", "options": "-cstatement_timeout=5s -csearch_path=dagster"}


def test_who_may_not_make_the_schema_is_told_what_to_ask_for(url: str) -> None:
    engine = sa.create_engine(url.replace("postgresql", "postgresql+psycopg", 1))
    user = f"reader_{engine.url.database}"[:60]
    with engine.begin() as connection:
        connection.execute(sa.text(f"create role {user} login"))
    theirs = url.replace(f"postgres:{PASSWORD}@", f"{user}:{PASSWORD}@")
    with pytest.raises(
        LedgerError, match=r"does not let us make the schema 'dagster'.*create schema dagster"
    ) as caught:
        storage_of({"LLM_FINOPS_DATABASE_URL": theirs})
    assert PASSWORD not in str(caught.value)
    with engine.begin() as connection:
        connection.execute(sa.text(f"create schema dagster authorization {user}"))
    assert type(storage_of({"LLM_FINOPS_DATABASE_URL": theirs})).__name__ == "DagsterPostgresStorage"
    with engine.begin() as connection:
        connection.execute(sa.text(f"drop owned by {user} cascade"))
        connection.execute(sa.text(f"drop role {user}"))
    engine.dispose()
