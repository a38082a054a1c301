"""Opening the database: SQLite (WAL) by default, PostgreSQL by a URL; migrated to this program's schema."""

import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from llm_finops.ledger.errors import LedgerError, LedgerTooNew

# SQLite's waiting is not fair: with 5 s, 4 of 36 heavy bookings of six processes failed; with 60 s, none.
_BUSY_TIMEOUT_S = 60
_MIGRATIONS = Path(__file__).parent / "migrations"
SCHEMA = "0008"  # the newest revision in migrations/; a test holds the two together
_MIGRATION_LOCK = 0x6C6C6D66  # any number, the same in every process: two first openings take turns


def sqlite_url(path: Path) -> str:
    """The URL of a ledger file, whatever characters are in its path."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def open_engine(url: str) -> Engine:
    """An engine with our manners for either store; the SQLite file is created private to its user."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:  # a URL may hold a password: it is not repeated
        raise LedgerError("the ledger's URL cannot be read; expected sqlite:///PATH or postgresql://...") from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        # psycopg 3 has COPY by rows; psycopg2 is only here for Dagster's own storage. Under a stricter
        # isolation than READ COMMITTED the second of two writers would fail instead of waiting.
        psycopg = parsed.set(drivername="postgresql+psycopg")
        return sa.create_engine(psycopg, pool_pre_ping=True, isolation_level="READ COMMITTED")
    raise LedgerError(f"the ledger can be sqlite:///PATH or postgresql://..., not {parsed.get_backend_name()}://...")


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise LedgerError("the ledger needs a file: sqlite:///PATH")
    _make_private(Path(url.database))
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _connect(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
        # Python's driver begins transactions on its own otherwise, and never BEGIN IMMEDIATE.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("pragma journal_mode = wal")
        cursor.execute("pragma synchronous = normal")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # A read that later writes fails at once on SQLite: writers say so at the start.
        connection.exec_driver_sql("begin immediate" if writes else "begin")

    return engine


def _make_private(path: Path) -> None:
    """Create the file (0600) and the folders it lacks (0700), whatever the umask; what is there stays as it is.

    SQLite gives its -wal and -shm files the permissions of the file itself.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    if not path.exists():
        opened = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        os.chmod(path, 0o600)  # noqa: PTH101
        os.close(opened)


def migrate(engine: Engine) -> None:
    """Bring the schema to this program's version; LedgerTooNew if a newer program wrote it."""
    if (revision := revision_of(engine)) == SCHEMA:
        return
    from alembic import command  # slow to import, and needed once in a ledger's life
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise LedgerTooNew(
            f"the ledger has schema {revision}, this program knows up to {SCHEMA}: "
            "install the newer llm-finops that wrote it; nothing was changed"
        )
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE is a lock already
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")  # looks at the revision again, under the lock


def revision_of(engine: Engine) -> str | None:
    """The schema that the database has; None where nobody has opened it as a ledger yet."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("select version_num from alembic_version")).scalar()
