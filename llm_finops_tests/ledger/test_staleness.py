"""Stale is what was made of something else than what its inputs hold now; one pass in order settles all.

Told as stories on a small graph: settings and usage make priced usage, it and the day before's usage make
allocations, they and revenue make margins. After each step of a story one pass runs; the model beside it
computes everything from nothing and keeps its own account of which key was made of which.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm_finops.core.records import Revenue, Setting
from llm_finops.ledger import Gather, Key, Ledger
from llm_finops.ledger.datasets import (
    ALLOCATIONS,
    COST_LINES,
    ESTIMATES,
    MARGINS,
    PRICED_USAGE,
    REVENUE,
    SETTINGS,
    USAGE,
    Dataset,
)
from llm_finops_tests.ledger import facts as f

DAYS = ("2026-09-11", "2026-09-12", "2026-09-13")
DERIVED: tuple[Dataset[Any], ...] = (PRICED_USAGE, ALLOCATIONS, MARGINS)
SOURCES: dict[str, tuple[Dataset[Any], Callable[[int], Any]]] = {
    "settings": (SETTINGS, lambda value: Setting("option", 0, "factor", str(value))),
    "usage": (USAGE, f.usage),
    "revenue": (REVENUE, lambda value: Revenue("row", "acme", "(all)", "USD", value)),
}
Value = int | None  # None: a version without rows


class Event(NamedTuple):
    """A source says something of a day."""

    source: str
    day: str
    value: Value


EVENTS = st.builds(
    Event,
    st.sampled_from(sorted(SOURCES)),
    st.sampled_from(DAYS),
    st.none() | st.integers(0, 2),
).map(lambda event: event._replace(day="*") if event.source == "settings" else event)
STORIES = st.lists(st.lists(EVENTS, min_size=1, max_size=3), min_size=1, max_size=4)


def _before(day: str) -> str:
    return f"{day[:-2]}{int(day[-2:]) - 1}"


def _inputs(dataset: str, day: str) -> list[tuple[str, str]]:
    return {
        "priced_usage": [("settings", "*"), ("usage", day)],
        "allocations": [("priced_usage", day), ("usage", _before(day))],
        "margins": [("allocations", day), ("revenue", day)],
    }[dataset]


def _decide(dataset: str, one: Value, other: Value) -> Value:
    """Small numbers on purpose: many a change of an input changes no result."""
    if dataset == "priced_usage":
        return None if other is None else other * (one or 0)
    if dataset == "allocations":
        return None if one is None else min(one + (other or 0), 2)
    return None if one is None else one - (other if other is not None else 1)


def _row(dataset: str, value: int) -> Any:
    if dataset == "priced_usage":
        return f.priced(f.usage(1), value)
    return f.allocation(value) if dataset == "allocations" else f.margin(None, value)


def _value(rows: list[Any]) -> Value:
    if not rows:
        return None
    (row,) = rows
    names = ("list_cost_nano", "cost_nano", "amount_nano", "quantity", "value")
    return int(next(getattr(row, name) for name in names if hasattr(row, name)))


def _book(ledger: Ledger, scope: str, event: Event) -> None:
    dataset, made = SOURCES[event.source]
    with ledger.commit("source") as commit:
        commit.book(dataset, scope, event.day, [] if event.value is None else [made(event.value)])


def _pass(ledger: Ledger, scope: str) -> list[Key]:
    """What a run does: in the declared order, what is missing and what is stale; the keys it recomputed."""
    done = []
    for dataset in DERIVED:
        missing = {Key(dataset.name, scope, day) for day in DAYS} - set(ledger.heads(dataset))
        for key in sorted(missing | {key for key in ledger.stale(dataset) if key.scope == scope}):
            _recompute(ledger, dataset, key)
            done.append(key)
    return done


def _recompute(ledger: Ledger, dataset: Dataset[Any], key: Key) -> None:
    gather: Gather = ledger.gather()
    known = {d.name: d for d in (*DERIVED, SETTINGS, USAGE, REVENUE)}
    one, other = (_value(gather.read(known[name], key.scope, day)) for name, day in _inputs(key.dataset, key.period))
    value = _decide(key.dataset, one, other)
    rows = [] if value is None else [_row(key.dataset, value)]
    with ledger.commit("recompute") as commit:
        commit.book(dataset, key.scope, key.period, rows, gather.inputs)


class Model:
    """What every key holds, how often it changed, and what it was made of; no database."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Value] = {}
        self.times: dict[tuple[str, str], int] = {}
        self.made_of: dict[tuple[str, str], list[int]] = {}

    def hold(self, key: tuple[str, str], value: Value) -> None:
        if key not in self.held or self.held[key] != value:
            self.held[key] = value
            self.times[key] = self.times.get(key, 0) + 1

    def run(self) -> list[tuple[str, str]]:
        recomputed = []
        for dataset in DERIVED:
            for day in DAYS:
                key, inputs = (dataset.name, day), _inputs(dataset.name, day)
                now = [self.times.get(used, 0) for used in inputs]
                if self.made_of.get(key) != now:
                    self.made_of[key] = now
                    self.hold(key, _decide(dataset.name, *(self.held.get(used) for used in inputs)))
                    recomputed.append(key)
        return recomputed


def _read(ledger: Ledger, scope: str) -> dict[tuple[str, str], Value]:
    return {
        (dataset.name, day): _value([r._replace(revenue_nano=r.cost_nano) if dataset is MARGINS else r for r in rows])
        for dataset in DERIVED
        for (_, day), rows in ledger.read_days(dataset, DAYS[0], DAYS[-1], scope).items()
    }


@f.law(12)
@given(story=STORIES)
@example(story=[[Event("settings", "*", 1)], [Event("settings", "*", 2), Event("settings", "*", 1)]])
@example(story=[[Event("usage", DAYS[0], 1)], [Event("settings", "*", 2)], [Event("revenue", DAYS[0], 1)]])
@example(story=[[Event("usage", DAYS[0], 0), Event("settings", "*", 1)], [Event("settings", "*", 2)]])
def test_one_pass_settles_a_story_and_a_second_finds_nothing(ledger: Ledger, story: list[list[Event]]) -> None:
    scope, model = f.new_scope(), Model()
    for events in story:
        for event in events:
            _book(ledger, scope, event)
            model.hold((event.source, event.day), event.value)
        expected = model.run()
        assert [(key.dataset, key.period) for key in _pass(ledger, scope)] == expected
        assert _read(ledger, scope) == {key: value for key, value in model.held.items() if key[0] not in SOURCES}
        assert _pass(ledger, scope) == []


def test_an_input_that_comes_for_the_first_time_makes_stale(ledger: Ledger) -> None:
    _book(ledger, "a", Event("usage", DAYS[1], 1))
    assert len(_pass(ledger, "a")) == len(DERIVED) * len(DAYS)
    _book(ledger, "a", Event("revenue", DAYS[1], 2))
    assert (ledger.stale(ALLOCATIONS), ledger.stale(MARGINS)) == ([], [Key("margins", "a", DAYS[1])])


def test_an_equal_recomputation_notes_its_inputs_afresh_and_books_nothing(ledger: Ledger) -> None:
    _book(ledger, "a", Event("settings", "*", 1))
    _pass(ledger, "a")
    _book(ledger, "a", Event("settings", "*", 2))
    seq, heads = ledger.seq(), ledger.heads(PRICED_USAGE)
    assert _pass(ledger, "a") == [Key("priced_usage", "a", day) for day in DAYS]
    assert (ledger.seq(), ledger.heads(PRICED_USAGE)) == (seq, heads)
    settings = ledger.heads(SETTINGS)[Key("settings", "a", "*")]
    noted = ledger.inputs(heads[Key("priced_usage", "a", DAYS[0])])
    assert noted == {Key("settings", "a", "*"): settings, Key("usage", "a", DAYS[0]): 0}
    assert ledger.stale(PRICED_USAGE) == []


def test_a_version_of_the_past_is_never_stale(ledger: Ledger) -> None:
    for value in (1, 2):
        _book(ledger, "a", Event("usage", DAYS[0], value))
        _book(ledger, "a", Event("settings", "*", 1))
        _pass(ledger, "a")
    assert len(f.everything(ledger)["priced_usage"]) == 2
    assert [ledger.stale(dataset) for dataset in DERIVED] == [[], [], []]


@pytest.mark.parametrize("other", ["cost_lines", "estimates"])
def test_datasets_of_one_table_are_not_each_others_input(ledger: Ledger, other: str) -> None:
    written = COST_LINES if other == "cost_lines" else ESTIMATES
    gather = ledger.gather()
    gather.read(USAGE, "a", f.DAY)
    with ledger.commit("made of usage") as commit:
        commit.book(ALLOCATIONS, "a", f.DAY, [f.allocation(1)], gather.inputs)
    with ledger.commit("another dataset") as commit:
        commit.book(written, "a", f.DAY, [f.line(1)])
    assert ledger.stale(ALLOCATIONS) == []
    assert [len(ledger.read(d, "a", f.DAY)) for d in (COST_LINES, ESTIMATES)] == [
        written is COST_LINES,
        written is ESTIMATES,
    ]
