"""Names: odd ones lead on to their pages, and where a text is nobody's name, those that hold it are offered."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from playwright.sync_api import Browser

from llm_finops.dashboard.pages import ALL
from llm_finops_tests.dashboard.books import nano, table, text_of
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.pipeline import little
from llm_finops_tests.pipeline.little import DAYS, LAST, Little

ODD = (
    "<script>alert(1)</script>",
    "مؤسسة النور",
    "a&b=c#d/?%20 e+f",
    "acme/eu/../..",
    '"><img src=x onerror=alert(1)>',
    "=1+1",
    "long " + "x" * 295,
)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A company whose customers are called so, settled as every day is."""
    made = Little(tmp_path_factory.mktemp("odd") / "company")
    made.root.mkdir()
    made.found()
    for day in DAYS:
        made.log(day, customers=ODD)
    assert made.settle().ok
    (made.root / "finops.toml").write_text(little.START, encoding="utf-8")  # its connector is a test's, not ours
    with served(made.environment) as client:
        yield client


@pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
def test_an_odd_name_leads_from_the_ranking_to_its_page_its_day_and_a_line(
    odd: httpx.Client, browser: Browser, name: str
) -> None:
    said: list[str] = []
    page = browser.new_page()
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{str(odd.base_url).rstrip('/')}/customers")
    page.locator("#customers tbody").get_by_role("link", name=name, exact=True).click()
    page.wait_for_url("**/customer?*")
    assert page.locator("main").inner_text().count(f"Customer {name}.") == 1
    days = table(odd, "/customer", "days", customer=name)
    assert len(days) == len(DAYS)
    page.locator("#days tbody tr").first.locator("a").click()
    page.wait_for_url("**/customer-day?*")
    shares = table(odd, "/customer-day", "shares", customer=name, **{"from": LAST, "to": LAST})
    assert sum(nano(row["share_usd"]) or 0 for row in shares) == nano(days[0]["cost_usd"])
    page.locator("#shares tbody tr").first.locator("a").click()
    page.wait_for_url("**/line?*")
    shown = page.locator("#shares tbody tr th").all_inner_texts()
    assert set(shown) == {name}
    assert said == []
    page.close()


def links(text: str, table: str) -> list[str]:
    """Where the rows of a table lead."""
    part = text[text.index(f'id="{table}"') :].partition("</section>")[0]
    return [unescape(link) for link in re.findall(r'<th scope="row"><a href="([^"]+)"', part)]


def test_a_part_of_a_name_finds_the_customers_and_their_figures(demo: httpx.Client) -> None:
    every = {row["customer"]: row for row in table(demo, "/customers", "customers")}
    found = table(demo, "/customers", "customers", customer="WORKS")
    assert [row["customer"] for row in found] == ["granite-works"]
    several = table(demo, "/customers", "customers", customer="media")
    assert {row["customer"] for row in several} == {"bluebird-media", "beacon-media"}
    for row in [*found, *several]:
        assert row["cost_usd"] == every[row["customer"]]["cost_usd"]
    text = text_of(demo, "/customers", customer="media")
    assert "All 2" in text


@pytest.mark.parametrize("filtered", [{"provider": "openai"}, {"environment": "production"}], ids=str)
def test_a_search_keeps_the_filters(demo: httpx.Client, filtered: dict[str, str]) -> None:
    every = {row["customer"]: row["cost_usd"] for row in table(demo, "/customers", "customers", **filtered)}
    found = {
        row["customer"]: row["cost_usd"] for row in table(demo, "/customers", "customers", customer="Media", **filtered)
    }
    assert found == {name: cost for name, cost in every.items() if "media" in name}
    assert len(found) == 2
    text = text_of(demo, "/customers", customer="Media", **filtered)
    ((name, value),) = filtered.items()
    assert all(f"{name}={value}" in link for link in links(text, "customers"))


@pytest.mark.parametrize(
    "path", [page.path for page in ALL if "customer" in page.filters and page.path != "/customers"]
)
def test_a_name_that_is_nobodys_offers_those_that_hold_it(demo: httpx.Client, path: str) -> None:
    asked = {"customer": "wind", "from": LAST_OF_DEMO, "to": LAST_OF_DEMO}
    text = text_of(demo, path, **asked)
    assert "wind has neither cost nor revenue in this period" in text
    assert "$0" not in text
    (link,) = links(text, "found")
    assert link.startswith(f"{path}?")
    there = demo.get(link)
    assert there.status_code == 200
    assert "neither cost nor revenue" not in there.text
    assert "northwind" in there.text


LAST_OF_DEMO = "2026-10-02"


def test_nobody_at_all_is_said(demo: httpx.Client) -> None:
    for path in ("/customers", "/customer", "/"):
        assert "Nobody is called so." in text_of(demo, path, customer="zzz")
