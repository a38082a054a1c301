"""A cost line and a load: their figures are those of base rows, journals, and of what really happened."""

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from llm_finops.demo.prices import METERS, price
from llm_finops.demo.truth import owner_of
from llm_finops.demo.world import requests_of
from llm_finops_tests.acceptance.playing import NEAR
from llm_finops_tests.dashboard.books import base, by, nano, rows_of, table, text_of, tiles
from llm_finops_tests.dashboard.test_customers import DAY


def lines(file: Path, where: str) -> list[dict[str, Any]]:
    names = "line_id account provider project api_key model service_tier meter amount_nano basis".split()
    question = f"select {', '.join(names)} from current_cost_lines where day = ? and {where} order by amount_nano desc"
    return [dict(zip(names, row, strict=True)) for row in rows_of(file, question, (DAY,))]


@pytest.fixture(scope="module")
def of_day(demo_ledger: Path) -> list[dict[str, Any]]:
    """Lines of one day, of both accounts: the largest and the smallest."""
    found = lines(demo_ledger, "account = 'openai'"), lines(demo_ledger, "account = 'anthropic'")
    return [line for of in found for line in (*of[:3], *of[-2:])]


def test_a_lines_shares_add_up_to_it(demo: httpx.Client, of_day: list[dict[str, Any]]) -> None:
    for line in of_day:
        asked = {"line": line["line_id"], "day": DAY}
        shown = table(demo, "/line", "shares", **asked)
        assert sum(nano(row["share_usd"]) or 0 for row in shown) == line["amount_nano"]
        text = text_of(demo, "/line", **asked)
        assert "apart" not in text
        assert "not allocated" not in text


def test_every_line_of_a_day_together_gives_each_customer_its_cost(demo: httpx.Client, demo_ledger: Path) -> None:
    """By account: the shares of all its lines, added up by owner, are the day's allocations."""
    names = "customer feature environment cost_class method"
    given: Counter[Any] = Counter()
    for line in lines(demo_ledger, "account = 'anthropic'"):
        for row in table(demo, "/line", "shares", line=line["line_id"], day=DAY):
            given[tuple(row[name] for name in names.split())] += nano(row["share_usd"]) or 0
    expected = base(demo_ledger, "allocations", names, "sum(cost_nano)", {"account": "anthropic", "day": DAY})
    assert {at: (cost,) for at, cost in given.items()} == expected


def test_a_line_was_split_among_those_who_caused_it(demo: httpx.Client, demo_ledger: Path) -> None:
    """Of a report by key, model, tier and meter: what its requests cost, by whom they were for."""
    found = [line for line in lines(demo_ledger, "account = 'anthropic'") if line["meter"] in METERS]
    assert len(found) > 5
    day = date.fromisoformat(DAY)
    for line in found[:5]:
        truth: Counter[str] = Counter()
        meter = METERS.index(line["meter"])
        for request in requests_of(day):
            stream = request.stream
            made = (stream.provider, stream.project.id, request.key_id, request.model, request.tier)
            if made == tuple(line[name] for name in ("provider", "project", "api_key", "model", "service_tier")):
                cost = (
                    price("anthropic", request.model, request.tier, line["meter"], day) if request.tokens[meter] else 0
                )
                truth[owner_of(request).customer] += request.tokens[meter] * cost
        shown: Counter[str] = Counter()
        for row in table(demo, "/line", "shares", line=line["line_id"], day=DAY):
            shown[row["customer"]] += nano(row["share_usd"]) or 0
        apart = {name: shown[name] - truth[name] / 10**6 for name in shown.keys() | truth.keys()}
        assert {name: of for name, of in apart.items() if abs(of) > NEAR} == {}, line


def test_a_filter_shows_a_customers_part_of_a_line(demo: httpx.Client, of_day: list[dict[str, Any]]) -> None:
    asked = {"line": of_day[0]["line_id"], "day": DAY}
    every = table(demo, "/line", "shares", **asked)
    customer = every[0]["customer"]
    part = table(demo, "/line", "shares", **asked, customer=customer)
    assert part == [row for row in every if row["customer"] == customer]
    text = text_of(demo, "/line", **asked, customer=customer)
    assert "By these filters: $" in text
    everybody = re.search(r'href="([^"]+)">Everybody who was given a part', text)
    assert everybody
    assert "customer=" not in everybody[1]


def test_a_line_leads_to_the_load_that_brought_it(
    demo: httpx.Client, demo_ledger: Path, of_day: list[dict[str, Any]]
) -> None:
    for line in of_day:
        shown = {int(row["load"]) for row in table(demo, "/line", "loads", line=line["line_id"], day=DAY)}
        question = """select p.load_id from load_periods p join cost_lines l on l.version_id = p.version_id
                       join versions v on v.version_id = l.version_id
                       where l.line_id = ? and l.day = ? and v.until_seq is null"""
        expected = rows_of(demo_ledger, question, (line["line_id"], DAY))
        assert shown == {load for (load,) in expected}
        assert shown


def test_a_load_is_what_the_journal_says(demo: httpx.Client, demo_ledger: Path) -> None:
    loads = rows_of(demo_ledger, "select load_id, outcome, calls from loads")
    assert len(loads) > 5
    for load, outcome, calls in loads:
        asked = {"load": str(load)}
        text = text_of(demo, "/load", **asked)
        shown = tiles(text)
        assert (shown["Outcome"], shown["Calls"]) == (outcome, f"{calls:,}")
        counts = "coalesce(sum(rows), 0), coalesce(sum(duplicates), 0), coalesce(sum(quarantined), 0)"
        (sums,) = rows_of(demo_ledger, f"select {counts} from load_periods where load_id = ?", (load,))
        assert tuple(shown[name] for name in ("Rows", "Duplicates", "Quarantined")) == tuple(f"{n:,}" for n in sums)
        periods = rows_of(
            demo_ledger,
            "select dataset, scope, period, rows, duplicates, quarantined from load_periods where load_id = ?",
            (load,),
        )
        found = by(
            table(demo, "/load", "periods", **asked), "dataset scope period", "rows", "duplicates", "quarantined"
        )
        assert found == {row[:3]: row[3:] for row in periods}
        pages = rows_of(
            demo_ledger, "select position, request, status, bytes from load_pages where load_id = ? order by 1", (load,)
        )
        kept = table(demo, "/load", "pages", **asked)
        assert [(int(r["page"]), r["request"], int(r["status"]), int(r["bytes"])) for r in kept] == pages
        assert 'href="/health#sources"' in text
    assert rows_of(demo_ledger, "select count(*) from load_pages") != [(0,)]
