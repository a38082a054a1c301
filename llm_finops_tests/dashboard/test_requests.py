"""Cost per request: percentiles are those of the request log's own rows, and every other figure of the base rows."""

import re
from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from llm_finops.demo.keys import ALIASES
from llm_finops.demo.prices import METERS, price
from llm_finops.demo.truth import cost_of
from llm_finops.demo.world import requests_of
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.acceptance.playing import WINDOW
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_reconciliation import asked, nano, rows_of
from llm_finops_tests.dashboard.test_states import environment
from llm_finops_tests.ledger.queries import company

PERIOD = "from=2026-09-27&to=2026-10-02"
RANKS = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
LOST = ("failed", "retried")


class Logged(NamedTuple):
    """A request as the log has it, with its price by the contract."""

    operation: str
    model: str
    feature: str
    customer: str
    status: str
    nano: int


@cache
def log_of(home: Path, day: str) -> list[Logged]:
    """The rows of a day's file that stand for a request: each id once, without the bad ones."""
    found: dict[str, Logged] = {}
    for row in pq.read_table(home / "requests" / f"{day}.parquet").to_pylist():
        if row["prompt_tokens"] >= 0 and "T25" not in row["ts"]:
            found[row["request_id"]] = Logged(
                *(row["operation_id"], ALIASES.get(row["model"], row["model"]), row["feature"]),
                *(row["customer_id"], row["status"], _nano(row, date.fromisoformat(day))),
            )
    return list(found.values())


def _nano(row: dict[str, Any], day: date) -> int:
    """Tokens times the contract's price, rounded half-even."""
    cached = [row[name] for name in ("cached_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")]
    tokens = (row["prompt_tokens"] - sum(cached), *cached, row["completion_tokens"])
    model, tier = ALIASES.get(row["model"], row["model"]), "batch" if row["tier"] == "batch" else "standard"
    used = [(n, meter) for n, meter in zip(tokens, METERS, strict=True) if n]
    return round(Fraction(sum(n * price(row["provider"], model, tier, meter, day) for n, meter in used), 10**6))


@pytest.mark.parametrize(
    ("by", "key"),
    [("all", ""), ("feature", "code-review"), ("customer", "northwind"), ("model", ALIASES["gpt-5"])],
    ids=str,
)
def test_percentiles_are_those_of_the_logs_own_rows(
    demo: httpx.Client, undisturbed: Undisturbed, by: str, key: str
) -> None:
    rows = rows_of(demo, "spread", f"{PERIOD}&by={by}&key={key}", "/requests")
    assert [row["day"] for row in rows] == [str(day) for day in WINDOW.dates()][::-1]
    for row in rows:
        every = log_of(undisturbed.home, row["day"])
        costs = np.array([of.nano for of in every if by == "all" or getattr(of, by) == key])
        assert int(row["requests"]) == len(costs)
        shown = {name: nano(row[f"{name}_usd"]) for name in RANKS}
        assert shown == {name: int(np.percentile(costs, n, method="inverted_cdf")) for name, n in RANKS.items()}


@pytest.mark.parametrize(("table", "column"), [("models", "model"), ("features", "feature"), ("statuses", "status")])
def test_requests_and_their_list_cost_are_those_of_the_log(
    demo: httpx.Client, undisturbed: Undisturbed, table: str, column: str
) -> None:
    expected: defaultdict[str, list[int]] = defaultdict(list)
    for day in WINDOW.dates():
        for of in log_of(undisturbed.home, str(day)):
            expected[getattr(of, column)].append(of.nano)
    shown = {row[column]: row for row in rows_of(demo, table, PERIOD, "/requests")}
    assert {name: int(row["requests"]) for name, row in shown.items()} == {at: len(of) for at, of in expected.items()}
    for name, row in shown.items():
        cost, costs = nano(row["list_cost_usd"]), expected[name]
        assert abs(cost - sum(costs)) <= len(costs)  # booked by pool and owner, each rounded once
        assert nano(row["list_cost_per_request_usd"]) == cost // len(costs)


def test_a_filter_applies_to_what_is_kept_by_it_and_the_rest_says_so(
    demo: httpx.Client, undisturbed: Undisturbed
) -> None:
    every = [of for day in WINDOW.dates() for of in log_of(undisturbed.home, str(day))]
    theirs = [of for of in every if of.model.startswith("claude")]
    asked_for = f"{PERIOD}&provider=anthropic"
    models = rows_of(demo, "models", asked_for, "/requests")
    assert sum(int(row["requests"]) for row in models) == len(theirs)
    tiles = tiles_of(demo, asked_for)
    assert tiles["Requests"] == f"{len(theirs):,}"
    each = sum(of.nano for of in theirs) / len(theirs) / 10**9
    assert float(tiles["List cost per request"][1:]) == pytest.approx(each, rel=0.005)
    text = demo.get(f"/requests?{asked_for}").text
    assert "Percentiles are not kept by provider" in text
    assert "It is not kept by provider or environment" in text
    of_all = rows_of(demo, "spread", PERIOD, "/requests")
    assert rows_of(demo, "spread", asked_for, "/requests") == of_all
    mine = rows_of(demo, "spread", f"{PERIOD}&customer=northwind", "/requests")
    assert mine == rows_of(demo, "spread", f"{PERIOD}&by=customer&key=northwind", "/requests") != of_all
    lost = rows_of(demo, "outcomes", f"{PERIOD}&customer=northwind", "/requests")
    assert sum(int(row["requests"]) for row in lost) == sum(of.customer == "northwind" for of in every)


def tiles_of(client: httpx.Client, query: str) -> dict[str, str]:
    text = client.get(f"/requests?{query}").text
    return dict(re.findall(r'<dt>([^<]+)</dt><dd class="figure">(?:<a[^>]*>)?([^<]+)<', text))


def test_the_tiles_are_the_base_rows(demo: httpx.Client, demo_ledger: Path, undisturbed: Undisturbed) -> None:
    days = [log_of(undisturbed.home, str(day)) for day in WINDOW.dates()]
    requests = sum(map(len, days))
    operations = sum(len({of.operation for of in day}) for day in days)
    costs = "select method, sum(cost_nano) from current_allocations where cost_class = 'cogs' group by 1"
    by = dict(asked(demo_ledger, costs))
    logged, whole = by["request_log"], sum(by.values())
    tiles = tiles_of(demo, PERIOD)
    assert tiles["Requests"] == f"{requests:,}"
    assert tiles["Operations"] == f"{operations:,}"
    assert float(tiles["Cost per request"][1:]) == pytest.approx(logged / requests / 10**9, rel=0.005)
    assert float(tiles["Cost per operation"][1:]) == pytest.approx(logged / operations / 10**9, rel=0.005)
    assert float(tiles["Found by request log"].removesuffix(" %")) == pytest.approx(100 * logged / whole, abs=0.051)


def test_cost_per_request_is_of_the_requests_that_have_that_cost(tmp_path: Path) -> None:
    """Not of those of staging, whose cost is nobody's, nor of those that name no customer."""
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    company.founded(ledger, "all")
    ledger.close()
    with served(environment(tmp_path)) as client:
        tiles, filtered = tiles_of(client, "period=90d"), tiles_of(client, "period=90d&environment=staging")
    file = tmp_path / "ledger.sqlite"
    of_usd = "from current_margins where currency = 'USD'"
    ((cost, requests, operations),) = asked(
        file, f"select sum(logged_cost_nano), sum(requests), sum(operations) {of_usd}"
    )
    ((every,),) = asked(file, "select sum(requests) from current_request_totals")
    assert int(tiles["Requests"].replace(",", "")) == every > requests
    assert nano(tiles["Cost per request"][1:]) == pytest.approx(cost / requests, rel=0.005)
    assert nano(tiles["Cost per operation"][1:]) == pytest.approx(cost / operations, rel=0.005)
    assert "Cost per request" not in filtered
    ((listed, priced),) = asked(
        file,
        "select sum(list_cost_nano), sum(case when list_cost_nano is not null then requests end)"
        " from current_request_totals where environment = 'staging'",
    )
    assert nano(filtered["List cost per request"][1:]) == listed // priced


def lost_on(day: date) -> list[tuple[str, str, int]]:
    """(feature, how it ended, grains) of a day's failures, by the world itself; sent again is what another followed."""
    logged = [of for of in requests_of(day) if of.logged and of.customer]
    last: dict[str, tuple[int, str]] = {}
    for of in logged:
        last[of.operation] = max(last.get(of.operation, (0, "")), (of.at_ms, of.id))
    ended = {of: "failed" if last[of.operation] == (of.at_ms, of.id) else "retried" for of in logged}
    return [(of.stream.feature, ended[of], cost_of(of, day)) for of in logged if of.status != "ok"]


def test_what_failures_cost_is_what_they_did(demo: httpx.Client, demo_ledger: Path) -> None:
    """By the world's own truth, up to the day that its provider has not settled; the ends add up to the margins."""
    settled = [day for day in WINDOW.dates() if day < WINDOW.until]
    lost = [of for day in settled for of in lost_on(day)]
    shown = {
        row["feature"]: row for row in rows_of(demo, "in-vain", f"from={settled[0]}&to={settled[-1]}", "/requests")
    }
    assert len({of[:2] for of in lost}) > 8
    for feature, ended in {of[:2] for of in lost}:
        grains = [of[2] for of in lost if of[:2] == (feature, ended)]
        row = shown[feature]
        assert int(row[f"{ended}_requests"]) == len(grains)
        assert nano(row[f"{ended}_cost_usd"]) == pytest.approx(sum(grains) / 10**6, rel=1e-3)
    (margins,) = asked(demo_ledger, "select sum(requests), sum(logged_cost_nano) from current_margins")
    ends = rows_of(demo, "outcomes", PERIOD, "/requests")
    assert (sum(int(row["requests"]) for row in ends), sum(nano(row["cost_usd"]) for row in ends)) == margins


def test_what_is_paid_for_is_all_of_the_usage(demo: httpx.Client, demo_ledger: Path) -> None:
    kinds = {"input_uncached": "input", "input_cache_read": "cache read", "output": "output"}
    expected: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for meter, quantity, cost in asked(
        demo_ledger, "select meter, sum(quantity), sum(list_cost_nano) from current_priced_usage group by 1"
    ):
        kind = expected[kinds.get(meter, "cache write")]
        kind[0] += quantity
        kind[1] += cost
    shown = {row["kind"]: row for row in rows_of(demo, "shares", PERIOD, "/requests")}
    assert {at: [int(row["quantity"]), nano(row["list_cost_usd"])] for at, row in shown.items()} == expected


def test_caching_saved_what_the_contract_says(demo: httpx.Client, demo_ledger: Path) -> None:
    saved: Counter[str] = Counter()
    rows = 0
    question = (
        "select day, provider, model, service_tier, meter, quantity from current_usage where meter like '%cache%'"
    )
    for day, provider, model, tier, meter, quantity in asked(demo_ledger, question):
        at = (provider, model, "batch" if tier == "batch" else "standard")
        of = date.fromisoformat(day)
        saved[model] += quantity * (price(*at, "input_uncached", of) - price(*at, meter, of))
        rows += 1
    shown = {row["model"]: row for row in rows_of(demo, "cache", PERIOD, "/requests")}
    assert shown.keys() == saved.keys()
    for model, row in shown.items():
        assert abs(nano(row["saved_usd"]) - Fraction(saved[model], 10**6)) <= rows  # each row of usage is rounded
        assert nano(row["saved_usd"]) == nano(row["uncached_list_cost_usd"]) - nano(row["cached_list_cost_usd"])
