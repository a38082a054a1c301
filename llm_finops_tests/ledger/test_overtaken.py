"""Two runs at once: of two readings of a day the later one counts, and nothing is booked of what has moved since."""

from collections.abc import Callable

import pytest

from llm_finops.ledger import Key, Ledger
from llm_finops.ledger.datasets import ALLOCATIONS, COST_LINES, ESTIMATES, USAGE
from llm_finops.ledger.overtaken import Moment
from llm_finops_tests.ledger import facts as f

EARLY, LATE = "2026-09-15T06:00:00Z", "2026-09-16T06:00:00Z"
Reader = Callable[..., bool]


@pytest.fixture
def read(ledger: Ledger) -> Reader:
    """Book a quantity as read at a time; whether a later reading had been booked.."""

    def book(load_id: int, quantity: int, read_at: str, of: int | None) -> bool:
        with ledger.commit("usage") as commit:
            commit.book(USAGE, "openai", f.DAY, [f.usage(quantity)])
            commit.loaded(load_id, USAGE, "openai", f.DAY, 0, [], moment=Moment(read_at, of))
        return commit.overtaken

    return book


def begun(ledger: Ledger, read_at: str, of: int | None = None) -> int:
    return ledger.journals.begin_load("openai", "usage", f.DAY, f.DAY, read_at=read_at, replay_of=of)


def test_of_two_runs_at_once_the_reading_that_began_later_counts(ledger: Ledger, read: Reader) -> None:
    first, second = begun(ledger, EARLY), begun(ledger, EARLY)  # in the same second
    assert not read(second, 2, EARLY, second)
    seq, stands = ledger.seq(), ledger.read(USAGE, "openai", f.DAY)

    assert read(first, 1, EARLY, first)

    assert (ledger.seq(), ledger.read(USAGE, "openai", f.DAY)) == (seq, stands)
    version = ledger.heads(USAGE)[Key("usage", "openai", f.DAY)]
    assert [load["load_id"] for load in ledger.journals.loads_of(version)] == [second]


def test_a_replay_counts_by_the_load_that_it_repeats(ledger: Ledger, read: Reader) -> None:
    first = begun(ledger, EARLY)
    assert not read(first, 1, EARLY, first)
    again = begun(ledger, EARLY, first)
    second = begun(ledger, LATE)
    assert not read(second, 2, LATE, second)

    assert read(again, 3, EARLY, first)
    elsewhere = begun(ledger, EARLY)
    assert read(elsewhere, 4, EARLY, None)
    assert not read(begun(ledger, LATE, second), 5, LATE, second), "what stands may be read again"
    assert not read(begun(ledger, LATE), 6, LATE, None)


def test_a_clock_that_was_wrong_once_keeps_no_later_reading_out(ledger: Ledger, read: Reader) -> None:
    wrong = begun(ledger, "2036-01-01T00:00:00Z")
    assert not read(wrong, 1, "2036-01-01T00:00:00Z", wrong)
    now = begun(ledger, EARLY)
    assert not read(now, 2, EARLY, now)


def test_what_was_made_of_something_else_than_what_is_booked_by_now_is_not_booked(ledger: Ledger) -> None:
    """As of two runs at once: one computes, the other books what it computes from."""
    line, share = f.line(7), f.allocation(7)
    with ledger.commit("lines") as commit:
        commit.book(COST_LINES, "openai", f.DAY, [line])
    gather = ledger.gather()
    assert gather.read(COST_LINES, "openai", f.DAY) == [line]
    assert gather.read(ESTIMATES, "openai", f.DAY) == []
    with ledger.commit("elsewhere") as commit:
        commit.book(COST_LINES, "openai", "2026-09-13", [line])

    with ledger.commit("shares", made_of=gather) as unmoved:
        unmoved.book(ALLOCATIONS, "openai", f.DAY, [share], gather.inputs)
    assert not unmoved.outdated
    assert ledger.stale(ALLOCATIONS) == []

    with ledger.commit("the first estimate") as commit:
        commit.book(ESTIMATES, "openai", f.DAY, [f.line(1, "line-2")])
    before = f.everything(ledger)
    with ledger.commit("shares", made_of=gather) as moved:
        moved.book(ALLOCATIONS, "openai", f.DAY, [share._replace(cost_nano=8)], gather.inputs)
    assert moved.outdated
    assert f.everything(ledger) == before
