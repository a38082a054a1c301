"""The stand-in for OpenAI: whole, exact, and as awkward as the real one."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llm_finops.demo.clock import Clock
from llm_finops.demo.keys import OPENAI, OPENAI_HACKATHON
from llm_finops.demo.prices import METERS
from llm_finops.demo.standins import Standins, openai
from llm_finops.demo.standins.server import serve
from llm_finops.demo.truth import cost_by_key
from llm_finops.demo.world import Window, requests_of
from llm_finops_tests.demo.asking import OPENAI_HEADERS, Got, Params, get, pages

GRAIN = ("project_id", "api_key_id", "user_id", "model", "batch", "service_tier")
SETTLED = date(2026, 11, 20)
YESTERDAY = date(2026, 11, 23)


def _asked(first: date, days: int, group_by: tuple[str, ...], *more: tuple[str, str]) -> Params:
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    span = [("start_time", str(start)), ("end_time", str(start + days * 86_400))]
    return [*span, *(("group_by[]", name) for name in group_by), *more]


def _ask(standins: Standins, path: str, params: Params) -> list[Any]:
    return pages(f"{standins.openai_url}/organization/{path}", params, OPENAI_HEADERS)


def _results(found: list[Any]) -> list[dict[str, Any]]:
    return [row for page in found for bucket in page["data"] for row in bucket["results"]]


def _refused(standins: Standins, path: str, params: Params, headers: dict[str, str] | None = None) -> Got:
    url = f"{standins.openai_url}/organization/{path}"
    return get(url, params, OPENAI_HEADERS if headers is None else headers)


def test_usage_adds_up_to_what_happened(standins: Standins) -> None:
    totals: Counter[str] = Counter()
    for row in _results(_ask(standins, "usage/completions", _asked(SETTLED, 1, GRAIN))):
        assert row["input_tokens"] == row["input_uncached_tokens"] + row["input_cached_tokens"]
        uncached, cached = row["input_uncached_tokens"], row["input_cached_tokens"]
        totals.update(
            input_uncached=uncached,
            input_cache_read=cached,
            output=row["output_tokens"],
            requests=row["num_model_requests"],
        )
    expected: Counter[str] = Counter()
    for request in requests_of(SETTLED):
        if request.stream.provider == OPENAI:
            expected.update(dict(zip(METERS, request.tokens, strict=True)), requests=1)
    assert totals == +expected


def test_costs_add_up_to_the_truth_by_project_to_the_last_digit(standins: Standins) -> None:
    found: Counter[str] = Counter()
    for row in _results(_ask(standins, "costs", _asked(SETTLED, 1, ("project_id", "line_item")))):
        dollars = Decimal(row["amount"]["value"])
        assert row["amount"]["currency"] == "usd"
        found[row["project_id"]] += int(dollars.scaleb(15))
        assert dollars.scaleb(15) == dollars.scaleb(15).to_integral_value()
    expected: Counter[str] = Counter()
    for (project, _, _), grains in cost_by_key(SETTLED, OPENAI).items():
        expected[project] += grains
    assert found == expected


def test_a_coarser_question_has_the_same_total(standins: Standins) -> None:
    totals = set()
    for group_by in ((), ("project_id",), ("line_item",), ("project_id", "line_item")):
        rows = _results(_ask(standins, "costs", _asked(SETTLED, 2, group_by)))
        totals.add(sum(Decimal(row["amount"]["value"]) for row in rows))
        for row in rows:
            assert {name for name in ("project_id", "line_item") if row[name] is not None} == set(group_by)
            assert (row["quantity"] is None) == ("line_item" not in group_by)
    assert len(totals) == 1


def test_both_ways_of_writing_lists_are_one_question(standins: Standins) -> None:
    brackets = _asked(SETTLED, 1, GRAIN)
    plain = [(name.removesuffix("[]"), value) for name, value in brackets]
    assert _ask(standins, "usage/completions", brackets) == _ask(standins, "usage/completions", plain)
    joined = [*_asked(SETTLED, 1, ()), ("group_by", "project_id,model")]
    assert _refused(standins, "usage/completions", joined).status == 400


@pytest.mark.parametrize(("path", "limit"), [("usage/completions", "3"), ("costs", "4")])
def test_pages_hold_every_bucket_once_and_cursors_need_escaping(standins: Standins, path: str, limit: str) -> None:
    group_by = ("project_id",)
    whole = [b for page in _ask(standins, path, _asked(SETTLED, 3, group_by, ("limit", "31"))) for b in page["data"]]
    found = _ask(standins, path, _asked(SETTLED - timedelta(days=7), 10, group_by, ("limit", limit)))
    buckets = [bucket for page in found for bucket in page["data"]]
    starts = [bucket["start_time"] for bucket in buckets]
    assert len(starts) == len(set(starts)) == 10
    assert starts == sorted(starts)
    assert buckets[-3:] == whole
    for page in found[:-1]:
        assert all(mark in page["next_page"] for mark in "=+/")
    assert len({page["next_page"] for page in found}) == len(found)


def test_costs_promise_one_page_more_than_there_is(standins: Standins) -> None:
    first, second = _ask(standins, "costs", _asked(SETTLED, 2, ("project_id",)))
    assert (len(first["data"]), first["has_more"]) == (2, True)
    assert (second["data"], second["has_more"], second["next_page"]) == ([], False, None)


def test_defaults_and_limits_are_openais(standins: Standins) -> None:
    early = SETTLED - timedelta(days=60)
    assert len(_refused(standins, "usage/completions", _asked(early, 60, ())).body["data"]) == 7
    assert len(_refused(standins, "costs", _asked(early, 60, (), ("limit", "180"))).body["data"]) == 60
    for path, limit in (("usage/completions", "32"), ("costs", "181"), ("costs", "0"), ("costs", "many")):
        got = _refused(standins, path, _asked(SETTLED, 1, (), ("limit", limit)))
        assert (got.status, got.body["error"]["param"]) == (400, "limit")


def test_buckets_are_clipped_to_the_question_and_to_the_clock(standins: Standins, clock: Clock) -> None:
    afternoon = int(datetime(2026, 11, 22, 17, 31, tzinfo=UTC).timestamp())
    params = [("start_time", str(afternoon))]
    buckets = _ask(standins, "usage/completions", params)[0]["data"]
    now = int(clock.now().timestamp())
    assert [(b["start_time"], b["end_time"]) for b in buckets] == [
        (afternoon, 1_795_392_000),
        (1_795_392_000, 1_795_478_400),
        (1_795_478_400, now),
    ]
    later = [("start_time", str(now + 86_400))]
    assert _ask(standins, "usage/completions", later)[0] == {
        "object": "page",
        "data": [],
        "has_more": False,
        "next_page": None,
    }


def test_hours_add_up_to_their_day(standins: Standins) -> None:
    hours = _ask(standins, "usage/completions", _asked(SETTLED, 1, (), ("bucket_width", "1h")))
    assert sum(len(page["data"]) for page in hours) == 24
    day = _results(_ask(standins, "usage/completions", _asked(SETTLED, 1, ())))
    assert sum(row["input_tokens"] for row in _results(hours)) == day[0]["input_tokens"]


def test_a_day_of_more_than_a_year_ago_is_refused_and_other_reports_are_empty(standins: Standins) -> None:
    refused = _refused(standins, "usage/completions", _asked(date(2025, 5, 1), 1, ()))
    assert refused.body["error"]["code"] == "reporting_lookback_exceeded"
    assert "2025-11-24 (UTC)" in refused.body["error"]["message"]
    other = _ask(standins, "usage/embeddings", _asked(SETTLED, 2, ("model",)))[0]
    assert [bucket["results"] for bucket in other["data"]] == [[], []]


def test_yesterday_is_not_whole_until_it_is_settled(standins: Standins, clock: Clock) -> None:
    asked = _asked(YESTERDAY, 1, ("project_id", "line_item"))
    early = sum(Decimal(row["amount"]["value"]) for row in _results(_ask(standins, "costs", asked)))
    whole = Decimal(sum(cost_by_key(YESTERDAY, OPENAI).values())).scaleb(-15)
    assert Decimal("0.9") < early / whole < Decimal("0.995")
    clock.advance_to(datetime(2026, 11, 25, tzinfo=UTC))
    late = sum(Decimal(row["amount"]["value"]) for row in _results(_ask(standins, "costs", asked)))
    assert late == whole


def test_amounts_come_as_text_as_numbers_and_in_scientific_form(standins: Standins) -> None:
    asked = _asked(SETTLED - timedelta(days=20), 20, ("project_id", "line_item"), ("limit", "180"))
    values = [row["amount"]["value"] for row in _results(_ask(standins, "costs", asked))]
    assert any(isinstance(value, Decimal) for value in values)
    assert any(isinstance(value, str) and "E" in value for value in values)
    assert sum(isinstance(value, str) and "E" not in value for value in values) > len(values) / 2


def test_costs_by_key_are_refused_unless_they_are_allowed(standins: Standins, clock: Clock) -> None:
    asked = _asked(SETTLED, 1, ("project_id", "line_item", "api_key_id"))
    got = _refused(standins, "costs", asked)
    assert (got.status, got.body["error"]["param"]) == (400, "group_by")
    served = serve(openai.OpenAI(clock.now, costs_by_key=True))
    try:
        rows = _results(pages(f"{served.base_url}{openai.ROOT}/costs", asked, OPENAI_HEADERS))
    finally:
        served.stop()
    found: Counter[str | None] = Counter()
    for row in rows:
        found[row["api_key_id"]] += int(Decimal(row["amount"]["value"]).scaleb(15))
    expected: Counter[str | None] = Counter()
    for (_, key, _), grains in cost_by_key(SETTLED, OPENAI).items():
        expected[key] += grains
    assert found == expected


def test_filters_leave_the_rest_out(standins: Standins) -> None:
    rows = _results(_ask(standins, "usage/completions", _asked(SETTLED, 1, GRAIN)))
    some = [*_asked(SETTLED, 1, GRAIN), ("models[]", "gpt-5-2025-08-07"), ("batch", "true")]
    wanted = [row for row in rows if row["model"] == "gpt-5-2025-08-07" and row["batch"]]
    assert wanted
    assert _results(_ask(standins, "usage/completions", some)) == wanted


def test_who_may_not_ask_is_told_so(standins: Standins) -> None:
    asked = _asked(SETTLED, 1, ())
    assert _refused(standins, "costs", asked, {}).status == 401
    assert _refused(standins, "costs", asked, {"Authorization": "Bearer sk-admin-other"}).status == 401
    got = _refused(standins, "costs", asked, {"Authorization": f"Bearer {openai.PROJECT_KEY}"})
    assert (got.status, got.body["error"]["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(
    ("path", "params", "param"),
    [
        ("usage/completions", [], "start_time"),
        ("costs", [("start_time", "yesterday")], "start_time"),
        ("costs", [("start_time", "1795132800"), ("bucket_width", "1h")], "bucket_width"),
        ("costs", [("start_time", "1795132800"), ("limt", "3")], "limt"),
        ("costs", [("start_time", "1795132800"), ("group_by", "model")], "group_by"),
        ("usage/completions", [("start_time", "1795132800"), ("page", "page_AAAA")], "page"),
    ],
)
def test_a_bad_question_is_refused_by_its_parameter(standins: Standins, path: str, params: Params, param: str) -> None:
    got = _refused(standins, path, params)
    assert got.status == 400
    assert set(got.body["error"]) == {"message", "type", "param", "code"}
    assert got.body["error"]["param"] == param


def test_a_cursor_of_another_question_is_refused(standins: Standins) -> None:
    cursor = _refused(standins, "costs", _asked(SETTLED, 2, ())).body["next_page"]
    got = _refused(standins, "costs", _asked(SETTLED, 3, (), ("page", cursor)))
    assert (got.status, got.body["error"]["param"]) == (400, "page")


def test_an_unknown_path_and_another_method_get_openais_errors(standins: Standins) -> None:
    for path in ("invoices", "completions", "usage/costs"):
        assert _refused(standins, path, []).body["error"]["message"].startswith("Invalid URL (GET /v1/organization/")
    got = get(f"{standins.openai_url}/organization/costs", [], OPENAI_HEADERS, method="DELETE")
    assert got.status == 405


def test_every_seventh_call_is_asked_to_come_again(standins: Standins) -> None:
    asked = _asked(SETTLED, 1, ())
    statuses = [_refused(standins, "costs", asked) for _ in range(15)]
    assert [n for n, got in enumerate(statuses, start=1) if got.status == 429] == [7, 14]
    assert statuses[6].headers["Retry-After"] == "0"
    assert statuses[6].body["error"]["code"] == "rate_limit_exceeded"
    assert standins.calls["/v1/organization/costs"] == 15


def test_look_ups_know_the_archived_project_and_not_the_deleted_key(standins: Standins) -> None:
    url = f"{standins.openai_url}/organization/projects"
    active = get(url, [], OPENAI_HEADERS).body["data"]
    everything = get(url, [("include_archived", "true")], OPENAI_HEADERS).body["data"]
    assert [p["name"] for p in everything if p not in active] == ["Pilot 2025"]
    keys = {p["id"]: get(f"{url}/{p['id']}/api_keys", [], OPENAI_HEADERS).body["data"] for p in everything}
    listed = {key["id"] for of_project in keys.values() for key in of_project}
    used = {row["api_key_id"] for row in _results(_ask(standins, "usage/completions", _asked(SETTLED, 1, GRAIN)))}
    assert used - listed == {OPENAI_HACKATHON.id, None}
    assert get(f"{url}/proj_none/api_keys", [], OPENAI_HEADERS).status == 404


def test_look_ups_come_in_pages(standins: Standins) -> None:
    url = f"{standins.openai_url}/organization/projects"
    found: list[str] = []
    after: Params = []
    while True:
        page = get(url, [("limit", "2"), *after], OPENAI_HEADERS).body
        found += [project["id"] for project in page["data"]]
        if not page["has_more"]:
            break
        after = [("after", page["last_id"])]
    assert len(found) == len(set(found)) == 3
    assert get(url, [("limit", "101")], OPENAI_HEADERS).status == 400


def test_ninety_days_take_few_calls(standins: Standins) -> None:
    window = Window(YESTERDAY)
    _ask(standins, "usage/completions", _asked(window.first, 90, (), ("limit", "31")))
    _ask(standins, "costs", _asked(window.first, 90, ("line_item",), ("limit", "180")))
    assert sum(standins.calls.values()) <= 9
