"""Any past moment can be read again, and what is booked has one fingerprint on every store."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.ledger import Key, Ledger
from llm_finops.ledger.datasets import ALLOCATIONS, MARGINS, SETTINGS, USAGE, Dataset
from llm_finops_tests.ledger import facts as f

DATASETS: list[Dataset[Any]] = [USAGE, ALLOCATIONS, SETTINGS]
STORY = st.lists(
    st.lists(
        st.sampled_from(DATASETS).flatmap(
            lambda d: st.tuples(st.just(d), st.sampled_from(["2026-09-11", "2026-09-12"]), f.rows_of(d, max_size=2))
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda booking: (booking[0].name, booking[1]),
    ),
    max_size=5,
)
Bookings = list[tuple[Dataset[Any], str, list[Any]]]


def _book(ledger: Ledger, scope: str, bookings: Bookings) -> None:
    with ledger.commit("story") as commit:
        for dataset, day, rows in bookings:
            commit.book(dataset, scope, day, rows, findings=[f.finding(len(rows))])


def _snapshot(ledger: Ledger, scope: str, seq: int | None) -> dict[str, Any]:
    """All of a scope, by every way of reading."""
    found: dict[str, Any] = {}
    for dataset in DATASETS:
        heads = ledger.heads(dataset, scope, seq)
        days = ledger.read_days(dataset, "2026-09-11", "2026-09-12", scope, seq)
        found[dataset.name] = [
            heads,
            {key: f.ordered(rows) for key, rows in days.items()},
            {key: f.ordered(ledger.read(dataset, scope, key.period, seq)) for key in heads},
            ledger.findings(list(heads.values())),
        ]
    return found


@f.law(20)
@given(story=STORY)
def test_a_past_moment_answers_the_same_whatever_is_booked_later(ledger: Ledger, story: list[Bookings]) -> None:
    scope = f.new_scope()
    moments = {ledger.seq(): _snapshot(ledger, scope, None)}
    for bookings in story:
        _book(ledger, scope, bookings)
        moments[ledger.seq()] = _snapshot(ledger, scope, None)
    assert {seq: _snapshot(ledger, scope, seq) for seq in moments} == moments
    assert f.orphans(ledger) == 0


def test_a_gathering_reads_as_of_its_start_and_says_so_in_its_inputs(ledger: Ledger) -> None:
    _book(ledger, "a", [(USAGE, f.DAY, [f.usage(1)])])
    gather = ledger.gather()
    assert gather.read(USAGE, "b", f.DAY) == []
    _book(ledger, "a", [(USAGE, f.DAY, [f.usage(2)])])
    _book(ledger, "b", [(USAGE, f.DAY, [f.usage(3)])])
    assert [row.quantity for row in gather.read(USAGE, "a", f.DAY)] == [1]
    assert gather.findings(USAGE, "a", f.DAY) == [f.finding(1)]
    assert not gather.has(USAGE, "b", f.DAY)
    with ledger.commit("made of what is no longer current") as commit:
        commit.book(ALLOCATIONS, "a", f.DAY, [], gather.inputs)
    assert gather.inputs == {Key("usage", "a", f.DAY): 1, Key("usage", "b", f.DAY): 0}
    assert ledger.stale(ALLOCATIONS) == [Key("allocations", "a", f.DAY)]


def test_the_time_of_commits_never_runs_backwards_when_a_clock_does(store: str) -> None:
    wall: Iterator[str] = iter(
        ["2026-09-12T23:59:59Z", "2026-09-10T00:00:00Z", "2026-09-13T00:00:00Z", "2026-09-12T08:00:00Z"]
    )
    ledger = Ledger(store, now=lambda: next(wall))
    for quantity in (1, 2, 3, 4):
        _book(ledger, "a", [(USAGE, f.DAY, [f.usage(quantity)])])
    commits = f.everything(ledger)["commits"]
    assert [(seq, at) for seq, at, *_ in commits] == [
        (1, "2026-09-12T23:59:59Z"),
        (2, "2026-09-12T23:59:59Z"),
        (3, "2026-09-13T00:00:00Z"),
        (4, "2026-09-13T00:00:00Z"),
    ]
    assert [ledger.seq_at(f"2026-09-{day}") for day in (11, 12, 13, 14)] == [0, 2, 4, 4]
    as_of = [ledger.read(USAGE, "a", f.DAY, ledger.seq_at(f"2026-09-{day}")) for day in (11, 12, 13)]
    assert as_of == [[], [f.usage(2)], [f.usage(4)]]
    ledger.close()


def test_commits_are_numbered_without_holes_and_say_why(ledger: Ledger) -> None:
    for reason, quantity in (("first", 1), ("nothing new", 1), ("restated\0", 2)):
        with ledger.commit(reason, "run-7") as commit:
            commit.book(USAGE, "a", f.DAY, [f.usage(quantity)])
    assert [(row[0], *row[2:]) for row in f.everything(ledger)["commits"]] == [
        (1, "first", "run-7"),
        (2, "restated\\x00", "run-7"),
    ]
    assert (ledger.seq(), ledger.versions_made(0), ledger.versions_made(1)) == (2, 2, 1)


@f.law(15)
@given(story=STORY)
def test_the_fingerprint_is_of_the_content_alone_on_both_stores(both: list[Ledger], story: list[Bookings]) -> None:
    sqlite, postgres, direct = both
    scope = f.new_scope()
    final: dict[tuple[str, str], tuple[Dataset[Any], str, list[Any]]] = {}
    for bookings in story:
        final |= {(dataset.name, day): (dataset, day, rows) for dataset, day, rows in bookings}
        for ledger in (sqlite, postgres):
            _book(ledger, scope, bookings)
    for booking in reversed(final.values()):  # from nothing, in another order, a commit each
        _book(direct, scope, [(*booking[:2], booking[2][::-1])])
    fingerprints = {ledger.fingerprint() for ledger in both}
    assert len(fingerprints) == 1
    if any(rows for _, _, rows in final.values()):
        _book(sqlite, scope, [(dataset, day, rows[1:]) for dataset, day, rows in final.values()])
        assert sqlite.fingerprint() not in fingerprints
        _book(sqlite, scope, list(final.values()))
        assert sqlite.fingerprint() in fingerprints


@pytest.fixture
def both(sqlite_url: str, postgres_url: str) -> Iterator[list[Ledger]]:
    """A ledger on either store, and one that is told only how things ended."""
    ledgers = [Ledger(sqlite_url), Ledger(postgres_url), Ledger(sqlite_url.replace("ledger.", "direct."))]
    yield ledgers
    for ledger in ledgers:
        ledger.close()


def test_an_empty_version_and_what_decides_no_figure_leave_no_fingerprint(ledger: Ledger) -> None:
    empty = ledger.fingerprint()
    with ledger.commit("an empty day", "run-1") as commit:
        commit.book(MARGINS, "*", f.DAY, [])
    ledger.journals.end_load(ledger.journals.begin_load("openai", "usage", f.DAY, f.DAY), "whole")
    ledger.journals.make_due(f.DAY, "hash")
    assert ledger.fingerprint() == empty
    with ledger.commit("a finding") as commit:
        commit.book(MARGINS, "*", f.DAY, [], findings=[f.finding()])
    assert ledger.fingerprint() != empty
