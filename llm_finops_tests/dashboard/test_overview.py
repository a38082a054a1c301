"""The first page: its figures are those of the base rows, beside the days before, and at the pace of the month."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import httpx
import pytest

from llm_finops_tests.dashboard.books import FIRST, LAST, base, by, rows_of, table, text_of, tiles

MONEY = "sum(cost_nano), sum(revenue_nano)"
COGS = {"cost_class": "cogs"}


def shown(nano: int) -> str:
    """An amount as people read it, by another way than the page's."""
    cents = (Decimal(abs(nano)) / 10**9).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"{'−' if nano < 0 else ''}${cents:,}"


def test_the_figures_above_are_sums_of_base_rows(demo: httpx.Client, demo_ledger: Path) -> None:
    ((cost, revenue),) = base(demo_ledger, "margins", "", MONEY).values()
    ((cogs,),) = base(demo_ledger, "allocations", "", "sum(cost_nano)", COGS).values()
    assert cost == cogs
    figures = tiles(text_of(demo, "/"))
    assert figures["Cost (cogs)"] == shown(cost)
    assert figures["Revenue"] == shown(revenue)
    assert figures["Gross margin"] == shown(revenue - cost)
    ((logged, requests),) = base(demo_ledger, "margins", "", "sum(logged_cost_nano), sum(requests)").values()
    each = Decimal(figures["Cost per request"].removeprefix("$"))
    assert abs(each - Decimal(logged) / 10**9 / requests) <= Decimal("0.00005")
    assert f"{requests:,} logged requests" in text_of(demo, "/")


def test_beside_it_stand_the_days_before(demo: httpx.Client, demo_ledger: Path) -> None:
    now, then = (
        rows_of(demo_ledger, f"select {MONEY} from current_margins where day between ? and ?", days)[0]
        for days in (("2026-09-30", LAST), (FIRST, "2026-09-29"))
    )
    text = text_of(demo, "/", **{"from": "2026-09-30", "to": LAST})
    for value, old in zip(now, then, strict=True):
        change = Decimal(100 * (value - old)) / old
        percent = change.quantize(Decimal("0.1"), ROUND_HALF_EVEN)
        sign = "+" if percent > 0 else "−"
        assert f"{sign}{abs(percent)} % on {FIRST} to 2026-09-29" in text
    assert "nothing booked of 2026-09-21 to 2026-09-26" in text_of(demo, "/", **{"from": FIRST, "to": LAST})


def test_the_month_is_that_of_the_newest_day_whatever_is_asked(demo: httpx.Client, demo_ledger: Path) -> None:
    question = "select sum(cost_nano), count(distinct day) from current_margins where day like '2026-10-%'"
    ((so_far, days),) = rows_of(demo_ledger, question)
    for asked in ({}, {"from": FIRST, "to": "2026-09-28"}):
        text = text_of(demo, "/", **asked)
        assert tiles(text)["Month to date"] == shown(so_far)
        assert f"{days} of 31 days of 2026-10; at this pace {shown(so_far * 31 // days)}" in text


@pytest.mark.parametrize("asked", [{}, {"provider": "anthropic"}, {"feature": "code-review"}], ids=str)
@pytest.mark.parametrize("dim", ["provider", "feature", "model"])
def test_cost_by_each_dimension_is_that_of_the_allocations(
    demo: httpx.Client, demo_ledger: Path, dim: str, asked: dict[str, str]
) -> None:
    found = by(table(demo, "/", f"{dim}s", **asked), dim, "cost_usd")
    assert found == base(demo_ledger, "allocations", dim, "sum(cost_nano)", {**COGS, **asked})


def test_days_and_the_dearest_customers_are_those_of_the_margins(demo: httpx.Client, demo_ledger: Path) -> None:
    days = by(table(demo, "/", "days"), "day", "cost_usd", "revenue_usd", "requests")
    assert days == base(demo_ledger, "margins", "day", f"{MONEY}, sum(requests)")
    customers = by(table(demo, "/", "customers"), "customer", "cost_usd", "margin_usd")
    every = base(demo_ledger, "margins", "customer", "sum(cost_nano), sum(revenue_nano) - sum(cost_nano)")
    dearest = sorted(every.items(), key=lambda of: (-of[1][0], of[0]))[: len(customers)]
    assert list(customers.items()) == dearest


def test_what_needs_a_look_is_what_the_rows_say(demo: httpx.Client, demo_ledger: Path) -> None:
    every = base(demo_ledger, "margins", "customer", "sum(revenue_nano) - sum(cost_nano)")
    lost = sorted((margin, name) for (name,), (margin,) in every.items() if margin < 0 and name != "(unallocated)")
    ((nobodys,),) = base(demo_ledger, "margins", "", "sum(cost_nano)", {"customer": "(unallocated)"}).values()
    said = {row["what"]: row["how_much"] for row in table(demo, "/", "attention")}
    count = f"{len(lost)} customer{'s' if len(lost) > 1 else ''} below zero"
    assert said[count] == f"{lost[0][1]} {shown(lost[0][0])}"
    assert re.fullmatch(rf"{re.escape(shown(nobodys))}, [\d.]+ % of cost", said["Unallocated"])


@pytest.mark.parametrize("asked", [{"from": "2020-01-01", "to": "2020-01-31"}, {"currency": "JPY"}], ids=str)
def test_where_nothing_is_booked_nothing_is_0(demo: httpx.Client, asked: dict[str, str]) -> None:
    text = text_of(demo, "/", **{"from": FIRST, "to": LAST, **asked})
    figures = tiles(text)
    names = ("Cost (cogs)", "Revenue", "Gross margin", "Cost per request")
    assert [figures[name] for name in names] == ["not known"] * 4
    first, last, currency = (asked.get(name, of) for name, of in (("from", FIRST), ("to", LAST), ("currency", "USD")))
    assert text.count(f"nothing booked of {first} to {last} in {currency}") == 4
    assert not re.search(r"\$0\.00|>0 JPY|The 0 that", text)


def test_the_currency_that_is_asked_for_is_the_one_that_is_chosen(demo: httpx.Client) -> None:
    chosen = re.findall(r'<select name="currency">(.*?)</select>', text_of(demo, "/", currency="JPY"), re.DOTALL)
    assert re.findall(r"<option selected>(\w+)</option>", chosen[0]) == ["JPY"]
    assert "USD" in chosen[0]
