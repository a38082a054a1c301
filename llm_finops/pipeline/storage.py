"""Where Dagster keeps runs, events and ticks: files in its home, or the ledger's PostgreSQL in a schema of its own.

dagster.yaml has no "this, unless the environment says that"; it names this class, and this class looks. So nobody
edits a file, and no file, and no argument of a run's process, holds the address with its password.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from llm_finops.ledger import LedgerError, open_engine, parsed_url

# Both have a table alembic_version, and each would take the other's for its own.
SCHEMA = "dagster"
_LOCK = 0x6C6C6D67  # any number of our own: two first openings take turns


class Storage(DagsterStorage, ConfigurableClass):
    """What dagster.yaml names; what it makes is one of Dagster's own two storages."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing is configured but by the environment."""
        return {}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls,
        inst_data: ConfigurableClassData | None,  # noqa: ARG003
        config_value: Mapping[str, Any],  # noqa: ARG003
    ) -> DagsterStorage:
        """The storage of this process' environment."""
        return storage_of(os.environ)


def storage_of(environment: Mapping[str, str]) -> DagsterStorage:
    """PostgreSQL where LLM_FINOPS_DATABASE_URL names one, else SQLite below DAGSTER_HOME or our own home."""
    url = environment.get("LLM_FINOPS_DATABASE_URL", "")
    if url and parsed_url(url).get_backend_name() == "postgresql":
        from dagster_postgres.storage import DagsterPostgresStorage

        _make_schema(url)
        return DagsterPostgresStorage(dagster_url(url))
    ours = Path(environment.get("LLM_FINOPS_HOME") or ".llm_finops") / "dagster"
    home = Path(environment.get("DAGSTER_HOME") or ours).expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return DagsterSqliteStorage.from_local(str(home))


def dagster_url(url: str) -> str:
    """The ledger's database as Dagster opens it: by its own driver, in its own schema. It holds the password."""
    parsed = parsed_url(url)
    given = parsed.query.get("options", ())
    options = " ".join([*([given] if isinstance(given, str) else given), f"-csearch_path={SCHEMA}"])
    ours = parsed.set(drivername="postgresql+psycopg2").update_query_dict({"options": options})
    return ours.render_as_string(hide_password=False)


def _make_schema(url: str) -> None:
    engine = open_engine(url)
    there = sa.text("select 1 from pg_namespace where nspname = :name")
    try:
        with engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            if connection.execute(there, {"name": SCHEMA}).first() is None:
                connection.execute(sa.schema.CreateSchema(SCHEMA))
    except sa.exc.ProgrammingError as error:
        raise LedgerError(
            f"PostgreSQL does not let us make the schema {SCHEMA!r} that Dagster's runs and events go into: "
            f"{' '.join(str(error.orig).split())}. Let the database's owner say: create schema {SCHEMA} authorization "
            "USER"
        ) from None
    finally:
        engine.dispose()
