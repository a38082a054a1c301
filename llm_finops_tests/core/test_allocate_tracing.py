"""A trace of one customer, or of one line, is what the trace of the whole day has of it, row by row."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.allocate import Share, Tracer
from llm_finops.core.allocate.alike import SOME, TAGGED, Alike, merged
from llm_finops.core.allocate.ready import ready
from llm_finops.core.allocate.spreads import Spreads
from llm_finops.core.allocate.tracing import Asked
from llm_finops.core.records import NONE, UNALLOCATED, Pool, RequestTotal
from llm_finops.core.settings import Rule, Settings, Spread
from llm_finops_tests.core.little_world import DAY, OPENAI, WHOLE, line, made_up, source, total, usage
from llm_finops_tests.core.test_allocate_laws import EXAMPLES, Given, days

TAGS = st.sampled_from((None, None, '{"team":"a"}', '{"team":"b"}'))


@st.composite
def tagged_days(draw: st.DrawFn) -> Given:
    """Days of which some requests are tagged."""
    day = draw(days())
    for name, rows in day["totals"].items():
        day["totals"][name] = [row._replace(tags=draw(TAGS)) for row in rows]
    return day


def alike(rows: Iterable[RequestTotal]) -> Iterator[Alike]:
    """What the ledger's query gives of these rows."""
    found: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in rows:
        tags = row.tags or "{}"
        told = (NONE, tags) if row.customer == NONE else (SOME, tags if tags == "{}" else TAGGED)
        found[row.pool, row.context_band, row.environment, row.actor, *told].append(row.meters)
    for key, meters in found.items():
        yield Alike._make((*key, ",".join(meters)))


class Traced:
    """A day, and how often its single requests were read."""

    def __init__(self, day: Given) -> None:
        self._totals = day["totals"]
        logged = {name: merged(alike(rows)) for name, rows in self._totals.items()}
        done = ready(DAY, OPENAI, day["lines"], day["usage"], logged, day["settings"], {})
        self._tracer = Tracer(done, Spreads(lambda: self._totals, done.book), day["settings"])
        self.read = 0

    def _details(self, name: str, pools: Collection[Pool]) -> list[RequestTotal]:
        found = [row for row in self._totals[name] if row.pool in pools]
        self.read += len(found)
        return found

    def of_customer(self, customer: str) -> list[Share]:
        seen = {name: {row.pool for row in rows if row.customer == customer} for name, rows in self._totals.items()}
        return self._tracer.shares(Asked(customer, seen=seen), self._details)

    def of_line(self, line_id: str) -> list[Share]:
        return self._tracer.shares(Asked(line_id=line_id), self._details)


@EXAMPLES
@given(tagged_days())
def test_a_customers_shares_are_those_of_the_whole_day(day: Given) -> None:
    whole, traced = day.run().shares, Traced(day)
    for customer in {share.customer for share in whole} | {"acme", UNALLOCATED, "nobody"}:
        assert traced.of_customer(customer) == [share for share in whole if share.customer == customer]


@EXAMPLES
@given(tagged_days())
def test_a_lines_shares_are_those_of_the_whole_day(day: Given) -> None:
    whole, traced = day.run().shares, Traced(day)
    for line_id in {each.line_id for each in day["lines"]} | {"none of them"}:
        assert traced.of_line(line_id) == [share for share in whole if share.line_id == line_id]


KNOWN = dict(zip(WHOLE, ("p", "k", "m", "standard"), strict=True))


def nobodys_day(**settings: Any) -> Given:
    """A day of a line of 100, half of whose requests name nobody: one of them of team a, one of team b."""
    rows = [total(OPENAI, NONE, {"output": (20, 20)}, tags=f'{{"team":"{team}"}}', **KNOWN) for team in "ab"]
    rows += [
        total(OPENAI, customer, {"output": (30, 30)}, feature=of, **KNOWN)
        for customer, of in (("acme", "y"), ("bolt", "x"))
    ]
    known = Settings(requests=(source("log", *WHOLE),), **settings)
    lines = [line(OPENAI, 101, meter="output", **KNOWN)]
    return Given(lines=lines, usage=[usage(OPENAI, 100, 100, **KNOWN)], totals={"log": rows}, settings=known)


TEAM = {"tag.team": "a"}
# 20, 20, 30 and 30 of 100 split 101: what is left goes to the first of those with the largest rest, where no tag is
# read the 40 of nobody.
TEAMS = {UNALLOCATED: 20, "cove": 20, "acme": 31, "bolt": 30, "dune": 0}
NOBODYS = {
    "by rule": (nobodys_day(rules=(Rule("r", TEAM, customer="cove"),)), TEAMS),
    "by spread": (nobodys_day(spreads=(Spread("s", TEAM, by={"cove": 1}),)), TEAMS),
    "to nobody": (nobodys_day(), {UNALLOCATED: 41, "acme": 30, "bolt": 30, "cove": 0}),
}


@pytest.mark.parametrize("name", NOBODYS)
def test_what_names_nobody_is_traced_to_whom_the_rules_give_it(name: str) -> None:
    day, expected = NOBODYS[name]
    traced = Traced(day)
    found = {customer: sum(share.nano for share in traced.of_customer(customer)) for customer in expected}
    assert found == expected
    whole = day.run().shares
    assert traced.of_line(day["lines"][0].line_id) == whole
    assert all(
        traced.of_customer(customer) == [share for share in whole if share.customer == customer]
        for customer in expected
    )


def test_what_is_alike_is_added_up_by_meter_but_for_what_has_no_price_or_no_quantity() -> None:
    pool = nobodys_day()["totals"]["log"][0].pool
    meters = '{"output":[0,7]},{"output":[3,null],"web_search":[1,2]},{"output":[4,5]},{"output":[6,1]}'
    found = Alike(pool, NONE, NONE, NONE, SOME, "{}", meters).totals()
    assert [json.loads(row.meters) for row in found] == [
        {"output": [3, None]},
        {"web_search": [1, 2], "output": [10, 6]},
    ]


def test_no_more_requests_are_read_than_lead_to_what_is_asked_for() -> None:
    made = made_up(OPENAI, 1)
    ours = [replace(request, customer="ours") for request in made.requests if request.api_key == "k0"]
    made.requests = ours + [request for request in made.requests if request.api_key != "k0"]
    rows = made.totals(WHOLE)
    settings = Settings(requests=(source("log", *WHOLE),))
    day = Given(lines=made.lines(WHOLE), usage=made.usage(), totals={"log": rows}, settings=settings)
    traced = Traced(day)
    assert traced.of_customer("ours") == [share for share in day.run().shares if share.customer == "ours"]
    assert traced.read == len([row for row in rows if row.pool.api_key == "k0"]) < len(rows)
