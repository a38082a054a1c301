"""The stand-in for Anthropic: whole, exact, and as awkward as the real one."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_finops.demo.clock import Clock
from llm_finops.demo.keys import ANTHROPIC, DEFAULT, LABS, PRODUCT
from llm_finops.demo.prices import METERS, list_price, price
from llm_finops.demo.standins import Standins, anthropic
from llm_finops.demo.standins.server import serve
from llm_finops.demo.truth import cost_by_key
from llm_finops.demo.world import requests_of
from llm_finops_tests.demo.asking import ANTHROPIC_HEADERS, Got, Params, fields, get, pages

SETTLED = date(2026, 11, 20)
YESTERDAY = date(2026, 11, 23)
GRAIN = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
COST_GRAIN = (*GRAIN, "cost_type", "token_type")
BY_TIME = (("order_by", "time"), ("order", "asc"), ("limit", "1000"))
EXAMPLES = Path(__file__).parents[2] / "../shared/specs/anthropic-admin-examples.json"
TOKEN_TYPES = {
    "uncached_input_tokens": "input_uncached",
    "cache_read_input_tokens": "input_cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "input_cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "input_cache_write_1h",
    "output_tokens": "output",
}


def _asked(first: date, days: int, group_by: tuple[str, ...], *more: tuple[str, str]) -> Params:
    span = [("starting_at", f"{first}T00:00:00Z"), ("ending_at", f"{first + timedelta(days=days)}T00:00:00Z")]
    return [*span, ("time_bucket_width", "1d"), *(("group_by[]", name) for name in group_by), *more]


def _ask(standins: Standins, report: str, params: Params) -> list[dict[str, Any]]:
    url = f"{standins.anthropic_url}/v1/organizations/analytics/{report}"
    return [row for page in pages(url, params, ANTHROPIC_HEADERS) for row in page["data"]]


def _once(standins: Standins, path: str, params: Params, headers: dict[str, str] | None = None) -> Got:
    return get(
        f"{standins.anthropic_url}/v1/organizations/{path}", params, ANTHROPIC_HEADERS if headers is None else headers
    )


def _dollars(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["cost"]["amount"]) for row in rows), Decimal(0)).scaleb(-2)


def test_usage_adds_up_to_what_happened(standins: Standins) -> None:
    totals: Counter[str] = Counter()
    for row in _ask(standins, "usage", _asked(SETTLED, 1, GRAIN, *BY_TIME)):
        usage = row["usage"]
        written = usage["cache_creation"]
        parts = (
            usage["uncached_input_tokens"],
            usage["cache_read_input_tokens"],
            written["ephemeral_5m_input_tokens"],
            written["ephemeral_1h_input_tokens"],
            usage["output_tokens"],
        )
        assert usage["total_tokens"] == sum(parts)
        totals.update(dict(zip(METERS, parts, strict=True)), requests=usage["requests"])
    expected: Counter[str] = Counter()
    for request in requests_of(SETTLED):
        if request.stream.provider == ANTHROPIC:
            expected.update(dict(zip(METERS, request.tokens, strict=True)), requests=1)
    assert totals == expected


def test_costs_in_cents_add_up_to_the_truth_by_key_to_the_last_digit(standins: Standins) -> None:
    found: Counter[tuple[str, str | None]] = Counter()
    for row in _ask(standins, "cost", _asked(SETTLED, 1, COST_GRAIN, *BY_TIME)):
        group, cost = row["group"], row["cost"]
        assert isinstance(cost["amount"], str)
        assert (cost["currency"], cost["requests"], group["cost_type"]) == ("USD", None, "tokens")
        found[group["workspace_id"], group["api_key_id"]] += int(Decimal(cost["amount"]).scaleb(13))
        where = (ANTHROPIC, group["model"], group["service_tier"], TOKEN_TYPES[group["token_type"]])
        charged = Decimal(cost["amount"]) / price(*where, SETTLED)
        assert charged == Decimal(cost["list_amount"]) / list_price(*where)
    expected: Counter[tuple[str, str | None]] = Counter()
    for (project, key, _), grains in cost_by_key(SETTLED, ANTHROPIC).items():
        expected[project, key] += grains
    assert found == expected


def test_the_console_has_no_key_and_the_default_workspace_its_real_id(standins: Standins) -> None:
    rows = _ask(standins, "usage", _asked(SETTLED, 1, GRAIN, *BY_TIME))
    assert {r["group"]["workspace_id"] for r in rows if r["group"]["api_key_id"] is None} == {DEFAULT.id}
    keyless = _ask(standins, "usage", _asked(SETTLED, 1, GRAIN, ("api_key_ids[]", ""), *BY_TIME))
    assert keyless == [row for row in rows if row["group"]["api_key_id"] is None]


@pytest.mark.parametrize("limit", [1, 20, 64])
def test_pages_hold_every_row_once_and_fan_out_beyond_the_limit(standins: Standins, limit: int) -> None:
    whole = _ask(standins, "cost", _asked(SETTLED, 2, COST_GRAIN, *BY_TIME))
    asked = _asked(SETTLED, 2, COST_GRAIN, ("order_by", "time"), ("order", "asc"), ("limit", str(limit)))
    found = pages(f"{standins.anthropic_url}/v1/organizations/analytics/cost", asked, ANTHROPIC_HEADERS)
    assert [row for page in found for row in page["data"]] == whole
    assert any(len(page["data"]) > limit for page in found), "rows of a fan-out do not count in the limit"
    assert all(all(mark in page["next_page"] for mark in "=+/") for page in found[:-1])


def test_twenty_rows_come_unless_more_are_asked_for_in_order_of_their_amount(standins: Standins) -> None:
    page = _once(standins, "analytics/cost", _asked(SETTLED, 31, GRAIN)).body
    amounts = [Decimal(row["cost"]["amount"]) for row in page["data"]]
    assert len(amounts) == 20
    assert amounts == sorted(amounts, reverse=True)
    assert page["has_more"]
    rows = _ask(standins, "usage", _asked(SETTLED - timedelta(days=4), 5, GRAIN, *BY_TIME))
    starts = [row["starting_at"] for row in rows]
    assert starts == sorted(starts)


def test_a_set_of_pages_stands_for_one_moment(standins: Standins, clock: Clock) -> None:
    asked = _asked(YESTERDAY, 1, COST_GRAIN, ("order_by", "time"), ("order", "asc"), ("limit", "5"))
    clock_was = _once(standins, "analytics/cost", asked).body
    clock.advance_to(datetime(2026, 11, 25, tzinfo=UTC))
    second = _once(standins, "analytics/cost", [*asked, ("page", clock_was["next_page"])]).body
    assert second["data_refreshed_at"] == clock_was["data_refreshed_at"]


def test_one_sum_over_all_days_is_the_sum_of_the_days(standins: Standins) -> None:
    days = _asked(SETTLED - timedelta(days=2), 3, ("model",), *BY_TIME)
    by_day = _ask(standins, "cost", days)
    whole = _ask(standins, "cost", [pair for pair in days if pair[0] not in {"time_bucket_width", "order_by"}])
    assert len(by_day) == 9
    assert len(whole) == 3
    assert _dollars(by_day) == _dollars(whole)
    assert {(row["starting_at"], row["ending_at"]) for row in whole} == {
        ("2026-11-18T00:00:00Z", "2026-11-21T00:00:00Z")
    }


def test_yesterday_is_whole_six_hours_after_its_end(standins: Standins, clock: Clock, tmp_path: Path) -> None:
    whole = Decimal(sum(cost_by_key(YESTERDAY, ANTHROPIC).values())).scaleb(-15)
    asked = _asked(YESTERDAY, 1, GRAIN, *BY_TIME)
    assert _dollars(_ask(standins, "cost", asked)) == whole
    night = Clock(tmp_path / "night")
    night.advance_to(datetime(2026, 11, 24, 1, tzinfo=UTC))
    with Standins(tmp_path, night) as at_night:
        early = _dollars(_ask(at_night, "cost", asked))
    assert Decimal("0.9") < early / whole < Decimal("0.995")


def test_today_ends_at_the_clock(standins: Standins) -> None:
    rows = _ask(standins, "usage", _asked(date(2026, 11, 24), 1, ("model",), *BY_TIME))
    assert {row["ending_at"] for row in rows} == {"2026-11-24T06:30:00Z"}
    url = f"{standins.anthropic_url}/v1/organizations/analytics/usage"
    future = _asked(date(2026, 11, 26), 1, ("model",), *BY_TIME)
    assert pages(url, future, ANTHROPIC_HEADERS)[0]["data"] == []


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ([], "starting_at"),
        ([("starting_at", "2026-11-20")], "zone"),
        ([("starting_at", "2026-11-20T00:00:00Z"), ("time_bucket_width", "1d")], "ending_at"),
        (_asked(SETTLED, 32, ()), "31 days"),
        (_asked(date(2025, 11, 1), 1, ()), "365 days"),
        (_asked(SETTLED, 0, ()), "after starting_at"),
        (_asked(SETTLED, 1, (), ("limit", "1001")), "limit"),
        (_asked(SETTLED, 1, (*GRAIN, "speed")), "at most 5"),
        (_asked(SETTLED, 1, ("token_type",)), "token_type"),
        (_asked(SETTLED, 1, (), ("order_by", "amount")), "order_by"),
        (_asked(SETTLED, 1, (), ("bucket_width", "1d")), "bucket_width"),
        (_asked(SETTLED, 1, (), ("page", "page_AAAA")), "page"),
    ],
)
def test_a_bad_question_is_refused(standins: Standins, params: Params, says: str) -> None:
    got = _once(standins, "analytics/usage", params)
    assert got.status == 400
    assert got.body["error"]["type"] == "invalid_request_error"
    assert says in got.body["error"]["message"]


def test_there_is_no_data_from_before_2026(clock: Clock) -> None:
    served = serve(anthropic.Anthropic(clock.now))
    try:
        url = f"{served.base_url}{anthropic.ROOT}/analytics/usage"
        early = get(url, _asked(date(2025, 12, 31), 1, ()), ANTHROPIC_HEADERS)
        first = get(url, _asked(date(2026, 1, 1), 1, ()), ANTHROPIC_HEADERS)
    finally:
        served.stop()
    assert (early.status, first.status) == (400, 200)
    assert "2026-01-01" in early.body["error"]["message"]


def test_who_may_not_ask_is_told_so(standins: Standins) -> None:
    asked = _asked(SETTLED, 1, ())
    tried = {
        401: {**ANTHROPIC_HEADERS, "x-api-key": "sk-ant-admin01-other"},
        403: {**ANTHROPIC_HEADERS, "x-api-key": anthropic.WORKSPACE_KEY},
        400: {name: value for name, value in ANTHROPIC_HEADERS.items() if name != "anthropic-beta"},
    }
    for status, headers in tried.items():
        got = _once(standins, "analytics/usage", asked, headers)
        assert got.status == status
        assert set(got.body) == {"type", "error", "request_id"}
    assert _once(standins, "analytics/usage", asked, {}).body["error"]["type"] == "authentication_error"


def test_an_unknown_path_and_another_method_get_anthropics_errors(standins: Standins) -> None:
    got = _once(standins, "analytics/invoices", [])
    assert (got.status, got.body["error"]["type"]) == (404, "not_found_error")
    url = f"{standins.anthropic_url}/v1/organizations/analytics/usage"
    assert get(url, [], ANTHROPIC_HEADERS, method="POST").status == 405


def test_every_seventh_call_is_asked_to_come_again(standins: Standins) -> None:
    statuses = [_once(standins, "analytics/usage", _asked(SETTLED, 1, ())).status for _ in range(15)]
    assert [n for n, status in enumerate(statuses, start=1) if status == 429] == [7, 14]


def test_look_ups_name_workspaces_and_keys(standins: Standins) -> None:
    every: Params = [("include_archived", "true"), ("include_default", "true"), ("limit", "1000")]
    workspaces = _once(standins, "workspaces", every).body
    keys = _once(standins, "api_keys", [("limit", "1000")]).body
    assert [w["name"] for w in workspaces["data"]] == ["Product", "Labs", "Default"]
    assert len(_once(standins, "workspaces", []).body["data"]) == 2, "the default one only if asked for"
    used = {r["group"]["api_key_id"] for r in _ask(standins, "usage", _asked(SETTLED, 1, GRAIN, *BY_TIME))}
    assert used == {key["id"] for key in keys["data"]} | {None}
    assert {key["scope"]["workspace_id"] for key in keys["data"]} <= {w["id"] for w in workspaces["data"]}
    page = _once(standins, "api_keys", [("limit", "2")]).body
    rest = _once(standins, "api_keys", [("limit", "3"), ("after_id", page["last_id"])]).body
    assert [*page["data"], *rest["data"]] == keys["data"]
    assert (page["has_more"], rest["has_more"]) == (True, False)


def _bucketed(first: date, days: int, group_by: tuple[str, ...], *more: tuple[str, str]) -> Params:
    return [
        ("bucket_width" if name == "time_bucket_width" else name, of)
        for name, of in _asked(first, days, group_by, *more)
    ]


OLDER_HEADERS = {name: value for name, value in ANTHROPIC_HEADERS.items() if name != "anthropic-beta"}


def test_the_older_reports_say_the_same_but_for_the_default_workspace_and_the_key(standins: Standins) -> None:
    root = f"{standins.anthropic_url}/v1/organizations"
    by_description = _bucketed(SETTLED - timedelta(days=9), 10, ("workspace_id", "description"), ("limit", "3"))
    found = pages(f"{root}/cost_report", by_description, OLDER_HEADERS)
    assert [len(page["data"]) for page in found] == [3, 3, 3, 1]
    lines = [line for page in found for day in page["data"] for line in day["results"]]
    same_days = _asked(SETTLED - timedelta(days=9), 10, COST_GRAIN, *BY_TIME)
    assert sum((Decimal(line["amount"]) for line in lines), Decimal(0)).scaleb(-2) == _dollars(
        _ask(standins, "cost", same_days)
    )
    assert {line["workspace_id"] for line in lines} == {None, *(p.id for p in (PRODUCT, LABS))}
    (day,) = pages(f"{root}/usage_report/messages", _bucketed(SETTLED, 1, GRAIN), OLDER_HEADERS)[0]["data"]
    rows = _ask(standins, "usage", _asked(SETTLED, 1, GRAIN, *BY_TIME))
    assert sum(row["output_tokens"] for row in day["results"]) == sum(row["usage"]["output_tokens"] for row in rows)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_organization_may_lack_the_analytics_and_says_so(standins: Standins, status: int) -> None:
    standins.anthropic.lacks_analytics = status
    got = _once(standins, "analytics/usage", _asked(SETTLED, 1, ()))
    assert got.status == status
    assert (anthropic.BETA in got.body["error"]["message"]) == (status != 404)
    assert _once(standins, "cost_report", _bucketed(SETTLED, 1, ()), OLDER_HEADERS).status == 200


@pytest.mark.parametrize(
    ("path", "params", "says"),
    [
        ("cost_report", _bucketed(SETTLED, 1, ("model",)), "group_by"),
        ("cost_report", _bucketed(SETTLED, 1, (), ("limit", "32")), "limit"),
        ("cost_report", [("starting_at", "2026-11-20T00:00:00Z"), ("bucket_width", "1h")], "bucket_width"),
        ("usage_report/messages", [], "starting_at"),
        ("usage_report/messages", _bucketed(SETTLED, 1, (), ("page", "page_AAAA")), "page"),
    ],
)
def test_a_bad_question_to_the_older_reports_is_refused(
    standins: Standins, path: str, params: Params, says: str
) -> None:
    got = _once(standins, path, params, OLDER_HEADERS)
    assert (got.status, says in got.body["error"]["message"]) == (400, True)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the vendor's examples are not beside this repository")
def test_answers_have_the_shape_of_the_vendors_examples(standins: Standins) -> None:
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    for name, params in (
        ("analytics/cost", _asked(SETTLED, 1, COST_GRAIN, *BY_TIME)),
        ("analytics/usage", _asked(SETTLED, 1, GRAIN, *BY_TIME)),
    ):
        expected = next(body for question, body in examples.items() if f"{name}?" in question)
        page = _once(standins, name, params).body
        assert set(page) == set(expected)
        assert fields(page["data"][0]) == fields(expected["data"][0])
        assert list(page["data"][0]["group"]) == list(expected["data"][0]["group"])
    for name in ("workspaces", "api_keys"):
        expected = next(body for question, body in examples.items() if f"organizations/{name}?" in question)
        page = _once(standins, name, []).body
        assert set(page) == set(expected)
        assert set(page["data"][0]) == set(expected["data"][0])
    for name, params in (
        ("usage_report/messages", _bucketed(SETTLED, 1, GRAIN)),
        ("cost_report", _bucketed(SETTLED, 1, ("workspace_id", "description"))),
    ):
        expected = next(body for question, body in examples.items() if name in question)
        page = _once(standins, name, params, OLDER_HEADERS).body
        assert fields(page["data"][0]["results"]) == fields(expected["data"][0]["results"])
        assert (set(page), set(page["data"][0])) == (set(expected), set(expected["data"][0]))
    refused = _once(standins, "analytics/usage", [], {}).body
    assert fields(refused) == fields(examples["error 401"]["body"])
