"""Customers, one customer and its day: every figure is that of the ledger's base rows, and of what really happened."""

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from llm_finops.core.digest.words import amount_text, price_text
from llm_finops.demo.billing import revenue_of
from llm_finops.demo.prices import METERS, price
from llm_finops.demo.truth import cost_by_customer
from llm_finops.demo.world import Request, requests_of
from llm_finops_tests.acceptance.playing import NEAR, WINDOW
from llm_finops_tests.dashboard.books import base, by, nano, table, text_of, tiles

COGS = {"cost_class": "cogs"}
OF_MARGIN: list[dict[str, str]] = [{}, {"feature": "support-agent"}]
OF_COST: list[dict[str, str]] = [
    {"provider": "openai"},
    {"environment": "production"},
    {"provider": "anthropic", "feature": "code-review"},
]
WHOM = ["northwind", "kestrel-air", "internal", "(unallocated)"]
DAY = "2026-10-01"
WHOLE = [day for day in WINDOW.dates() if day < WINDOW.until]  # OpenAI's last was read before it had settled


@pytest.mark.parametrize("filtered", OF_MARGIN, ids=str)
def test_customers_are_ranked_with_the_figures_of_their_rows(
    demo: httpx.Client, demo_ledger: Path, filtered: dict[str, str]
) -> None:
    shown = table(demo, "/customers", "customers", **filtered)
    cost = base(demo_ledger, "allocations", "customer", "sum(cost_nano)", {**COGS, **filtered})
    assert {at: of for at, of in by(shown, "customer", "cost_usd").items() if of != (0,)} == cost
    paid = base(demo_ledger, "revenue", "customer", "sum(amount_nano)", filtered)
    assert {at: of for at, of in by(shown, "customer", "revenue_usd").items() if of != (0,)} == paid
    margin = {at: (paid.get(at, (0,))[0] - cost.get(at, (0,))[0],) for at in by(shown, "customer")}
    assert by(shown, "customer", "margin_usd") == margin
    order = [margin[row["customer"],][0] for row in shown]
    assert order == sorted(order)  # who loses most comes first
    logged = base(
        demo_ledger, "allocations", "customer", "sum(cost_nano)", {**COGS, **filtered, "method": "request_log"}
    )
    shares = {(row["customer"],): row["logged_share"] for row in shown if row["logged_share"]}
    assert shares == {at: f"{logged.get(at, (0,))[0]}/{of[0]}" for at, of in cost.items()}


@pytest.mark.parametrize("filtered", OF_COST, ids=str)
def test_where_nobody_pays_by_it_customers_have_cost_alone(
    demo: httpx.Client, demo_ledger: Path, filtered: dict[str, str]
) -> None:
    shown = by(table(demo, "/customers", "customers", **filtered), "customer", "cost_usd")
    assert shown == base(demo_ledger, "allocations", "customer", "sum(cost_nano)", {**COGS, **filtered})
    assert shown
    assert "nobody pays by provider" in text_of(demo, "/customers", **filtered)


def test_customers_cost_and_pay_what_they_caused_and_were_billed(demo: httpx.Client) -> None:
    days = {"from": str(WHOLE[0]), "to": str(WHOLE[-1])}
    shown = by(table(demo, "/customers", "customers", **days), "customer", "cost_usd", "revenue_usd")
    grains: Counter[str] = Counter()
    dollars: Counter[str] = Counter()
    for day in WHOLE:
        for account in ("openai", "anthropic"):
            grains.update(cost_by_customer(day, account))
        dollars.update(revenue_of(day))
    del grains["internal"]  # its own staging: in no margin
    for (customer,), (cost, revenue) in shown.items():
        assert abs(cost - grains[customer] / 10**6) <= NEAR * len(WHOLE), customer
        assert abs(revenue - dollars[customer] * 10**9) <= NEAR * len(WHOLE), customer
    assert {customer for (customer,) in shown} >= {name for name in grains if grains[name]}


@pytest.mark.parametrize("filtered", [*OF_MARGIN, *OF_COST], ids=str)
@pytest.mark.parametrize("customer", WHOM)
def test_a_customers_tables_are_its_rows(
    demo: httpx.Client, demo_ledger: Path, customer: str, filtered: dict[str, str]
) -> None:
    asked = {"customer": customer, **filtered}
    classes = base(demo_ledger, "allocations", "environment cost_class", "sum(cost_nano)", asked)
    if not classes:
        assert f"{customer} has neither cost nor revenue" in text_of(demo, "/customer", **asked)
        return
    assert by(table(demo, "/customer", "classes", **asked), "environment cost_class", "cost_usd") == classes
    has_cogs = any(kind == "cogs" for _, kind in classes)
    of: dict[str, Any] = {**asked, **(COGS if has_cogs else {})}
    for name, keys in (("features", "feature"), ("models", "provider model"), ("methods", "method rule")):
        expected = base(demo_ledger, "allocations", keys, "sum(cost_nano)", of)
        assert by(table(demo, "/customer", name, **asked), keys, "cost_usd") == expected, name
    days = by(table(demo, "/customer", "days", **asked), "day", "cost_usd")
    expected = base(demo_ledger, "allocations", "day", "sum(cost_nano)", of)
    assert {at: cost for at, cost in days.items() if cost != (0,)} == expected


@pytest.mark.parametrize("filtered", OF_MARGIN, ids=str)
@pytest.mark.parametrize("customer", WHOM)
def test_a_customers_figures_are_its_rows(
    demo: httpx.Client, demo_ledger: Path, customer: str, filtered: dict[str, str]
) -> None:
    asked = {"customer": customer, **filtered}
    text = text_of(demo, "/customer", **asked)
    ((cost,),) = base(demo_ledger, "allocations", "", "coalesce(sum(cost_nano), 0)", {**COGS, **asked}).values()
    ((paid,),) = base(demo_ledger, "revenue", "", "coalesce(sum(amount_nano), 0)", asked).values()
    if not cost and not paid:  # of whom all is opex: no margin, and no false 0
        assert "Gross margin" not in text
        assert "$0.00" not in text
        return
    shown = tiles(text)
    labels = ("Revenue that names it", "Less its cost") if "Less its cost" in shown else ("Revenue", "Gross margin")
    money = {"Cost (cogs)": cost, labels[0]: paid, labels[1]: paid - cost}
    assert {name: shown[name] for name in money} == {name: amount_text(n, "USD") for name, n in money.items()}
    days = table(demo, "/customer", "days", **asked)
    for column, of in (("cost_usd", cost), ("revenue_usd", paid), ("margin_usd", paid - cost)):
        assert sum(row[0] for row in by(days, "day", column).values()) == of
    ended = base(demo_ledger, "request_costs", "outcome", "sum(requests), sum(cost_nano)", asked)
    lost = sum(of[1] for (outcome,), of in ended.items() if outcome in {"failed", "retried"})
    assert shown["Failed and retried"] == amount_text(lost, "USD")
    outcomes = table(demo, "/customer", "outcomes", **asked)
    assert sorted(by(outcomes, "outcome", "requests", "cost_usd").values()) == sorted(ended.values())
    requests = sum(of[0] for of in ended.values())
    assert shown["Requests"] == f"{requests:,}"
    logged = sum(of[1] for of in ended.values())
    assert shown["Cost per request"] == (price_text(logged // requests, "USD") if requests else "not known")


@pytest.mark.parametrize("filtered", [*OF_MARGIN, *OF_COST], ids=str)
@pytest.mark.parametrize("customer", ["northwind", "kestrel-air"])
def test_kinds_of_request_are_those_of_the_log(
    demo: httpx.Client, demo_ledger: Path, customer: str, filtered: dict[str, str]
) -> None:
    asked = {"customer": customer, **filtered}
    expected = base(
        demo_ledger, "request_totals", "feature model service_tier", "sum(requests), sum(list_cost_nano)", asked
    )
    shown = table(demo, "/customer", "kinds", **asked) if expected else []
    assert by(shown, "feature model service_tier", "requests", "list_cost_usd") == expected


def test_percentiles_are_those_of_the_requests_that_were_made(demo: httpx.Client) -> None:
    shown = {row["day"]: row for row in table(demo, "/customer", "spread", customer="northwind")}
    for day in WHOLE:
        costs = sorted(listed(request, day) for request in requests_of(day) if served(request, "northwind"))
        row = by([shown[str(day)]], "day", "requests", "p50_usd", "p95_usd", "p99_usd", "max_usd")[str(day),]
        assert row[0] == len(costs)
        ranks = [costs[-(-len(costs) * percent // 100) - 1] for percent in (50, 95, 99, 100)]
        assert all(abs(ours - truth) <= NEAR for ours, truth in zip(row[1:], ranks, strict=True))


def served(request: Request, customer: str) -> bool:
    return bool(request.logged and request.customer == customer)


def listed(request: Request, day: date) -> int:
    """A request's cost at the contract's prices, in nano-units."""
    charged = zip(request.tokens, METERS, strict=True)
    stream = request.stream
    return sum(n * price(stream.provider, request.model, request.tier, m, day) for n, m in charged if n) // 10**6


@pytest.mark.parametrize("filtered", [*OF_MARGIN, *OF_COST], ids=str)
@pytest.mark.parametrize("customer", WHOM)
def test_a_customers_day_is_made_of_its_allocations_and_they_of_shares(
    demo: httpx.Client, demo_ledger: Path, customer: str, filtered: dict[str, str]
) -> None:
    day = {"from": DAY, "to": DAY}
    asked = {"customer": customer, **filtered}
    names = "feature environment cost_class account project model method rule basis"
    expected = base(demo_ledger, "allocations", names, "sum(cost_nano)", {**asked, "day": DAY})
    if not expected:
        assert f"{customer} has neither cost nor revenue" in text_of(demo, "/customer-day", **asked, **day)
        return
    cogs = {at: of for at, of in expected.items() if at[2] == "cogs"}
    for parts, allocations, shares in (
        (cogs, "allocations", "shares"),
        ({at: of for at, of in expected.items() if at not in cogs}, "outside", "outside_shares"),
    ):
        if not parts and allocations == "outside":
            continue
        shown: Counter[Any] = Counter()
        for row in table(demo, "/customer-day", allocations, **asked, **day):
            shown[tuple(row[name] for name in names.split())] += nano(row["cost_usd"]) or 0
        assert {at: (cost,) for at, cost in shown.items()} == parts
        split = table(demo, "/customer-day", shares, **asked, **day)
        assert sum(nano(row["share_usd"]) or 0 for row in split) == sum(shown.values())
    if cogs and filtered in OF_MARGIN:
        margins = by(table(demo, "/customer-day", "margins", **asked, **day), "feature", "revenue_usd", "cost_usd")
        (of_day,) = by(
            [row for row in table(demo, "/customer", "days", **asked) if row["day"] == DAY],
            "day",
            *("revenue_usd", "cost_usd"),
        ).values()
        assert tuple(map(sum, zip(*margins.values(), strict=True))) == of_day


def test_who_loses_most_is_drawn_beside_who_earns_most(demo: httpx.Client) -> None:
    """What a bar says where one points at it; what nobody owns is no customer."""
    drawn = re.findall(r'aria-label="([a-z-]+): ([^"]*[$][^"]*)"', text_of(demo, "/customers"))
    rows = [row for row in table(demo, "/customers", "customers") if row["customer"] != "(unallocated)"]
    margins = sorted((nano(row["margin_usd"]) or 0, row["customer"]) for row in rows)
    ends = [*margins[:8], *sorted(margins, key=lambda at: (-at[0], at[1]))[:8]]
    assert drawn == [(name, amount_text(margin, "USD")) for margin, name in ends]
