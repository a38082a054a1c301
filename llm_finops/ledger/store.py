"""Opening the database: SQLite (WAL) by default, PostgreSQL by a URL; migrated to this program's schema."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from llm_finops.ledger.errors import LedgerError, LedgerTooNew
from llm_finops.ledger.presence import announce

# SQLite's waiting is not fair: with 5 s, 4 of 36 heavy bookings of six processes failed; with 60 s, none.
_BUSY_TIMEOUT_S = 60
_EXPECTED = (
    "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE, in which the @ : / ? # % of a password are spelled "
    "%40 %3A %2F %3F %23 %25"
)
_MIGRATIONS = Path(__file__).parent / "migrations"
SCHEMA = "0009"  # the newest revision in migrations/; a test holds the two together
_MIGRATION_LOCK = 0x6C6C6D66  # any number, the same in every process: two first openings take turns


def sqlite_url(path: Path) -> str:
    """The URL of a ledger file, whatever characters are in its path."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def parsed_url(url: str) -> URL:
    """The parts of a ledger's URL; LedgerError, which repeats nothing of it, where it cannot be read."""
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: of a port that is none
        raise LedgerError(f"the ledger's URL cannot be read; expected {_EXPECTED}") from None
    if "@" in (parsed.host or ""):  # the end of a password that was not spelled as URLs ask for
        raise LedgerError(f"the ledger's URL cannot be read: it has two @; expected {_EXPECTED}")
    return parsed


def shown_url(url: str) -> str:
    """The store in words for people: without user, password and options."""
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"SQLite {parsed.database}"
    query = parsed.query.get("host", "")
    host = parsed.host or (query if isinstance(query, str) else ", ".join(query)) or "this machine"
    return f"PostgreSQL {parsed.database} on {host}{f':{parsed.port}' if parsed.port else ''}"


def open_engine(url: str, *, announced: bool = True) -> Engine:
    """An engine with our manners for either store; the SQLite file is created private to its user.

    `announced`: for as long as it has a connection, nobody can move the ledger away.
    """
    engine = _engine(parsed_url(url))
    if announced:
        announce(engine)
    return engine


@contextmanager
def present(url: str) -> Iterator[None]:
    """Keep movers out for as long as it lasts, without a transaction; LedgerError where one is at work.

    Nothing is read or migrated: whoever only waits for runs holds nobody up.
    """
    engine = open_engine(url)
    try:
        with engine.connect():
            yield
    finally:
        engine.dispose()


def _engine(parsed: URL) -> Engine:
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
        # A day of 100,000 rows is read through an index: its pages (10 MB) stay at hand. SQLite's own 2 MB do not do.
        cursor.execute("pragma cache_size = -65536")
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
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE is a lock already
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")  # looks at the revision again, under the lock
    except sa.exc.ProgrammingError as error:
        raise LedgerError(
            f"the ledger's tables cannot be made: {' '.join(str(error.orig).split())}. On PostgreSQL the user must own "
            "the database, or be granted CREATE on it and on its schema public"
        ) from None


def revision_of(engine: Engine) -> str | None:
    """The schema that the database has; None where nobody has opened it as a ledger yet."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("select version_num from alembic_version")).scalar()
