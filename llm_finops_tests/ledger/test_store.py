"""Opening the two stores: private files, one driver, clear refusals."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from llm_finops.ledger import Ledger, LedgerError, sqlite_url
from llm_finops.ledger.datasets import USAGE
from llm_finops_tests.ledger import facts as f


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_new_file_and_its_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "shop" / ".llm_finops" / "ledger.sqlite"
    ledger = Ledger(sqlite_url(path))
    with ledger.commit("usage") as commit:
        commit.book(USAGE, "openai", f.DAY, [f.usage(1)])
    modes = {p.relative_to(tmp_path).as_posix(): stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert modes == {
        "shop": 0o700,
        "shop/.llm_finops": 0o700,
        "shop/.llm_finops/ledger.sqlite": 0o600,
        "shop/.llm_finops/ledger.sqlite-wal": 0o600,
        "shop/.llm_finops/ledger.sqlite-shm": 0o600,
    }
    ledger.close()


def test_a_folder_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    Ledger(sqlite_url(shared / "ledger.sqlite")).close()
    Ledger(sqlite_url(shared / "ledger.sqlite")).close()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755


@pytest.mark.parametrize("folder", ["a b", "100%", "a%41b", "what?", "#1", "Zoë"])
def test_a_ledger_lies_where_its_path_says(tmp_path: Path, folder: str) -> None:
    Ledger(sqlite_url(tmp_path / folder / "ledger.sqlite")).close()
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    assert (tmp_path / folder / "ledger.sqlite").stat().st_size > 0


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_a_postgresql_url_is_read_with_psycopg_3(postgres_url: str, scheme: str) -> None:
    ledger = Ledger(postgres_url.replace("postgresql", scheme, 1))
    assert ledger.engine.driver == "psycopg"
    with ledger.commit("usage") as commit:
        commit.book(USAGE, "openai", f.DAY, [f.usage(1)])
    assert ledger.read(USAGE, "openai", f.DAY) == [f.usage(1)]
    ledger.close()


def test_writers_wait_for_each_other_whatever_isolation_the_server_prefers(postgres_url: str) -> None:
    ledger = Ledger(postgres_url)
    with ledger.writing() as connection:
        name = connection.engine.url.database
        connection.execute(sa.text(f'alter database "{name}" set default_transaction_isolation = "serializable"'))
    ledger.close()
    ledger = Ledger(postgres_url)
    with ledger.writing() as connection:
        assert connection.execute(sa.text("show transaction_isolation")).scalar() == "read committed"
    ledger.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://root:hunter2@db/finops", r"sqlite:///PATH or postgresql://\.\.\., not mysql://"),
        ("postgres://root:hunter2@db/finops", r"not postgres://"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("root:hunter2@db/finops", "expected sqlite:///PATH or postgresql://"),
    ],
)
def test_a_url_that_is_no_ledger_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(LedgerError, match=message) as caught:
        Ledger(url)
    assert "hunter2" not in f"{caught.value!r}"
    assert caught.value.__cause__ is None
