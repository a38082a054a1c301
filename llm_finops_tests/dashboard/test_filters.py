"""A filter applies to a whole page, or the page says that it does not."""

import csv
import io
from decimal import Decimal

import httpx
import pytest

DAY = "2026-10-02"


def table(demo: httpx.Client, page: str, name: str, **asked: str) -> list[dict[str, str]]:
    answer = demo.get("/file", params={"page": page, "table": name, "as": "csv", **asked})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def cost(rows: list[dict[str, str]], column: str = "cost_usd") -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


@pytest.mark.parametrize(
    "filtered", [{}, {"provider": "openai"}, {"environment": "production"}, {"feature": "report-writer"}]
)
def test_the_parts_of_a_customer_add_up_to_its_days_whatever_is_filtered(
    demo: httpx.Client, filtered: dict[str, str]
) -> None:
    asked = {"customer": "northwind", **filtered}
    days = cost(table(demo, "/customer", "days", **asked))
    assert days > 0
    for part in ("features", "models", "methods"):
        assert cost(table(demo, "/customer", part, **asked)) == days
    assert days <= cost(table(demo, "/customer", "days", customer="northwind"))
    assert "does not apply to this page." not in demo.get("/customer", params=asked).text


@pytest.mark.parametrize("filtered", [{}, {"provider": "openai"}, {"feature": "report-writer"}])
def test_a_customers_day_is_by_the_same_filters(demo: httpx.Client, filtered: dict[str, str]) -> None:
    asked = {"customer": "northwind", "from": DAY, "to": DAY, **filtered}
    (day,) = table(demo, "/customer", "days", **asked)
    given = table(demo, "/customer-day", "allocations", **asked)
    shares = table(demo, "/customer-day", "shares", **asked)
    assert cost(given) == cost(shares, "share_usd") == Decimal(day["cost_usd"]) > 0
    assert "does not apply to this page." not in demo.get("/customer-day", params=asked).text


def test_a_line_is_found_by_its_day_alone(demo: httpx.Client) -> None:
    page = demo.get("/customer-day", params={"customer": "northwind", "from": DAY, "to": DAY}).text
    line = page.partition("line=")[2].partition("&")[0]
    assert f"line={line}&amp;day={DAY}" in page
    rows = table(demo, "/line", "shares", line=line, day=DAY)
    (amount,) = {
        row["line_amount_usd"]
        for row in table(demo, "/customer-day", "shares", customer="northwind", **{"from": DAY, "to": DAY})
        if line.startswith(row["line"])
    }
    assert cost(rows, "share_usd") == Decimal(amount)


@pytest.mark.parametrize("filtered", [{"provider": "anthropic"}, {"environment": "production"}], ids=str)
def test_data_health_is_of_every_provider_and_says_so(demo: httpx.Client, filtered: dict[str, str]) -> None:
    ((name, value),) = filtered.items()
    text = demo.get("/health", params=filtered).text
    assert f"The filter {name} = {value} does not apply to this page." in text
    for part in ("sources", "held", "quarantine", "basis", "coverage", "restated_by", "restated", "runs"):
        assert table(demo, "/health", part, **filtered) == table(demo, "/health", part), part
    accounts = {row["account"] for row in table(demo, "/health", "basis", **filtered)}
    assert accounts == {"openai", "anthropic"}
    assert '<select name="provider">' not in text
