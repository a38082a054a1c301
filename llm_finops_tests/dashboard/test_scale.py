"""Margin as usage scales: the figures shown are those of the base rows, and everyone stands in one place."""

import re
import shutil
import sqlite3
from contextlib import closing
from fractions import Fraction
from html import unescape
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from llm_finops.demo.company import CUSTOMERS, LOSING, TRYING
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.dashboard.serving import demo_environment, served
from llm_finops_tests.dashboard.test_reconciliation import asked, nano, rows_of
from llm_finops_tests.dashboard.test_states import booked, environment

SIX = ("2026-09-27", "2026-10-02")
EARLIER, LATER = ("2026-09-27", "2026-09-29"), ("2026-09-30", "2026-10-02")
NOBODY = "(unallocated)"
COLUMNS = ("operations", "cost_usd", "revenue_usd", "by_usage_usd", "margin_usd")


class Reckoned(NamedTuple):
    """A customer by its base rows."""

    cost: int
    paid: int
    by_usage: int
    operations: int

    @property
    def margin(self) -> int:
        return self.paid - self.cost

    @property
    def until(self) -> Fraction | None:
        """At which usage what is left of each use, times so much, has eaten up the flat fee."""
        eaten, flat = self.cost - self.by_usage, self.paid - self.by_usage
        return Fraction(flat, eaten) - 1 if eaten > 0 and flat > 0 else None


def reckoned(file: Path, period: tuple[str, str]) -> dict[str, Reckoned]:
    """Cost by allocations, revenue by revenue rows, operations by the requests that name a customer."""
    costs = asked(
        file,
        "select customer, sum(cost_nano) from current_allocations"
        " where cost_class = 'cogs' and day between ? and ? group by 1",
        *period,
    )
    paid = asked(
        file,
        "select customer, sum(amount_nano), sum(case when feature <> '(all)' then amount_nano else 0 end)"
        " from current_revenue where day between ? and ? group by 1",
        *period,
    )
    used = asked(
        file,
        "select customer, sum(operations) from current_request_totals where environment <> 'staging'"
        " and customer <> '(none)' and day between ? and ? group by 1",
        *period,
    )
    cost, operations, revenue = dict(costs), dict(used), {name: (whole, by) for name, whole, by in paid}
    return {
        name: Reckoned(cost.get(name, 0), *revenue.get(name, (0, 0)), operations.get(name, 0))
        for name in cost.keys() | revenue.keys() | operations.keys()
    }


def query(period: tuple[str, str], **more: str) -> str:
    return "&".join([f"from={period[0]}", f"to={period[1]}", *(f"{name}={value}" for name, value in more.items())])


def crossing(demo: httpx.Client, period: tuple[str, str] = SIX, **more: str) -> dict[str, dict[str, str]]:
    return {row["customer"]: row for row in rows_of(demo, "crossing", query(period, **more), "/scale")}


def test_customers_are_their_base_rows(demo: httpx.Client, demo_ledger: Path) -> None:
    expected = reckoned(demo_ledger, SIX)
    shown = crossing(demo)
    assert shown.keys() == expected.keys() - {NOBODY}
    assert {customer.id for customer in CUSTOMERS} <= shown.keys()
    for name, row in shown.items():
        of = expected[name]
        told = (int(row["operations"]), *(nano(row[column]) for column in COLUMNS[1:]))
        assert told == (of.operations, of.cost, of.paid, of.by_usage, of.margin), name
        assert (Fraction(row["until_zero"]) if row["until_zero"] else None) == of.until, name
    paying = {customer.id for customer in CUSTOMERS if customer.plan.per_operation}
    assert {name for name, row in shown.items() if nano(row["by_usage_usd"])} == paying
    assert Fraction(shown[LOSING.id]["until_zero"]) < 0
    assert shown[TRYING.id]["until_zero"] == ""  # who pays nothing is below zero at any usage


def test_the_nearest_to_the_line_come_first_and_what_no_usage_brings_there_last(demo: httpx.Client) -> None:
    until = [row["until_zero"] for row in crossing(demo).values()]
    known = [abs(Fraction(part)) for part in until if part]
    assert known == sorted(known)
    assert until == [part for part in until if part] + [""] * until.count("")
    margins = [nano(row["margin_usd"]) for row in crossing(demo, SIX, **{"crossing.sort": "-margin"}).values()]
    assert margins == sorted(margins, reverse=True)


def test_deciles_add_up_to_the_period_and_nobody_stands_apart(demo: httpx.Client, demo_ledger: Path) -> None:
    of = reckoned(demo_ledger, SIX)
    users = sorted((who.operations, name) for name, who in of.items() if who.operations)
    size, larger = divmod(len(users), 10)
    shown = rows_of(demo, "deciles", query(SIX), "/scale")
    for n, row in enumerate(shown[:10], start=1):
        mine = [users.pop(0) for _ in range(size + (n <= larger))]
        assert row["decile"].split()[0] == str(n)
        assert int(row["customers"]) == len(mine)
        assert (int(row["fewest"]), int(row["most"])) == (mine[0][0], mine[-1][0])
        for column, value in (("cost_usd", "cost"), ("revenue_usd", "paid"), ("margin_usd", "margin")):
            assert nano(row[column]) == sum(getattr(of[name], value) for _, name in mine)
        assert set(crossing(demo, decile=str(n))) == {name for _, name in mine}
    assert users == []
    nobody = shown[-1]
    assert (nobody["decile"], nobody["customers"], nano(nobody["cost_usd"])) == (NOBODY, "", of[NOBODY].cost)
    for column, value in (("cost_usd", "cost"), ("revenue_usd", "paid"), ("margin_usd", "margin")):
        assert sum(nano(row[column]) for row in shown) == sum(getattr(who, value) for who in of.values())
    text = demo.get(f"/scale?{query(SIX)}").text
    total = text[text.index('id="deciles"') :].partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert f"${sum(who.cost for who in of.values()) / 10**9:,.2f}" in total
    assert re.search(r"\(unallocated\), \$[\d,.]+ of cost, is not among them", text)


def test_each_customer_stands_in_one_place_and_each_count_leads_there(demo: httpx.Client, demo_ledger: Path) -> None:
    of = {name: who for name, who in reckoned(demo_ledger, SIX).items() if name != NOBODY}
    text = demo.get(f"/scale?{query(SIX)}").text
    tiles = re.findall(r'<dd class="figure"><a href="([^"]+)#crossing">(\d+)</a>', text)
    counts = {unescape(href).partition("stands=")[2]: int(count) for href, count in tiles}
    assert sum(counts.values()) == len(of)
    expected = {
        "below": {name for name, who in of.items() if who.margin < 0},
        "close": {name for name, who in of.items() if who.until is not None and 0 <= who.until <= Fraction(1, 4)},
        "further": {name for name, who in of.items() if who.until is not None and who.until > Fraction(1, 4)},
        "never": {name for name, who in of.items() if who.until is None and who.margin >= 0},
    }
    for place, names in expected.items():
        assert set(crossing(demo, stands=place)) == names
        assert counts[place] == len(names)


def test_growth_is_told_of_two_whole_periods(demo: httpx.Client, demo_ledger: Path) -> None:
    now, then = reckoned(demo_ledger, LATER), reckoned(demo_ledger, EARLIER)
    shown = crossing(demo, LATER)
    falling = 0
    for name, row in shown.items():
        before = then.get(name)
        assert nano(row["cost_before_usd"]) == (before.cost if before else 0)
        fell = before.margin - now[name].margin if before else 0
        grows = before is not None and now[name].cost > before.cost
        days = -(-3 * now[name].margin // fell) if grows and fell > 0 and now[name].margin >= 0 else None
        assert row["days_until_zero"] == ("" if days is None else str(days)), name
        falling += days is not None
    assert falling > 5
    assert "Zero in about: where the cost grew" in demo.get(f"/scale?{query(LATER)}").text


def test_growth_is_not_known_beside_a_period_that_is_not_whole(demo: httpx.Client) -> None:
    text = demo.get(f"/scale?{query(SIX)}").text
    assert "Growth is not known: that needs every day of 2026-09-21 to 2026-09-26" in text
    assert {row["cost_before_usd"] + row["days_until_zero"] for row in crossing(demo).values()} == {""}


@pytest.mark.parametrize(("first", "cost_before"), [("2026-11-18", "2"), ("2026-11-19", "")])
def test_growth_needs_margins_of_every_day(tmp_path: Path, first: str, cost_before: str) -> None:
    """Of a ledger whose accounts are configured no more: its margins alone tell which days are there."""
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    for day in range(int(first[-2:]), 22):
        booked(ledger, ["acme"], f"2026-11-{day}")
    ledger.close()
    with served(environment(tmp_path)) as client:
        (acme,) = rows_of(client, "crossing", query(("2026-11-20", "2026-11-21")), "/scale")
    assert acme["cost_before_usd"] == cost_before


@pytest.mark.parametrize("lost", [*EARLIER, LATER[0]])
def test_growth_is_not_known_where_a_day_has_no_cost(undisturbed: Undisturbed, tmp_path: Path, lost: str) -> None:
    """As if a provider's report of one day had never come, nor an estimate."""
    home = tmp_path / "home"
    shutil.copytree(undisturbed.home, home, ignore=shutil.ignore_patterns("dagster"))
    with closing(sqlite3.connect(home / "ledger.sqlite")) as connection, connection:
        connection.execute(
            "update versions set until_seq = from_seq where dataset = 'cost_lines' and scope = 'openai' and period = ?",
            [lost],
        )
    with served(demo_environment(home)) as client:
        text = client.get(f"/scale?{query(LATER)}").text
    assert "Growth is not known: that needs every day of 2026-09-27 to 2026-09-29" in text


def test_one_customer_keeps_its_decile_among_all(demo: httpx.Client) -> None:
    (row,) = rows_of(demo, "deciles", query(SIX, customer=LOSING.id), "/scale")
    assert (row["decile"], row["customers"]) == ("10 (most)", "1")
    assert crossing(demo, customer=LOSING.id) == {LOSING.id: crossing(demo)[LOSING.id]}
    assert "does not apply" in demo.get(f"/scale?{query(SIX, feature='code-review')}").text


def test_without_a_request_log_and_revenue_nothing_is_drawn_and_nobody_is_near(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, ["acme", "zeta"], revenue=None)
    ledger.close()
    with served(environment(tmp_path)) as client:
        text = client.get("/scale").text
        (idle,) = rows_of(client, "deciles", "period=30d", "/scale")
        unknown = rows_of(client, "crossing", "period=30d&stands=unknown", "/scale")
    assert "No operation of a customer is logged" in text
    assert "<figure" not in text
    assert (idle["decile"], idle["customers"], idle["revenue_usd"]) == ("nothing logged", "2", "")
    assert nano(idle["cost_usd"]) == 2 * 10**9 + 1
    assert [(row["customer"], row["until_zero"]) for row in unknown] == [("acme", ""), ("zeta", "")]


@pytest.mark.parametrize(
    "chosen",
    ["/scale?decile=10&stands=below", "/prices?model=gpt-5-2025-08-07", "/requests?by=feature&key=code-review"],
)
def test_what_a_page_was_asked_stays_when_another_period_is(demo: httpx.Client, chosen: str) -> None:
    path, _, own = chosen.partition("?")
    text = demo.get(f"{chosen}&{query(SIX)}").text
    periods = {unescape(href) for href in re.findall(rf'href="({path}\?[^"#]*period=[^"#]*)"', text)}
    assert {f"{path}?period={name}&{own}" for name in ("7d", "30d", "90d", "month", "last-month")} <= periods
    for name, value in (part.split("=") for part in own.split("&")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in text


@pytest.mark.parametrize("wrong", ["decile=11", "decile=-1", "stands=near", "crossing.sort=size"])
def test_what_cannot_be_is_refused(demo: httpx.Client, wrong: str) -> None:
    assert demo.get(f"/scale?{wrong}").status_code == 400
