"""A ledger goes over to the other store whole: every row, every past moment, and what comes after."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from llm_finops.ledger import Key, Ledger, LedgerError, move, present
from llm_finops.ledger import sqlite_url as url_of
from llm_finops.ledger.bulk import insert_rows
from llm_finops.ledger.datasets import DATASETS, USAGE
from llm_finops.ledger.journals import SourceFile
from llm_finops.ledger.schema import METADATA
from llm_finops_tests.conftest import database
from llm_finops_tests.ledger import facts as f

Urls = tuple[str, str]  # from where to where


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "ledger.sqlite"
    _fill(url_of(path))
    return path


@pytest.fixture(scope="session")
def filled_there(_postgres_server: str, _migrated: str) -> Iterator[str]:
    with database(_postgres_server, _migrated) as url:
        _fill(url)
        yield str(make_url(url).database)


@pytest.fixture
def to_postgresql(filled: Path, tmp_path: Path, postgres_url: str) -> Urls:
    return url_of(Path(shutil.copy(filled, tmp_path / "ledger.sqlite"))), postgres_url


@pytest.fixture
def to_sqlite(filled_there: str, _postgres_server: str, tmp_path: Path) -> Iterator[Urls]:
    with database(_postgres_server, filled_there) as url:
        yield url, url_of(tmp_path / "home" / "ledger.sqlite")


@pytest.fixture(params=["to_postgresql", "to_sqlite"])
def urls(request: pytest.FixtureRequest) -> Urls:
    found: Urls = request.getfixturevalue(request.param)
    return found


def _fill(url: str) -> None:
    """Something in every table: restated facts, findings, loads, quarantine, a message, a surveyed file."""
    ledger = Ledger(url)
    for number in range(3):
        for dataset in DATASETS.values():
            with ledger.commit(dataset.name) as commit:
                rows = [f.row_of(dataset, number), f.row_of(dataset, 10)]
                commit.book(dataset, "shop", f.period_of(dataset), rows, findings=[f.finding(number)])
    load = ledger.journals.begin_load("openai", "usage", f.DAY, f.DAY)
    with ledger.commit("load", "run-1") as commit:
        rows = [f.usage(1, name) for name in f.NASTY]
        commit.book(USAGE, "openai", f.DAY, rows, inputs={Key("settings", "*", "*"): 0})
        commit.loaded(load, USAGE, "openai", f.DAY, 2, [])
    ledger.journals.keep_files("gateway", "as csv", [SourceFile("a.csv", 3, "00", {f.DAY: 1})])
    ledger.journals.make_due(f.DAY, "figures")
    with ledger.writing() as connection:
        for table in METADATA.sorted_tables:  # and whatever table comes later
            if connection.execute(sa.select(table).limit(1)).first() is None:
                insert_rows(connection, table, [tuple(_cell(column) for column in table.columns)])
    ledger.close()


def _cell(column: sa.Column[Any]) -> object:
    if isinstance(column.type, sa.LargeBinary):
        return b"\x00\xff page"
    return 7 if isinstance(column.type, sa.BigInteger) else f"{column.name} \\N"


def test_everything_goes_over_and_the_source_stays(urls: Urls) -> None:
    source, target = urls
    moved = move(source, target)
    here, there = Ledger(source), Ledger(target)
    assert moved.differing == []
    assert moved.source == moved.target
    assert f.everything(there) == f.everything(here)
    assert all(f.everything(here).values()), "a table that holds nothing shows nothing"
    assert list(moved.target.fingerprints) == [1, here.seq() // 2, here.seq()]
    assert moved.target.fingerprints[here.seq()] == here.fingerprint() == there.fingerprint()
    for seq in range(here.seq() + 1):
        for dataset in DATASETS.values():
            key = "shop", f.period_of(dataset), seq
            assert f.ordered(there.read(dataset, *key)) == f.ordered(here.read(dataset, *key))
    here.close()
    there.close()


def test_numbers_go_on_after_the_highest(urls: Urls) -> None:
    source, target = urls
    move(source, target)
    here, there = Ledger(source), Ledger(target)
    for ledger in (here, there):
        load = ledger.journals.begin_load("openai", "usage", f.DAY, f.DAY)
        with ledger.commit("more") as commit:
            commit.book(USAGE, "openai", f.DAY, [f.usage(9)])
            commit.loaded(load, USAGE, "openai", f.DAY, 0, [])
    assert there.heads(USAGE) == here.heads(USAGE)
    assert there.seq() == here.seq()
    assert there.journals.loads_of(there.heads(USAGE)[Key("usage", "openai", f.DAY)])[0]["load_id"] == load
    here.close()
    there.close()


def test_a_target_that_holds_something_is_refused_and_left_alone(urls: Urls) -> None:
    source, target = urls
    other = Ledger(target)
    other.journals.begin_load("somebody", "usage", f.DAY, f.DAY)
    before = f.everything(other)
    with pytest.raises(LedgerError, match=r"is not empty: it holds rows of loads\. Name an empty database"):
        move(source, target)
    assert f.everything(other) == before
    other.close()


def test_two_files_of_one_folder(filled: Path, tmp_path: Path) -> None:
    source = url_of(Path(shutil.copy(filled, tmp_path / "ledger.sqlite")))
    assert move(source, url_of(tmp_path / "other.sqlite")).differing == []


def test_an_empty_ledger_is_a_target(urls: Urls) -> None:
    source, target = urls
    Ledger(target).close()
    assert move(source, target).differing == []


def test_somebody_elses_tables_are_refused(to_postgresql: Urls) -> None:
    sqlite_url, postgres_url = to_postgresql
    engine = sa.create_engine(postgres_url.replace("postgresql", "postgresql+psycopg", 1))
    with engine.begin() as connection:
        connection.execute(sa.text("create table usage (theirs int)"))
    with pytest.raises(LedgerError, match="is no ledger, but has tables called usage"):
        move(sqlite_url, postgres_url)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == ["usage"]
    engine.dispose()


def test_no_ledger_is_nothing_to_move(tmp_path: Path, postgres_url: str) -> None:
    with pytest.raises(LedgerError, match=r"SQLite .*none\.sqlite holds no ledger"):
        move(f"sqlite:///{tmp_path}/none.sqlite", postgres_url)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def opened_by(urls: Urls) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Another process that has the source open, until it is killed."""
    children: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        program = f"from llm_finops.ledger import Ledger; l = Ledger({urls[0]!r}); l.seq(); print('open', flush=True)"
        command = [sys.executable, "-c", f"{program}; input()"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_a_run_under_way_keeps_the_ledger_where_it_is_and_a_killed_one_does_not(
    urls: Urls, opened_by: Callable[[], subprocess.Popen[str]]
) -> None:
    child = opened_by()
    with pytest.raises(LedgerError, match="somebody has this ledger open, a run perhaps"):
        move(*urls)
    child.kill()
    child.wait()
    while True:  # a server notices that its client is gone within moments
        try:
            moved = move(*urls)
        except LedgerError as error:
            assert "has this ledger open" in str(error)  # noqa: PT017
        else:
            break
    assert moved.differing == []


def test_nobody_opens_a_ledger_that_is_being_moved(urls: Urls) -> None:
    source, target = urls
    refused: list[str] = []

    def meanwhile(table: str, _: int, __: int) -> None:
        if table == "versions":
            with pytest.raises(LedgerError, match="this ledger is being moved") as error:
                Ledger(source)
            refused.append(str(error.value))

    assert move(source, target, meanwhile).differing == []
    assert len(refused) == 1
    Ledger(source).close()


def test_who_only_waits_for_runs_keeps_movers_out_and_nobody_else(urls: Urls) -> None:
    source, target = urls
    with present(source), present(source):
        with pytest.raises(LedgerError, match="stop `llm-finops dev`"):
            move(source, target)
        ledger = Ledger(source)
        with ledger.commit("meanwhile") as commit:
            commit.book(USAGE, "openai", f.DAY, [f.usage(9)])
        ledger.close()
    assert move(source, target).differing == []


def test_nobody_begins_to_wait_for_runs_on_a_ledger_that_is_being_moved(to_postgresql: Urls) -> None:
    refused: list[str] = []

    def meanwhile(table: str, *_: int) -> None:
        if table == "versions":
            with pytest.raises(LedgerError, match="this ledger is being moved") as error, present(to_postgresql[0]):
                pytest.fail("it is being moved")
            refused.append(str(error.value))

    assert move(*to_postgresql, meanwhile).differing == []
    assert len(refused) == 1


def test_killed_in_the_middle_the_target_is_empty_and_the_next_try_works(urls: Urls) -> None:
    source, target = urls
    program = (
        "import os, signal, sys; from llm_finops.ledger import move\n"
        "source, target, point = sys.argv[1:]\n"
        "move(source, target, lambda table, *_: table == point and os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, source, target, "versions"], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    left = Ledger(target)
    assert {name for name, rows in f.everything(left).items() if rows} == {"ledger_clock"}
    assert left.seq() == 0
    left.close()
    assert move(source, target).differing == []


def test_a_copy_that_differs_is_told_and_not_kept(to_postgresql: Urls) -> None:
    sqlite_url, postgres_url = to_postgresql
    Ledger(postgres_url).close()
    engine = sa.create_engine(postgres_url.replace("postgresql", "postgresql+psycopg", 1))
    with engine.begin() as connection:  # a database with a mind of its own
        connection.execute(
            sa.text(
                "create function odd() returns trigger as 'begin new.quantity := 0; return new; end' language plpgsql"
            )
        )
        connection.execute(sa.text("create trigger odd before insert on usage for each row execute function odd()"))
    moved = move(sqlite_url, postgres_url)
    assert moved.differing[0] == "table usage"
    assert [what for what in moved.differing if what.startswith("commit")]
    with engine.begin() as connection:
        assert connection.execute(sa.text("select count(*) from usage")).scalar() == 0
        assert connection.execute(sa.text("select seq from ledger_clock")).scalar() == 0
    engine.dispose()
