"""OpenAI: what its reports say, and the rows made of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors import openai
from llm_finops.connectors._answers import read_object
from llm_finops.connectors._fields import Unreadable
from llm_finops.connectors._openai_usage import read_usage
from llm_finops.connectors._pulling import Answer, Doubts
from llm_finops.connectors._rows import add_up
from llm_finops.connectors.contract import Asked, BadRequest, Connector, NotWhole, Refused, Waiting
from llm_finops.core.price import UNPRICED, PriceBook, price_usage
from llm_finops.core.records import ANY, NONE, CostLine, Finding, Name, Usage
from llm_finops.inputs.catalogue import seed
from llm_finops_tests.connectors.pages import days_of
from llm_finops_tests.connectors.pages_openai import COUNTS, PAGES, bucket, cost_row, count_row, page, unix, usage_row
from llm_finops_tests.connectors.server import Provider, Reply, Request, said, serving

DAY, NEXT = "2026-11-20", "2026-11-21"
QUIRKS = Path(__file__).parents[3] / "shared/specs/openai-live-quirks.json"
BY_KEY = ("project_id", "line_item", "api_key_id")


def answer(rows: list[dict[str, Any]], grain: tuple[str, ...] = BY_KEY) -> Answer:
    return Answer("acct", "openai", DAY, list(rows), grain)


def used(*rows: dict[str, Any]) -> tuple[list[Usage], list[Finding]]:
    doubts = Doubts("acct", DAY)
    return sorted(add_up(read_usage("completions", answer(list(rows)), doubts))), doubts.findings()


def charged(*rows: dict[str, Any], grain: tuple[str, ...] = BY_KEY) -> tuple[list[CostLine], list[Finding]]:
    doubts = Doubts("acct", DAY)
    return openai.read_costs(answer(list(rows), grain), doubts), doubts.findings()


def meters_of(rows: list[Usage]) -> dict[str, int]:
    return {row.meter: row.quantity for row in rows}


@contextmanager
def connected(
    reply: Callable[[Request], Reply], now: datetime = datetime(2026, 11, 24, tzinfo=UTC)
) -> Iterator[tuple[Connector, Provider]]:
    """A connector, and the provider that answers; of usage other than completions it says that there was none."""

    def answered(request: Request) -> Reply:
        beside = "/usage/" in request.path and not request.path.endswith("/completions")
        return PAGES.beside("", PAGES.question(request)) if beside else reply(request)

    with every_report(answered, now) as found:
        yield found


@contextmanager
def every_report(
    reply: Callable[[Request], Reply], now: datetime = datetime(2026, 11, 24, tzinfo=UTC)
) -> Iterator[tuple[Connector, Provider]]:
    with serving(reply) as server:
        options = openai.Options(base_url=f"{server.url}/v1")
        connector = openai.connect("acct", options, "sk-admin-x", wait=Waiting(attempts=2), clock=lambda: now)
        yield connector, server
        connector.close()


def asked(first: str = DAY, last: str = DAY) -> Asked:
    return Asked("acct", date.fromisoformat(first), date.fromisoformat(last))


def test_input_is_taken_apart_into_meters_that_do_not_overlap() -> None:
    rows, findings = used(usage_row())

    assert meters_of(rows) == {
        "input_uncached": 400,
        "input_cache_read": 400,
        "input_cache_write": 100,
        "input_audio": 50,
        "input_image": 50,
        "output": 400,
        "output_audio": 50,
        "output_image": 50,
    }
    assert findings == []
    assert rows[0][:8] == ("acct", "openai", "proj_abc", "key_Xy12", NONE, "gpt-5.6-luna", "standard", NONE)


def test_cache_writes_are_told_apart_by_life_where_it_is_said() -> None:
    lives = {"input_cache_write_30m_tokens": 60, "input_cache_write_12h_tokens": 30}
    rows, findings = used(usage_row(**lives))

    found = meters_of(rows)
    assert found["input_cache_write_30m"] == 60
    assert found["input_cache_write_12h"] == 30
    assert found["input_cache_write"] == 10
    assert findings == []


def test_old_rows_without_a_breakdown_keep_their_total() -> None:
    old = usage_row(input_tokens=1141, input_cached_tokens=0, input_audio_tokens=0, output_tokens=59)
    for field in (
        "input_cache_write input_uncached input_text output_text input_cached_text input_cached_audio input_image"
        " input_cached_image output_image"
    ).split():
        del old[f"{field}_tokens"]
    old["output_audio_tokens"] = 0
    rows, findings = used(old)

    assert meters_of(rows) == {"input_uncached": 1141, "output": 59}
    assert findings == []


def test_a_breakdown_that_contradicts_the_total_stays_in_the_unsplit_meter() -> None:
    # A real bucket: 822 output tokens, of which 3,103 audio.
    rows, findings = used(
        usage_row(output_tokens=822, output_audio_tokens=3103, output_text_tokens=None, output_image_tokens=None)
    )

    assert meters_of(rows)["output"] == 822
    assert "output_audio" not in meters_of(rows)
    assert [(f.kind, f.subject, f.unit, f.amount) for f in findings] == [
        ("meters disagree", "gpt-5.6-luna output", "tokens", 3103 - 822)
    ]


COUNTED = {
    "embeddings": ("key_Xy12", "some-model-1", "input_uncached", "tokens", 900),
    "moderations": ("key_Xy12", "some-model-1", "input_uncached", "tokens", 70),
    "images": ("key_Xy12", "some-model-1", "images", "images", 3),
    "audio_speeches": ("key_Xy12", "some-model-1", "speech", "characters", 45),
    "audio_transcriptions": ("key_Xy12", "some-model-1", "transcription", "seconds", 20),
    "vector_stores": (NONE, NONE, "vector_storage", "bytes", 1024),
    "code_interpreter_sessions": (NONE, NONE, "code_interpreter", "sessions", 1),
    "file_search_calls": ("key_Xy12", NONE, "file_search", "requests", 2),
    "web_search_calls": ("key_Xy12", "some-model-1", "web_search", "requests", 5),
}


@pytest.mark.parametrize("report", COUNTS)
def test_each_report_counts_one_thing_in_its_own_unit(report: str) -> None:
    doubts = Doubts("acct", DAY)
    (row,) = read_usage(report, answer([count_row(report)]), doubts)

    key, model, meter, unit, quantity = COUNTED[report]
    place = ("acct", "openai", "proj_abc", key, NONE, model, "standard", NONE)
    assert row == Usage(*place, meter, unit, quantity)
    assert doubts.findings() == []


@pytest.mark.parametrize("report", COUNTS)
def test_a_row_of_any_report_without_what_it_counts_is_refused(report: str) -> None:
    for field in COUNTS[report][1]:
        row = count_row(report)
        del row[field]
        with pytest.raises(Unreadable, match=f"schema changed: no '{field}'"):
            list(read_usage(report, answer([row]), Doubts("acct", DAY)))


def test_of_the_other_reports_the_list_prices_tokens_and_the_rest_is_unpriced_aloud() -> None:
    models = {"embeddings": "text-embedding-3-small", "web_search_calls": "gpt-5-2025-08-07"}
    rows = [
        usage
        for name in COUNTS
        for row in [count_row(name, **({"model": models[name]} if name in models else {}))]
        for usage in read_usage(name, answer([row]), Doubts("acct", DAY))
    ]
    priced, findings = price_usage(rows, PriceBook(seed()[0]), DAY)

    known = {row.meter: row.list_cost_nano for row in priced if row.list_cost_nano is not None}
    assert known == {"input_uncached": 18_000, "web_search": 50_000_000}
    said_of = {f.subject.split()[-1] for f in findings if f.kind == UNPRICED}
    assert said_of == {row.meter for row in rows} - {"web_search"}  # tokens of the model that moderates among them


def test_usage_is_whole_only_where_every_report_is() -> None:
    def reply(request: Request) -> Reply:
        question = PAGES.question(request)
        if question.report == "usage/embeddings" and question.first <= DAY < question.until:
            return said({}, 500)
        report = question.report.removeprefix("usage/")
        rows = [usage_row()] if report == "completions" else [count_row(report)]
        return said(page([bucket(day, rows) for day in days_of(question)]))

    with every_report(reply) as (connector, _):
        pulled = connector.usage(asked("2026-11-19", NEXT))

    assert sorted(pulled.days) == ["2026-11-19", NEXT]
    assert "usage/embeddings" in pulled.rejected[DAY]
    found = {(row.meter, row.unit, row.model): row.quantity for row in pulled.days[NEXT]}
    # Embeddings and moderations of one model are one row, and no meter is in two reports.
    assert found["input_uncached", "tokens", "some-model-1"] == 970
    assert len(found) == len(pulled.days[NEXT]) == 8 + 8


SAYING_SO = [
    (404, {"message": "Invalid URL (GET /v1/organization/usage/images)", "code": None, "param": None}),
    (400, {"message": "This endpoint is not available for your organization.", "code": None, "param": None}),
    (403, {"message": "Your organization does not have access to this report.", "code": "no_access", "param": None}),
]
NOT_SAYING_SO = [
    (403, {"message": "You don't have access: insufficient permissions. Missing scopes: api.usage.read."}),
    (403, {"message": "Incorrect key"}),
    (400, {"message": "'model' is not supported.", "param": "group_by", "code": "invalid_value"}),
    (400, {"message": "Try later"}),
]


@pytest.mark.parametrize(("status", "error"), SAYING_SO)
def test_a_report_is_left_out_where_the_provider_says_that_there_is_none(status: int, error: dict[str, Any]) -> None:
    with every_report(lacking("usage/images", said({"error": error}, status))) as (connector, server):
        pulled = connector.usage(asked())

    assert pulled.days[DAY]
    assert [(f.kind, f.subject, f.unit, f.amount, f.detail) for f in pulled.findings] == [
        (
            *("report left out", "usage/images", "reports", 1),
            f"the organization does not have it (status {status}); nothing of it is counted",
        )
    ]
    assert pulled.calls == len(server.requests) == 10


@pytest.mark.parametrize(("status", "error"), NOT_SAYING_SO)
def test_any_other_refusal_of_a_report_is_no_day_without_it(status: int, error: dict[str, Any]) -> None:
    with (
        every_report(lacking("usage/images", said({"error": error}, status))) as (connector, _),
        pytest.raises((BadRequest, Refused), match="usage/images"),
    ):
        connector.usage(asked())


def test_completions_are_never_left_out() -> None:
    with (
        every_report(lacking("usage/completions", said({"error": SAYING_SO[0][1]}, 404))) as (connector, _),
        pytest.raises(BadRequest, match=r"usage/completions.*base_url"),
    ):
        connector.usage(asked())


def test_what_was_answered_once_in_a_load_is_not_left_out_later() -> None:
    gone: list[bool] = []

    def reply(request: Request) -> Reply:
        missing = said({"error": SAYING_SO[0][1]}, 404) if gone else said(page([bucket(DAY, [])]))
        return lacking("usage/images", missing)(request)

    with every_report(reply) as (connector, _):
        connector.usage(asked())
        gone.append(True)
        with pytest.raises(BadRequest, match="usage/images"):
            connector.usage(asked())


def lacking(report: str, reply: Reply) -> Callable[[Request], Reply]:
    """Completions, and nothing of all the rest, but for one report."""

    def answered(request: Request) -> Reply:
        question = PAGES.question(request)
        if question.report == report:
            return reply
        rows = [usage_row()] if question.report.endswith("completions") else []
        return said(page([bucket(day, rows) for day in days_of(question)]))

    return answered


some = st.none() | st.integers(0, 1000)


@given(
    st.fixed_dictionaries(
        {"input_tokens": st.integers(0, 2000), "output_tokens": st.integers(0, 2000)},
        optional={
            f"{name}_tokens": some
            for name in (
                "input_cached input_cache_write input_cache_write_30m input_cache_write_12h input_uncached input_text"
                " input_audio input_image output_text output_audio output_image"
            ).split()
        },
    )
)
def test_whatever_the_parts_say_the_meters_add_up_to_the_totals(row: dict[str, Any]) -> None:
    named = {"num_model_requests": 1, "project_id": None, "api_key_id": None, "user_id": None, "model": "m"}
    rows, _ = used({**named, **row})

    assert sum(q for m, q in meters_of(rows).items() if m.startswith("input")) == row["input_tokens"]
    assert sum(q for m, q in meters_of(rows).items() if m.startswith("output")) == row["output_tokens"]
    assert all(quantity > 0 for quantity in meters_of(rows).values())


def test_a_total_that_the_parts_do_not_reach_is_a_finding() -> None:
    _, findings = used(usage_row(input_uncached_tokens=400))

    assert [(f.kind, f.subject, f.amount) for f in findings] == [("meters disagree", "gpt-5.6-luna input", 100)]


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({"service_tier": None}, "standard"),
        ({"service_tier": "default"}, "standard"),
        ({"service_tier": "auto"}, "standard"),
        ({"service_tier": "flex"}, "flex"),
        ({"service_tier": "priority", "batch": None}, "priority"),
        ({"service_tier": "default", "batch": True}, "batch"),
    ],
)
def test_tiers(fields: dict[str, Any], tier: str) -> None:
    rows, _ = used(usage_row(**fields))

    assert {row.service_tier for row in rows} == {tier}


def test_dimensions_that_are_null_are_none_and_never_dropped() -> None:
    rows, _ = used(usage_row(project_id=None, api_key_id=None, user_id="user-1", model=None))

    assert rows[0][2:6] == (NONE, NONE, "user-1", NONE)


def test_rows_of_one_key_are_added_up_and_rows_of_nothing_left_out() -> None:
    nothing = dict.fromkeys((name for name in usage_row() if name.endswith("_tokens")), 0)
    rows, _ = used(usage_row(), usage_row(), usage_row(**nothing, model="idle"))

    assert meters_of(rows)["input_cache_read"] == 800
    assert {row.model for row in rows} == {"gpt-5.6-luna"}


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "num_model_requests", "model", "project_id"])
def test_a_usage_row_without_a_field_it_must_have_is_refused(field: str) -> None:
    row = usage_row()
    del row[field]

    with pytest.raises(Unreadable, match=f"schema changed: no '{field}'"):
        used(row)


@pytest.mark.parametrize("amount", ["0.06", '"0.06"', "6e-2", '"6E-2"', '"0.0600000000"', "0.060"])
def test_an_amount_is_the_same_however_it_is_written(amount: str) -> None:
    body = json.dumps(cost_row("AMOUNT")).replace('"AMOUNT"', amount)
    lines, _ = charged(read_object(body.encode(), ""))

    assert [(line.amount_nano, line.billed_nano, line.currency) for line in lines] == [(60_000_000, 60_000_000, "USD")]


@pytest.mark.parametrize(
    "value", [None, "", "NaN", "1,25", "$1", "1_0", True, [], "1e400", "١", 10**12, Decimal("Infinity")]
)
def test_an_amount_that_is_no_exact_number_is_refused(value: object) -> None:
    with pytest.raises(Unreadable, match=r"line item 'gpt-5\.6-luna, input' of project proj_abc"):
        charged(cost_row(value))


@pytest.mark.parametrize(
    "amount", [None, {}, {"value": "1"}, {"currency": "usd"}, {"value": "1", "currency": "dollars"}, 5]
)
def test_an_amount_that_is_not_there_is_not_zero(amount: object) -> None:
    with pytest.raises(Unreadable):
        charged(cost_row(amount=amount))


def test_a_label_nobody_knows_is_booked_whole_and_said() -> None:
    (line,), findings = charged(cost_row("2.50", line_item="gpt-5.6-luna, moonbeams, batch"))

    assert (line.amount_nano, line.meter) == (2_500_000_000, "other")
    assert (line.model, line.service_tier) == ("gpt-5.6-luna", ANY)
    assert line.line_item == "gpt-5.6-luna, moonbeams, batch"
    assert [(f.kind, f.subject) for f in findings] == [("unknown label", "gpt-5.6-luna, moonbeams, batch")]
    assert "for model gpt-5.6-luna" in findings[0].detail


def test_a_tier_that_the_label_names_is_the_lines() -> None:
    lines, findings = charged(cost_row(line_item="gpt-4o, input, batch"), cost_row(line_item="gpt-4o, input"))

    assert {(line.model, line.meter, line.service_tier) for line in lines} == {
        ("gpt-4o", "input", "batch"),
        ("gpt-4o", "input", ANY),
    }
    assert findings == []


NOTHING = dict.fromkeys(cost_row(), None) | {"object": "organization.costs.result"}


@pytest.mark.parametrize("amount", [None, {"value": None, "currency": "usd"}])
def test_rows_that_say_nothing_are_counted_and_left_out(amount: object) -> None:
    nothing = NOTHING | {"amount": amount}
    lines, findings = charged(nothing, cost_row("1"), nothing, grain=("project_id", "line_item"))

    assert [line.amount_nano for line in lines] == [10**9]
    assert [(f.kind, f.unit, f.amount) for f in findings] == [("coarser grain", "lines", 1), ("empty row", "rows", 2)]
    assert charged(nothing)[0] == []


@pytest.mark.parametrize("name", [name for name in NOTHING if name not in {"object", "amount"}])
def test_a_row_that_names_anything_and_no_amount_is_not_zero(name: str) -> None:
    with pytest.raises(Unreadable, match="'amount'"):
        charged(NOTHING | {name: 1 if name == "quantity" else "x"}, cost_row())


@pytest.mark.parametrize("gone", ["amount", "line_item", "project_id"])
def test_a_field_that_is_gone_is_not_null(gone: str) -> None:
    with pytest.raises(Unreadable, match=f"schema changed: no '{gone}'|'amount'"):
        charged({name: value for name, value in NOTHING.items() if name != gone})


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [("abc", "tokens"), (True, "tokens"), ("1e400", "tokens"), (10**20, "images"), ({}, "tokens"), (5, 7)],
)
def test_a_quantity_that_cannot_be_read_costs_the_line_nothing(quantity: object, unit: object) -> None:
    lines, findings = charged(cost_row("1", quantity=quantity, quantity_unit=unit), cost_row("2"))

    assert sorted((line.amount_nano, line.quantity, line.unit) for line in lines if line.quantity is None) == [
        (10**9, None, None)
    ]
    assert sum(line.amount_nano for line in lines) == 3 * 10**9
    assert [(f.kind, f.subject, f.unit, f.amount) for f in findings] == [
        ("unreadable quantity", "gpt-5.6-luna, input", "lines", 1)
    ]


def test_a_cost_line_says_what_the_report_says_and_no_more() -> None:
    (line,), findings = charged(cost_row())

    assert line == CostLine(
        line_id=line.line_id,
        account="acct",
        provider="openai",
        project="proj_abc",
        api_key="key_Xy12",
        model="gpt-5.6-luna",
        service_tier=ANY,
        context_band=ANY,
        line_item="gpt-5.6-luna, input",
        meter="input",
        quantity=1_000_000,
        unit="tokens",
        charge_category="usage",
        charge_class=NONE,
        basis="reported",
        currency="USD",
        amount_nano=1_250_000_000,
        billed_nano=1_250_000_000,
        provider_list_nano=None,
        amount_text="1.2500000000",
        tags="{}",
        period_from=DAY,
        period_until=NEXT,
        invoice_line_id=None,
    )
    assert findings == []


def test_nulls_of_a_grouped_report_are_none_and_of_an_ungrouped_one_any() -> None:
    null = cost_row(project_id=None, api_key_id=None, line_item=None, quantity=None, quantity_unit=None)
    (by_key,), _ = charged(null)
    (coarse,), findings = charged(null, grain=("project_id", "line_item"))

    assert (by_key.project, by_key.api_key, by_key.line_item, by_key.quantity) == (NONE, NONE, NONE, None)
    assert coarse.api_key == ANY
    assert [(f.kind, f.day, f.amount) for f in findings] == [("coarser grain", DAY, 1)]


def test_negative_amounts_are_usage_unless_they_say_credit() -> None:
    lines, _ = charged(cost_row("-1", line_item="gpt-5, input"), cost_row("-2", line_item="Credit grant"))

    assert {line.amount_nano: line.charge_category for line in lines} == {-(10**9): "usage", -2 * 10**9: "credit"}


def test_lines_of_one_key_stay_apart_and_have_ids_of_their_own() -> None:
    lines, _ = charged(cost_row("1"), cost_row("1"), cost_row("2"))

    assert sum(line.amount_nano for line in lines) == 4 * 10**9
    assert len({line.line_id for line in lines}) == 3


@pytest.mark.parametrize(
    ("quantity", "unit", "expected"),
    [
        (12, "1000_tokens", (12_000, "tokens")),
        (Decimal("1.5"), "duration_minutes", (1500, "milliminutes")),
        (3, "images", (3, "images")),
        (3, None, (None, None)),
        (None, "tokens", (None, None)),
    ],
)
def test_quantities_carry_their_unit(
    quantity: object, unit: str | None, expected: tuple[int | None, str | None]
) -> None:
    (line,), _ = charged(cost_row(quantity=quantity, quantity_unit=unit))

    assert (line.quantity, line.unit) == expected


@given(st.permutations([usage_row(model=m, output_tokens=500 + n) for n, m in enumerate("abcab")]))
def test_shuffled_usage_rows_give_the_same_rows_and_findings(rows: list[dict[str, Any]]) -> None:
    assert used(*rows) == used(*sorted(rows, key=str))


@given(st.permutations([cost_row(str(n % 3), line_item=m, unheard_of=n) for n, m in enumerate("abcab")]))
def test_shuffled_cost_rows_give_the_same_lines_and_findings(rows: list[dict[str, Any]]) -> None:
    again, findings = charged(*sorted(rows, key=str))
    lines, same = charged(*rows)

    assert sorted(lines) == sorted(again)
    assert findings == same


@pytest.mark.skipif(not QUIRKS.is_file(), reason="no quirks file beside the repository")
def test_the_quirks_seen_live_are_read() -> None:
    quirks = {q["id"]: q for q in read_object(QUIRKS.read_bytes(), "")["quirks"]}

    assert charged(quirks["amount_string"]["body"])[0][0].amount_nano == 61_234_568
    assert charged(quirks["amount_scientific"]["body"])[0][0].amount_nano == 120
    assert charged(quirks["amount_scientific"]["body"])[0][0].model == "text-embedding-3-small"
    lines, findings = charged(quirks["amount_null"]["body"])
    assert (lines, [f.kind for f in findings]) == ([], ["empty row"])


def grouped(request: Request) -> list[str]:
    return request.every("group_by[]")


def test_the_questions_are_those_of_the_vendors_own_library() -> None:
    with connected(lambda _request: said(page([bucket(DAY, [])]))) as (connector, server):
        connector.usage(asked())
        connector.costs(asked())

    usage, *others, costs = server.requests
    assert usage.path == "/v1/organization/usage/completions"
    assert costs.path == "/v1/organization/costs"
    assert usage.headers["authorization"] == "Bearer sk-admin-x"
    assert (usage.get("start_time"), usage.get("end_time")) == (str(unix(DAY)), str(unix(NEXT)))
    assert (usage.get("bucket_width"), usage.get("limit"), costs.get("limit")) == ("1d", "31", "180")
    assert grouped(usage) == ["project_id", "api_key_id", "user_id", "model", "batch", "service_tier"]
    assert grouped(costs) == ["project_id", "line_item", "api_key_id"]
    by_model = ["project_id", "api_key_id", "user_id", "model"]
    assert {request.path.rpartition("/")[2]: grouped(request) for request in others} == {
        **dict.fromkeys(COUNTS, by_model),
        "vector_stores": ["project_id"],
        "code_interpreter_sessions": ["project_id"],
        "file_search_calls": ["project_id", "api_key_id", "user_id"],
    }
    assert {(request.get("bucket_width"), request.get("limit")) for request in others} == {("1d", "31")}


def test_costs_by_key_are_asked_for_once_and_then_left() -> None:
    refusal = {
        "error": {"message": "Invalid value: 'api_key_id'.", "type": "invalid_request_error", "param": "group_by"}
    }

    def reply(request: Request) -> Reply:
        return said(refusal, 400) if "api_key_id" in grouped(request) else said(page([bucket(DAY, [cost_row()])]))

    with connected(reply) as (connector, server):
        first, second = connector.costs(asked()), connector.costs(asked())

    assert (first.calls, second.calls, len(server.requests)) == (2, 1, 3)
    assert first.grain == second.grain == ("project_id", "line_item")
    assert [f.kind for f in first.findings] == ["coarser grain"]
    assert first.days[DAY][0].api_key == ANY


def test_another_400_is_not_taken_for_a_refused_grouping() -> None:
    text = "Usage and cost data are available for the past year. Earliest supported start date: 2025-11-23 (UTC)."
    body = {"error": {"message": text, "param": "start_time", "code": "reporting_lookback_exceeded"}}
    with connected(lambda _request: said(body, 400)) as (connector, server):
        with pytest.raises(BadRequest, match=r"reporting_lookback_exceeded: .* date: 2025-11-23") as caught:
            connector.costs(asked())

        assert (caught.value.code, caught.value.param) == ("reporting_lookback_exceeded", "start_time")
        assert len(server.requests) == 1


def test_more_than_the_past_year_reads_the_past_year() -> None:
    text = "Usage and cost data are available for the past year. Earliest supported start date: 2025-11-23 (UTC)."
    body = {"error": {"message": text, "param": "start_time", "code": "reporting_lookback_exceeded"}}

    def reply(request: Request) -> Reply:
        first, until = (int(request.get(name) or 0) for name in ("start_time", "end_time"))
        if first < unix("2025-11-23"):
            return said(body, 400)
        days = (datetime.fromtimestamp(at, UTC).date().isoformat() for at in range(first, until, 86_400))
        return said(page([bucket(day, [cost_row()]) for day in days]))

    with connected(reply) as (connector, _):
        pulled = connector.costs(asked("2025-10-18", "2026-11-21"))

    assert (min(pulled.days), len(pulled.days), len(pulled.rejected)) == ("2025-11-23", 364, 36)
    assert all("no data before 2025-11-23" in why for why in pulled.rejected.values())
    assert pulled.calls == 1 + 2 + 1


def test_empty_pages_after_the_last_bucket_end_the_set() -> None:
    cursors = iter(range(1000))

    def reply(request: Request) -> Reply:
        return said(page([] if request.get("page") else [bucket(DAY, [cost_row()])], f"page_{next(cursors)}"))

    with connected(reply) as (connector, server):
        pulled = connector.costs(asked())

    assert [line.amount_nano for line in pulled.days[DAY]] == [1_250_000_000]
    assert len(server.requests) == 3


def test_empty_pages_before_the_last_bucket_are_followed() -> None:
    pages_ = {None: page([], "a"), "a": page([], "b"), "b": page([], "c"), "c": page([bucket(DAY, [cost_row()])])}
    with connected(lambda request: said(pages_[request.get("page")])) as (connector, _):
        assert len(connector.costs(asked()).days[DAY]) == 1


def test_a_set_that_ends_without_a_day_is_not_whole() -> None:
    with (
        connected(lambda _request: said(page([]))) as (connector, _),
        pytest.raises(NotWhole, match=f"ended without {DAY}"),
    ):
        connector.usage(asked())


def test_todays_bucket_is_clipped_and_a_past_one_may_not_be() -> None:
    clipped = {**bucket(DAY, [usage_row()]), "end_time": unix(DAY) + 6 * 3600}
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with connected(lambda _request: said(page([clipped])), now=noon) as (connector, _):
        assert connector.usage(asked()).clipped == {DAY}
    with (
        connected(lambda _request: said(page([clipped])), now=noon + timedelta(days=1)) as (connector, _),
        pytest.raises(NotWhole, match="ends before the day, which is over"),
    ):
        connector.usage(asked())


def test_a_bucket_of_a_whole_day_that_is_not_over_is_clipped_too() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    both = said(page([bucket("2026-11-19", []), bucket(DAY, [usage_row()])]))
    with connected(lambda _request: both, now=noon) as (connector, _):
        assert connector.usage(asked("2026-11-19")).clipped == {DAY}


def test_a_bucket_that_begins_within_the_day_is_not_a_day() -> None:
    partial = {**bucket(DAY, []), "start_time": unix(DAY) + 60}
    with (
        connected(lambda _request: said(page([partial]))) as (connector, _),
        pytest.raises(NotWhole, match="expected one UTC day from midnight"),
    ):
        connector.usage(asked())


def test_a_bucket_that_changes_while_it_is_read_is_not_used() -> None:
    pages_ = {None: page([bucket(DAY, [usage_row()])], "a"), "a": page([bucket(DAY, [usage_row(output_tokens=501)])])}
    with (
        connected(lambda request: said(pages_[request.get("page")])) as (connector, _),
        pytest.raises(NotWhole, match="changed while being read"),
    ):
        connector.usage(asked())


def test_ninety_days_take_three_pages() -> None:
    first = date(2026, 8, 20)
    days = [(first + timedelta(days=n)).isoformat() for n in range(90)]

    def reply(request: Request) -> Reply:
        start = int((request.get("page") or "0").removeprefix("page_"))
        stop = start + int(request.get("limit") or "0")
        more = f"page_{stop}" if stop < len(days) else None
        return said(page([bucket(day, [usage_row()]) for day in days[start:stop]], more))

    with connected(reply) as (connector, server):
        pulled = connector.usage(asked(days[0], days[-1]))

    assert len(pulled.days) == 90
    assert len([request for request in server.requests if request.path.endswith("/completions")]) == 3


def test_names_are_projects_archived_ones_too_and_their_keys() -> None:
    projects = [
        {"id": "proj_b", "name": "Old bot", "status": "archived"},
        {"id": "proj_a/x", "name": "Answer bot", "status": "active"},
    ]
    gone = said({"error": {"message": "project is archived", "code": "archived"}}, 404)

    def reply(request: Request) -> Reply:
        if request.path == "/v1/organization/projects":
            after = request.get("after")
            some = projects[1:] if after else projects[:1]
            return said({"object": "list", "data": some, "has_more": not after, "last_id": some[-1]["id"]})
        if "proj_b" in request.path:
            return gone
        keys = [{"id": "key_1", "name": "prod"}, {"id": "key_2", "name": None}]
        return said({"object": "list", "data": keys, "has_more": False, "last_id": "key_2"})

    with connected(reply) as (connector, server):
        names = connector.names()

    assert names == (
        Name("api_key", "key_1", "prod", "proj_a/x"),
        Name("api_key", "key_2", "key_2", "proj_a/x"),
        Name("project", "proj_a/x", "Answer bot", NONE),
        Name("project", "proj_b", "Old bot", NONE),
    )
    assert server.requests[0].get("include_archived") == "true"
    assert server.requests[-1].target.startswith("/v1/organization/projects/proj_a%2Fx/api_keys?")


def test_defaults_are_the_vendors() -> None:
    options = openai.Options()

    assert (options.admin_key_env, options.base_url, options.settle_hours) == (
        "OPENAI_ADMIN_KEY",
        "https://api.openai.com/v1",
        24,
    )
