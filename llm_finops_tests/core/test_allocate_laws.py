"""The laws of an allocation, over days nobody would make up by hand."""

import json
from collections import Counter, defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_finops.core.allocate import Allocated, allocate
from llm_finops.core.records import (
    ADJUSTMENT,
    ANY,
    COGS,
    CREDIT,
    INVOICED,
    NONE,
    OPEX,
    REPORTED,
    REQUEST_LOG,
    TAX,
    USAGE,
    CostLine,
    PricedUsage,
    RequestTotal,
)
from llm_finops.core.settings import RequestSource, Rule, Settings, Spread
from llm_finops_tests.core.little_world import DAY, OPENAI, WHOLE, line, source, total, usage

# Few places and small numbers, so that rows meet and weights tie.
PLACES = (
    ("p", "k", "m", "standard"),
    ("p", "k", "m", "batch"),
    ("p", "l", "m", "standard"),
    ("q", NONE, "n", "standard"),
)
MASKS = ((0, 0, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (0, 0, 1, 0), (1, 1, 1, 1))  # what a line names
METER = st.sampled_from(
    ("output", "output", "input_uncached", "input_cache_write_5m", "input_cache_write", "web_search")
)
LINE_METERS = (ANY, ANY, "output", "input", "input_uncached", "input_cache_write", "web_search", "other")
EXAMPLES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # busy machines
NANO = st.sampled_from((1, -1, 2, 3, 5, 7, 100, 0)) | st.integers(-(2**62), 2**62)
WEIGHT = st.sampled_from((1, 1, 1, 2, 3, 0, None)) | st.integers(0, 10**15)
QUANTITY = st.sampled_from((1, 1, 2, 3, 0)) | st.integers(0, 10**12)
BANDS = st.sampled_from((NONE, NONE, NONE, NONE, "0-200k", "200k-"))
PLACE = st.sampled_from(PLACES)


def named(place: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(WHOLE, place, strict=True))


@st.composite
def lines(draw: st.DrawFn, places: tuple[tuple[str, ...], ...], basis: str, at: int) -> CostLine:
    mask, place = draw(st.sampled_from(MASKS)), draw(st.sampled_from(places))
    known: dict[str, Any] = named(tuple(value if said else ANY for value, said in zip(place, mask, strict=True)))
    known["meter"] = draw(st.sampled_from(LINE_METERS))
    known["charge_category"] = draw(st.sampled_from((USAGE, USAGE, USAGE, ADJUSTMENT, TAX, CREDIT)))
    known["currency"] = draw(st.sampled_from(("USD", "USD", "EUR")))
    known["quantity"], known["unit"] = draw(
        st.sampled_from(((None, None), (3, "requests"), (-2, "tokens"), (5, "tokens")))
    )
    known["tags"] = draw(st.sampled_from(("{}", '{"team":"a"}')))
    return line(OPENAI, draw(NANO), **known, basis=basis, line_id=f"{basis} {at}")


@st.composite
def usages(draw: st.DrawFn) -> PricedUsage:
    known = {**named(draw(PLACE)), "meter": draw(METER), "context_band": draw(BANDS)}
    known["actor"] = draw(st.sampled_from((NONE, "ann", "ben")))
    return usage(OPENAI, draw(QUANTITY), draw(WEIGHT), **known)


@st.composite
def logged(draw: st.DrawFn, mapped: tuple[str, ...], rows: list[PricedUsage]) -> RequestTotal:
    seen = draw(st.sampled_from([*rows, *rows, draw(usages())]))
    known = {name: value for name, value in seen._asdict().items() if name in mapped}
    known["environment"] = draw(st.sampled_from((NONE, NONE, "staging", "production")))
    known["context_band"] = draw(st.sampled_from((seen.context_band, NONE)))
    meters = {seen.meter: draw(st.tuples(QUANTITY, WEIGHT)), draw(METER): draw(st.tuples(QUANTITY, WEIGHT))}
    return total(OPENAI, draw(st.sampled_from(("acme", "bolt", "cove", NONE))), meters, **known)


MATCH = st.fixed_dictionaries(
    {},
    optional={
        "project": st.sampled_from(("p", "*")),
        "api_key": st.sampled_from(("k", "*", "(none)")),
        "model": st.sampled_from(("m*", "n")),
        "actor": st.just("ann"),
        "environment": st.just("staging"),
        "tag.team": st.just("a"),
    },
)
RULES = st.builds(
    Rule,
    name=st.sampled_from(("r1", "r2")),
    match=MATCH,
    customer=st.sampled_from((None, "cove")),
    feature=st.sampled_from((None, "rag")),
    environment=st.sampled_from((None, "staging", "production")),
    cost_class=st.sampled_from((None, OPEX, COGS)),
)
SPREADS = st.builds(
    Spread, name=st.just("s"), match=MATCH, by=st.sampled_from(("usage", "even", {"x": 1, "y": 2}, {"x": 0}))
)


class Given(dict[str, Any]):
    """The arguments of one allocation."""

    def run(self, **other: Any) -> Allocated:
        asked = {**self, **other}
        positional = (asked["lines"], asked["usage"], asked["totals"])
        return allocate(DAY, OPENAI, *positional, settings=asked["settings"], names={}, trace=True)


@st.composite
def days(draw: st.DrawFn) -> Given:
    rows = draw(st.lists(usages(), min_size=draw(st.sampled_from((0, 2))), max_size=4, unique_by=lambda row: row[:10]))
    places = (*(tuple(row._asdict()[name] for name in WHOLE) for row in rows), PLACES[0])
    sources: list[RequestSource] = []
    totals: dict[str, list[RequestTotal]] = {}
    for name in draw(st.sampled_from((("a",), ("a", "b"), ()))):
        mapped = draw(st.sampled_from((WHOLE, WHOLE[:1] + WHOLE[2:], WHOLE[2:], ("model",), ())))
        mapped += draw(st.sampled_from(((), ("actor",))))
        sources.append(source(name, *mapped))
        totals[name] = draw(st.lists(logged(mapped, rows), min_size=1, max_size=5))
    settings_ = Settings(
        requests=tuple(sources),
        rules=tuple(draw(st.lists(RULES, max_size=2))),
        spreads=tuple(draw(st.lists(SPREADS, max_size=1))),
        uncovered=draw(st.sampled_from(("ladder", "scale"))),
        allocate_tax=draw(st.booleans()),
        allocate_credit=draw(st.booleans()),
    )
    bill = [draw(lines(places, REPORTED, at)) for at in range(draw(st.integers(1, 3)))]
    bill += [draw(lines(places, INVOICED, at)) for at in range(draw(st.integers(0, 1)))]
    return Given(lines=bill, usage=rows, totals=totals, settings=settings_)


@EXAMPLES
@given(days())
def test_the_shares_of_each_line_add_up_to_it_and_have_its_sign(day: Given) -> None:
    done = day.run()
    got: defaultdict[str, int] = defaultdict(int)
    amounts = {each.line_id: each.amount_nano for each in day["lines"]}
    for share in done.shares:
        got[share.line_id] += share.nano
        assert share.nano * amounts[share.line_id] > 0
    assert all(got[name] == amount for name, amount in amounts.items())
    assert sum(row.cost_nano for row in done.allocations) == sum(amounts.values())
    assert all(row.cost_nano for row in done.allocations)


@EXAMPLES
@given(days(), st.data())
def test_a_line_and_its_mirror_net_to_zero_for_everyone(day: Given, data: st.DataObject) -> None:
    mirrors = [each._replace(line_id=f"mirror {each.line_id}", amount_nano=-each.amount_nano) for each in day["lines"]]
    both = data.draw(st.permutations([*day["lines"], *mirrors]))
    assert day.run(lines=both).allocations == []


@EXAMPLES
@given(days(), st.randoms(use_true_random=False))
def test_the_order_of_nothing_matters(day: Given, random_: Any) -> None:
    shuffled: dict[str, Any] = {name: random_.sample(day[name], len(day[name])) for name in ("lines", "usage")}
    names = random_.sample(sorted(day["totals"]), len(day["totals"]))
    shuffled["totals"] = {name: random_.sample(day["totals"][name], len(day["totals"][name])) for name in names}
    assert day.run(**shuffled) == day.run()


@EXAMPLES
@given(days())
def test_no_usage_row_is_lost_or_covered_more_than_whole_or_than_logged(day: Given) -> None:
    done = day.run()
    assert Counter(row[:11] for row in done.coverage) == Counter(row[:11] for row in day["usage"])
    assert all(0 <= row.covered <= row.quantity for row in done.coverage)
    known = sum(
        quantity
        for rows in day["totals"].values()
        for row in rows
        for quantity, _ in json.loads(row.meters).values()
        if row.customer != NONE
    )
    groups = 4 * len(day["totals"])  # that may meet one usage row, each with a rounding of its own
    assert sum(row.covered for row in done.coverage) <= known + groups * len(day["usage"])


@EXAMPLES
@given(days(), NANO)
def test_what_a_log_gives_does_not_depend_on_money(day: Given, nano: int) -> None:
    done = day.run()
    usage_lines = [each._replace(amount_nano=nano) for each in day["lines"]]
    assert day.run(lines=usage_lines).coverage == done.coverage


@EXAMPLES
@given(days())
def test_without_a_log_nothing_is_given_by_one(day: Given) -> None:
    assert not [row for row in day.run(totals={}).allocations if row.method == REQUEST_LOG]


@EXAMPLES
@given(days(), st.data())
def test_true_ups_leave_the_shares_of_other_lines_as_they_were(day: Given, data: st.DataObject) -> None:
    reported = [each for each in day["lines"] if each.basis == REPORTED]
    upon = [data.draw(lines(PLACES, INVOICED, at)) for at in range(10, 12)]
    before, after = day.run(lines=reported), day.run(lines=[*reported, *upon])
    assert [share for share in after.shares if share.basis == REPORTED] == before.shares
