"""A trace of one customer, or of one line, is what the trace of the whole day has of it, row by row."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.allocate import Share, Tracer
from llm_finops.core.allocate.alike import SOME, TAGGED, Alike, merged
from llm_finops.core.allocate.ready import ready
from llm_finops.core.allocate.spreads import Spreads
from llm_finops.core.allocate.tracing import Asked
from llm_finops.core.records import NONE, UNALLOCATED, Pool, RequestTotal
from llm_finops.core.settings import Settings
from llm_finops_tests.core.little_world import DAY, OPENAI, WHOLE, made_up, source
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
    for line_id in {line.line_id for line in day["lines"]} | {"none of them"}:
        assert traced.of_line(line_id) == [share for share in whole if share.line_id == line_id]


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
