"""Several processes write, some are killed: one current version, no hole in history, nothing left over."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import sqlalchemy as sa

from llm_finops.ledger import Key, Ledger
from llm_finops.ledger.datasets import PRICED_USAGE, USAGE
from llm_finops_tests.ledger import facts as f
from llm_finops_tests.ledger.writer import book

WRITERS = ("anna", "ben", "carl")
EACH = 12
# Where a booking is killed: before the lock, with the rows written, the old version ended, the new one marked.
POINTS = ("update ledger_clock", "update versions", "select version_inputs", "select commits", "commit")


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Children to start into; none outlives its test."""
    children: list[subprocess.Popen[str]] = []
    yield children
    for child in children:
        child.kill()
        child.communicate()


def _start(children: list[subprocess.Popen[str]], *how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "llm_finops_tests.ledger.writer", *how]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    children.append(child)
    return child


def _tell(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def _hear(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def _both(ledger: Ledger, seq: int) -> set[tuple[str, int]]:
    """Who wrote what, as each of the two datasets has it: one entry unless a reader sees a mix."""
    used = [(row.api_key, row.quantity) for row in ledger.read(USAGE, "shared", f.DAY, seq)]
    priced = [(row.api_key, row.quantity) for row in ledger.read(PRICED_USAGE, "shared", f.DAY, seq)]
    assert len(used) == len(priced) <= 1
    return {*used, *priced}


def test_three_writers_at_once_leave_one_chain_of_versions(store: str, started: list[subprocess.Popen[str]]) -> None:
    children = [_start(started, "book", store, name, str(EACH)) for name in WRITERS]
    assert {_hear(child) for child in children} == {"ready"}
    for child in children:
        _tell(child)  # all of them open, and so migrate, an empty database
    reader = Ledger(store)
    seen = {}
    while any(child.poll() is None for child in children):
        seq = reader.seq()
        seen[seq] = _both(reader, seq)
    assert [(child.wait(), child.communicate()[1]) for child in children] == [(0, "")] * 3
    assert all(len(found) <= 1 for found in seen.values()), "a reader saw a mix"
    assert {seq: _both(reader, seq) for seq in seen} == seen

    chain = sorted(row[4:6] for row in f.everything(reader)["versions"] if row[1] == "usage")
    total = len(WRITERS) * EACH
    assert [start for start, _ in chain] == list(range(1, total + 1))
    assert [end for _, end in chain] == [*range(2, total + 1), None]
    assert {each for seq in range(1, total + 1) for each in _both(reader, seq)} == {
        (name, number) for name in WRITERS for number in range(EACH)
    }
    assert f.orphans(reader) == 0
    reader.close()


@pytest.mark.parametrize(("said", "versions"), [("old", 3), ("new", 2)])
def test_what_is_current_is_decided_under_the_lock(store: str, said: str, versions: int) -> None:
    first, second = Ledger(store), Ledger(store)
    book(first, "old", 1)
    holding, arrived = Event(), Event()

    @sa.event.listens_for(first.engine, "commit")
    def _hold(_: object) -> None:
        holding.set()
        arrived.wait(30)

    @sa.event.listens_for(second.engine, "before_cursor_execute")
    def _arrive(_: object, __: object, statement: str, *___: object) -> None:
        if statement.lower().startswith(("begin immediate", "update ledger_clock")):
            arrived.set()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(book, first, "new", 1)
        assert holding.wait(30)
        other = pool.submit(book, second, said, 1)
    assert (one.result(), other.result()) == (None, None)
    assert _both(first, first.seq()) == {(said, 1)}
    assert len([row for row in f.everything(first)["versions"] if row[1] == "usage"]) == versions
    first.close()
    second.close()


def test_a_writer_killed_anywhere_leaves_the_old_version_whole(
    store: str, started: list[subprocess.Popen[str]]
) -> None:
    ledger = Ledger(store)
    book(ledger, "before", 1)
    before = f.everything(ledger)
    for point in POINTS:
        child = _start(started, "stop", store, point)
        assert _hear(child) == "ready"
        _tell(child)
        assert _hear(child) == "here", child.communicate(timeout=20)[1]
        assert f.everything(ledger) == before, f"seen from outside while a writer stands at {point}"
        child.kill()
        child.wait()
        assert f.everything(ledger) == before, f"after a kill at {point}"
        assert f.orphans(ledger) == 0
    book(ledger, "after", 2)
    assert ledger.heads(USAGE) == {Key("usage", "shared", f.DAY): 3}
    assert _both(ledger, ledger.seq()) == {("after", 2)}
    ledger.close()
