"""By clicks alone: from the company down to what a provider was asked, and each step adds up to the one before."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page

from llm_finops.core.digest.words import amount_text
from llm_finops_tests.dashboard.books import nano, table, text_of, tiles

FILTERED = ["", "?feature=code-review", "?provider=openai", "?environment=production&provider=anthropic"]


class Walk:
    """A reader who only clicks. What a table of the page holds is read as its file."""

    def __init__(self, page: Page, client: httpx.Client) -> None:
        self.page, self._client, self.clicks = page, client, 0

    def rows(self, name: str, **more: str) -> list[dict[str, str]]:
        at = urlsplit(self.page.url)
        return table(self._client, at.path, name, **{**dict(parse_qsl(at.query)), **more})

    def click(self, name: str, row: int) -> dict[str, str]:
        """Follow the link of a table's row that is shown; what the row says."""
        said = self.rows(name)[row]
        self.follow(self.page.locator(f"#{name} tbody tr").nth(row).locator("a").first)
        return said

    def follow(self, link: Locator) -> None:
        to = urljoin(self.page.url, link.get_attribute("href") or "")
        link.click()
        self.page.wait_for_url(to)
        self.clicks += 1


@pytest.fixture
def walk(demo: httpx.Client, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Walk]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{str(demo.base_url).rstrip('/')}/{request.param}")
    yield Walk(page, demo)
    page.close()


def sum_of(rows: list[dict[str, str]], column: str) -> int:
    return sum(nano(row[column]) or 0 for row in rows)


@pytest.mark.parametrize("walk", FILTERED, indirect=True)
def test_four_clicks_lead_from_the_company_to_what_a_provider_was_asked(walk: Walk) -> None:
    customer = walk.click("customers", 0)
    assert sum_of(walk.rows("days"), "cost_usd") == nano(customer["cost_usd"])
    day = walk.click("days", 0)
    for name, column in (("allocations", "cost_usd"), ("shares", "share_usd")):
        assert sum_of(walk.rows(name), column) == nano(day["cost_usd"])
    shares = walk.rows("shares")
    share = walk.click("shares", 0)
    of_line = [row for row in shares if row["line"] == share["line"]]
    assert sum_of(walk.rows("shares"), "share_usd") == sum_of(of_line, "share_usd")
    nobody = dict.fromkeys(("customer", "feature", "provider", "environment"), "")
    assert sum_of(walk.rows("shares", **nobody), "share_usd") == nano(share["line_amount_usd"])
    (version,) = [row for row in walk.rows("versions") if row["holds"] == "yes"]
    load = walk.click("loads", 0)
    assert walk.clicks == 4
    (booked,) = [row for row in walk.rows("periods") if row["version"] == version["version"]]
    assert (booked["rows"], booked["period"]) == (version["rows"], day["day"])
    assert walk.page.locator("main").inner_text().count(f"Load {load['load']}:") == 1
    assert walk.rows("pages")


@pytest.mark.parametrize("filtered", [{}, {"feature": "support-agent"}, {"customer": "northwind"}], ids=str)
def test_the_figures_above_lead_to_pages_whose_rows_add_up_to_them(
    demo: httpx.Client, browser: Browser, filtered: dict[str, str]
) -> None:
    page = browser.new_page()
    address = httpx.URL(str(demo.base_url).rstrip("/") + "/", params=filtered)
    shown = tiles(text_of(demo, "/", **filtered))
    to = {"/features": "features", "/customers": "customers", "/customer": "days"}
    for label, column in (("Cost (cogs)", "cost_usd"), ("Revenue", "revenue_usd"), ("Gross margin", "margin_usd")):
        page.goto(str(address))
        walk = Walk(page, demo)
        walk.follow(page.locator(".tile", has=page.get_by_text(label, exact=True)).locator("a"))
        path = urlsplit(page.url).path
        assert path in {"/features", "/customer" if "customer" in filtered else "/customers"}
        name = to[path]
        assert amount_text(sum_of(walk.rows(name), column), "USD") == shown[label]
    page.goto(str(address))
    Walk(page, demo).follow(page.locator(".tile", has=page.get_by_text("Cost per request", exact=True)).locator("a"))
    assert tiles(page.content())["Cost per request"] == shown["Cost per request"]
    page.close()


def test_what_needs_a_look_and_the_month_lead_to_their_rows(demo: httpx.Client, browser: Browser) -> None:
    page = browser.new_page()
    address = f"{str(demo.base_url).rstrip('/')}/"
    shown = tiles(text_of(demo, "/"))
    page.goto(address)
    walk = Walk(page, demo)
    walk.follow(page.locator(".tile", has=page.get_by_text("Month to date", exact=True)).locator("a"))
    assert amount_text(sum_of(walk.rows("days"), "cost_usd"), "USD") == shown["Month to date"]
    for what, its in (("Unallocated", "days"), ("customers below zero", "customers"), ("not counted", "quarantine")):
        page.goto(address)
        (said,) = [row for row in walk.rows("attention") if what in row["what"]]
        walk.follow(page.locator("#attention tbody tr", has_text=what).locator("a"))
        rows = walk.rows(its)
        if what == "Unallocated":
            assert said["how_much"].startswith(f"{amount_text(sum_of(rows, 'cost_usd'), 'USD')}, ")
        elif what == "customers below zero":
            lost = [row for row in rows if (nano(row["margin_usd"]) or 0) < 0 and row["customer"] != "(unallocated)"]
            assert said["what"] == f"{len(lost)} customers below zero"
            assert lost[0]["customer"] in said["how_much"]
        else:
            assert said["what"] == f"{len(rows)} row not counted"
    page.close()


@pytest.mark.parametrize("filtered", [{}, {"feature": "support-agent"}, {"provider": "anthropic"}], ids=str)
def test_the_rows_below_lead_to_pages_whose_rows_add_up_to_them(
    demo: httpx.Client, browser: Browser, filtered: dict[str, str]
) -> None:
    """A model leads to its prices: that is another question."""
    page = browser.new_page()
    address = str(httpx.URL(str(demo.base_url).rstrip("/") + "/", params=filtered))
    for name, its in (("providers", "providers"), ("features", "days"), ("customers", "days"), ("days", "customers")):
        page.goto(address)
        rows = Walk(page, demo).rows(name)
        assert rows
        for at in range(min(len(rows), 4)):
            page.goto(address)
            walk = Walk(page, demo)
            row = walk.click(name, at)
            assert sum_of(walk.rows(its), "cost_usd") == nano(row["cost_usd"]), (name, row)
    page.close()


@pytest.mark.parametrize("walk", ["customer-day?customer=northwind&from=2026-10-01&to=2026-10-01"], indirect=True)
def test_a_filter_or_another_period_does_not_lose_the_line_or_the_load(walk: Walk) -> None:
    share = walk.click("shares", 0)
    line = dict(parse_qsl(urlsplit(walk.page.url).query))["line"]
    walk.page.get_by_label("Customer").fill("harbor-legal")
    walk.page.get_by_role("button", name="Show").click()
    walk.page.wait_for_url("**customer=harbor-legal*")
    assert dict(parse_qsl(urlsplit(walk.page.url).query))["line"] == line
    assert {row["customer"] for row in walk.rows("shares")} == {"harbor-legal"}
    walk.follow(walk.page.get_by_role("link", name="Everybody who was given a part"))
    walk.follow(walk.page.get_by_role("link", name="7 days"))
    assert sum_of(walk.rows("shares"), "share_usd") == nano(share["line_amount_usd"])
    load = walk.click("loads", 0)["load"]
    walk.follow(walk.page.get_by_role("link", name="90 days"))
    assert f"Load {load}:" in walk.page.locator("main").inner_text()


def test_a_customers_day_of_more_days_lets_one_be_chosen(demo: httpx.Client) -> None:
    for filtered in ({}, {"provider": "openai"}):
        asked = {"customer": "northwind", "period": "7d", **filtered}
        assert "Which day of northwind?" in text_of(demo, "/customer-day", **asked)
        assert table(demo, "/customer-day", "days", **asked) == table(demo, "/customer", "days", **asked)
