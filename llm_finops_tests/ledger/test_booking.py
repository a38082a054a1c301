"""What is booked is kept exactly; the same again books nothing; several datasets move together or not at all."""

import itertools
import random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import assume, given
from hypothesis import strategies as st

from llm_finops.core.records import Allocation, Finding, Quarantined
from llm_finops.ledger import Key, Ledger, LedgerError, WrongInput
from llm_finops.ledger.datasets import (
    ALLOCATIONS,
    COST_LINES,
    ESTIMATES,
    MARGINS,
    PRICED_USAGE,
    SETTINGS,
    USAGE,
    Dataset,
)
from llm_finops_tests.ledger import facts as f

LINES = Key("cost_lines", "openai", f.DAY)
ESTIMATE = Key("estimates", "openai", f.DAY)
_loads = itertools.count(1)


@f.law(60)
@given(content=f.contents(), findings=f.FINDINGS)
def test_what_is_booked_is_read_back_exactly(
    ledger: Ledger, content: tuple[Dataset[Any], list[Any]], findings: list[Finding]
) -> None:
    dataset, rows = content
    scope, period = f.new_scope(), f.period_of(dataset)
    with ledger.commit("first") as commit:
        commit.book(dataset, scope, period, rows, findings=findings)
    booked = commit.booked[Key(dataset.name, scope, period)]
    assert (booked.is_new, booked.rows) == (True, len(rows))
    assert f.ordered(ledger.read(dataset, scope, period)) == f.ordered(rows)
    assert ledger.findings([booked.version_id]) == sorted(findings)
    gather = ledger.gather()
    assert f.ordered(gather.read(dataset, scope, period)) == f.ordered(rows)
    assert gather.inputs == {Key(dataset.name, scope, period): booked.version_id}


@f.law(30)
@given(content=f.contents(), findings=f.FINDINGS, seed=st.integers(0, 99))
def test_the_same_content_in_any_order_books_nothing(
    ledger: Ledger, content: tuple[Dataset[Any], list[Any]], findings: list[Finding], seed: int
) -> None:
    dataset, rows = content
    key = Key(dataset.name, f.new_scope(), f.period_of(dataset))
    with ledger.commit("first") as first:
        first.book(dataset, key.scope, key.period, rows, findings=findings)
    seq, before = ledger.seq(), f.everything(ledger)
    shuffled = random.Random(seed).sample(rows, len(rows))
    for _ in range(2):
        with ledger.commit("again") as again:
            again.book(dataset, key.scope, key.period, shuffled, findings=findings[::-1])
        assert again.booked == {key: first.booked[key]._replace(is_new=False)}
    assert (ledger.seq(), ledger.versions_made(seq)) == (seq, 0)
    assert f.everything(ledger) == before


@f.law(40)
@given(content=f.contents(), data=st.data())
def test_any_change_of_content_is_a_new_version(
    ledger: Ledger, content: tuple[Dataset[Any], list[Any]], data: st.DataObject
) -> None:
    dataset, rows = content
    others = data.draw(f.rows_of(dataset) | st.just([*rows, *rows[:1]]) | st.just(rows[1:]))
    spelled = {i for i, name in enumerate(dataset.columns) if name in dataset.unhashed}
    said = [[[cell for i, cell in enumerate(row) if i not in spelled] for row in each] for each in (rows, others)]
    assume(f.ordered(said[0]) != f.ordered(said[1]))
    scope, period = f.new_scope(), f.period_of(dataset)
    with ledger.commit("first") as first:
        first.book(dataset, scope, period, rows)
    with ledger.commit("changed") as changed:
        changed.book(dataset, scope, period, others)
    key = Key(dataset.name, scope, period)
    assert changed.booked[key].is_new
    assert changed.booked[key].version_id != first.booked[key].version_id
    assert f.ordered(ledger.read(dataset, scope, period)) == f.ordered(others)


def test_a_finding_alone_is_content(ledger: Ledger) -> None:
    for findings, is_new in (((), True), ((f.finding(1),), True), ((f.finding(1),), False), ((f.finding(2),), True)):
        with ledger.commit("usage") as commit:
            commit.book(USAGE, "openai", f.DAY, [f.usage(5)], findings=findings)
        assert commit.booked[Key("usage", "openai", f.DAY)].is_new is is_new


def test_the_spelling_of_an_amount_is_no_content(ledger: Ledger) -> None:
    for text, is_new in (("1.5", True), ("1.50", False)):
        with ledger.commit("costs") as commit:
            commit.book(COST_LINES, "openai", f.DAY, [f.line(1_500_000_000, amount_text=text)])
        assert commit.booked[LINES].is_new is is_new
    assert [row.amount_text for row in ledger.read(COST_LINES, "openai", f.DAY)] == ["1.5"]


def test_absent_is_content_of_its_own_not_zero_and_not_empty_text(ledger: Ledger) -> None:
    said = [(None, None), (0, None), (0, ""), (None, ""), (None, "0"), (None, None)]
    for quantity, unit in said:
        with ledger.commit("costs") as commit:
            commit.book(COST_LINES, "openai", f.DAY, [f.line(1)._replace(quantity=quantity, unit=unit)])
        assert commit.booked[LINES].is_new
        assert [(row.quantity, row.unit) for row in ledger.read(COST_LINES, "openai", f.DAY)] == [(quantity, unit)]
    assert ledger.versions_made(0) == len(said)


def test_what_a_reader_does_to_its_rows_no_other_reader_sees(ledger: Ledger) -> None:
    for _ in range(2):
        with ledger.commit("settings") as commit:
            commit.book(SETTINGS, "*", "*", [f.row_of(SETTINGS, 1)])
        rows = ledger.read(SETTINGS, "*", "*")
        assert rows == [f.row_of(SETTINGS, 1)]
        rows.clear()


def test_no_rows_are_content_and_no_version_is_none(ledger: Ledger) -> None:
    gather = ledger.gather()
    assert (gather.read(USAGE, "openai", f.DAY), gather.has(USAGE, "openai", f.DAY)) == ([], False)
    with ledger.commit("an empty report") as commit:
        commit.book(USAGE, "openai", f.DAY, [])
    gather = ledger.gather()
    assert (gather.read(USAGE, "openai", f.DAY), gather.has(USAGE, "openai", f.DAY)) == ([], True)
    assert commit.booked[Key("usage", "openai", f.DAY)].is_new


def _shares(amount: int) -> list[Allocation]:
    return [f.allocation(amount, currency=f"X{amount:02}")]  # and a new pool


def _book_both(ledger: Ledger, amount: int) -> None:
    """The lane switch: reported lines and the estimate they replace."""
    with ledger.commit("costs", "run-1") as commit:
        commit.book(COST_LINES, "openai", f.DAY, [f.line(amount)], findings=[f.finding(amount)])
        commit.book(ESTIMATES, "openai", f.DAY, [f.line(-amount)], {LINES: 0})
        commit.book(ALLOCATIONS, "openai", f.DAY, _shares(amount), {LINES: 0, ESTIMATE: 0})
        commit.loaded(next(_loads), COST_LINES, "openai", f.DAY, 0, [Quarantined("no amount", "costs.csv", "line 3")])


def test_an_exception_at_any_statement_leaves_everything_as_it_was(ledger: Ledger) -> None:
    _book_both(ledger, 1)
    before = f.everything(ledger)
    seen: list[str] = []
    allowed = 0

    @sa.event.listens_for(ledger.engine, "before_cursor_execute")
    def _fail(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)
        if len(seen) > allowed:
            raise _Stop

    while True:
        seen.clear()
        try:
            _book_both(ledger, 2)
            break
        except _Stop:
            allowed += 1
        sa.event.remove(ledger.engine, "before_cursor_execute", _fail)
        assert f.everything(ledger) == before, f"after {seen[-1]}"
        sa.event.listen(ledger.engine, "before_cursor_execute", _fail)
    sa.event.remove(ledger.engine, "before_cursor_execute", _fail)
    assert allowed > 10, "the events no longer see what a commit does"
    assert f.everything(ledger) != before
    assert [row.amount_nano for row in ledger.read(COST_LINES, "openai", f.DAY)] == [2]


class _Stop(Exception):
    """The database, or the machine, gives up."""


def _stop() -> str:
    raise _Stop


def _book_and_stop(ledger: Ledger) -> None:
    with ledger.commit("never") as commit:
        commit.book(USAGE, "openai", f.DAY, [f.usage(5)])
        _stop()


def test_an_exception_in_the_block_or_at_its_very_end_leaves_everything_as_it_was(store: str) -> None:
    ledger = Ledger(store)
    _book_both(ledger, 1)
    before = f.everything(ledger)
    with pytest.raises(_Stop):
        _book_and_stop(ledger)
    broken = Ledger(store, now=_stop)  # the clock is asked last, when all is written
    with pytest.raises(_Stop):
        _book_both(broken, 2)
    assert f.everything(ledger) == before
    broken.close()
    ledger.close()


def test_readers_see_the_old_datasets_or_the_new_ones_never_a_mix(store: str) -> None:
    writer, reader = Ledger(store), Ledger(store)
    _book_both(writer, 1)

    def look() -> list[int]:
        lines = [row.amount_nano for d in (COST_LINES, ESTIMATES) for row in reader.read(d, "openai", f.DAY)]
        return [*lines, *(row.cost_nano for row in reader.read(ALLOCATIONS, "openai", f.DAY))]

    seen: list[list[int]] = []
    sa.event.listen(writer.engine, "before_cursor_execute", lambda *_: seen.append(look()))
    sa.event.listen(writer.engine, "commit", lambda _: seen.append(look()))
    _book_both(writer, 2)
    assert len(seen) > 10
    assert all(each == [1, -1, 1] for each in seen)
    assert look() == [2, -2, 2]
    reader.close()
    writer.close()


def test_an_input_booked_by_the_same_commit_counts_as_its_new_version(ledger: Ledger) -> None:
    for amount in (1, 2, 2):
        _book_both(ledger, amount)
        heads = {**ledger.heads(COST_LINES), **ledger.heads(ESTIMATES)}
        assert ledger.inputs(ledger.heads(ESTIMATES)[ESTIMATE]) == {LINES: heads[LINES]}
        assert ledger.inputs(ledger.heads(ALLOCATIONS)[Key("allocations", "openai", f.DAY)]) == heads
        assert ledger.stale(ESTIMATES) == ledger.stale(ALLOCATIONS) == []


@pytest.mark.parametrize("used", ["allocations", "margins", "coverage"])
def test_a_dataset_made_of_itself_or_a_later_one_is_refused(sqlite_url: str, used: str) -> None:
    ledger = Ledger(sqlite_url)
    with pytest.raises(WrongInput, match=f"allocations openai {f.DAY} cannot be made of {used}"):
        ledger.commit("x").book(ALLOCATIONS, "openai", f.DAY, [], {Key(used, "openai", "2026-09-11"): 0})
    with ledger.commit("the other way round") as commit:
        commit.book(MARGINS, "*", f.DAY, [], {Key("allocations", "openai", f.DAY): 0})
    assert (ledger.heads(ALLOCATIONS), len(ledger.heads(MARGINS))) == ({}, 1)
    ledger.close()


def test_a_key_is_booked_once_a_commit_and_a_load_confirms_what_is_booked(sqlite_url: str) -> None:
    ledger = Ledger(sqlite_url)
    commit = ledger.commit("twice")
    commit.book(USAGE, "openai", f.DAY, [f.usage(1)])
    with pytest.raises(LedgerError, match=f"usage openai {f.DAY} is booked twice"):
        commit.book(USAGE, "openai", f.DAY, [f.usage(2)])
    commit.loaded(7, PRICED_USAGE, "openai", f.DAY, 0, [])
    with pytest.raises(LedgerError, match="load 7 of priced_usage"), commit:
        pass
    assert ledger.seq() == 0
    assert f.everything(ledger)["usage"] == []
    ledger.close()


def test_a_load_with_nothing_new_grows_the_journal_only(ledger: Ledger) -> None:
    key = Key("usage", "openai", f.DAY)
    for calls in (3, 4):
        load_id = ledger.journals.begin_load("openai", "usage", f.DAY, f.DAY)
        with ledger.commit("openai usage") as commit:
            commit.book(USAGE, "openai", f.DAY, [f.usage(5), f.usage(6)])
            commit.loaded(load_id, USAGE, "openai", f.DAY, 1, [Quarantined("NUL in a name", "a.csv", "line 3: a\0b")])
        ledger.journals.end_load(load_id, "whole", calls)
    loads = ledger.journals.loads_of(commit.booked[key].version_id)
    assert [(r["calls"], r["outcome"], r["rows"], r["duplicates"], r["quarantined"]) for r in loads] == [
        (3, "whole", 2, 1, 1),
        (4, "whole", 2, 1, 1),
    ]
    assert ledger.seq() == 1
    kept = f.everything(ledger)["quarantine"]
    assert {row[4:] for row in kept} == {("NUL in a name", "a.csv", "line 3: a\\x00b")}
    assert len(kept) == 2
