"""Anthropic: what its reports say, and the rows made of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors import anthropic
from llm_finops.connectors._answers import read_object
from llm_finops.connectors._fields import Unreadable
from llm_finops.connectors._pulling import Answer, Doubts
from llm_finops.connectors.contract import Asked, Connector, NotWhole, RateLimited, Waiting
from llm_finops.core.records import ANY, NONE, CostLine, Finding, Name, Usage
from llm_finops_tests.connectors.pages_anthropic import cost_row, group, page, usage_row
from llm_finops_tests.connectors.server import Provider, Reply, Request, said, serving

DAY, NEXT = "2026-11-20", "2026-11-21"
FIVE = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
EXAMPLES = Path(__file__).parents[3] / "shared/specs/anthropic-admin-examples.json"


def answer(rows: list[dict[str, Any]]) -> Answer:
    return Answer("acct", "anthropic", DAY, list(rows), FIVE)


def answer_of_costs(rows: list[dict[str, Any]]) -> Answer:
    return Answer("acct", "anthropic", DAY, list(rows), (*FIVE, "cost_type", "token_type"))


def used(*rows: dict[str, Any]) -> tuple[list[Usage], list[Finding]]:
    doubts = Doubts("acct", DAY)
    return sorted(anthropic.read_usage(answer(list(rows)), doubts)), doubts.findings()


def charged(*rows: dict[str, Any]) -> tuple[list[CostLine], list[Finding]]:
    doubts = Doubts("acct", DAY)
    return anthropic.read_costs(answer_of_costs(list(rows)), doubts), doubts.findings()


def meters_of(rows: list[Usage]) -> dict[str, int]:
    return {row.meter: row.quantity for row in rows}


@contextmanager
def connected(
    reply: Callable[[Request], Reply], now: datetime = datetime(2026, 11, 24, tzinfo=UTC)
) -> Iterator[tuple[Connector, Provider]]:
    with serving(reply) as server:
        options = anthropic.Options(base_url=server.url)
        connector = anthropic.connect("acct", options, "sk-ant-admin01-x", wait=Waiting(attempts=2), clock=lambda: now)
        yield connector, server
        connector.close()


def asked(first: str = DAY, last: str = DAY) -> Asked:
    return Asked("acct", date.fromisoformat(first), date.fromisoformat(last))


def test_usage_is_disjoint_as_it_comes_and_the_nested_cache_is_read() -> None:
    rows, findings = used(usage_row(DAY))

    assert meters_of(rows) == {
        "input_uncached": 1_500_000,
        "input_cache_read": 200_000,
        "input_cache_write_5m": 24_000,
        "output": 500_000,
        "web_search": 3,
    }
    assert {row.unit for row in rows if row.meter == "web_search"} == {"requests"}
    assert rows[0][:8] == (
        "acct",
        "anthropic",
        "wrkspc_01Jw",
        "apikey_01Rj",
        NONE,
        "claude-opus-5-5",
        "standard",
        "0-200k",
    )
    assert findings == []


def test_a_real_long_lived_cache_write_keeps_both_lives() -> None:
    cache = {"ephemeral_5m_input_tokens": 56, "ephemeral_1h_input_tokens": 13_999}
    rows, findings = used(usage_row(DAY, cache_creation=cache, total_tokens=2_200_000 + 56 + 13_999))

    assert meters_of(rows)["input_cache_write_5m"] == 56
    assert meters_of(rows)["input_cache_write_1h"] == 13_999
    assert findings == []


def test_parts_that_do_not_make_the_total_are_a_finding() -> None:
    rows, findings = used(usage_row(DAY, total_tokens=2_224_100))

    assert sum(row.quantity for row in rows) == 2_224_003
    assert [(f.kind, f.subject, f.unit, f.amount) for f in findings] == [
        ("meters disagree", "claude-opus-5-5", "tokens", 100)
    ]


def test_a_new_kind_of_cache_write_is_said() -> None:
    cache = {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 1, "ephemeral_12h_input_tokens": 7}
    _, findings = used(usage_row(DAY, cache_creation=cache, total_tokens=2_200_009))

    assert [(f.kind, f.amount) for f in findings] == [("meters disagree", 7), ("unknown field", 1)]


def test_dimensions_that_are_null_are_none() -> None:
    null = group(workspace_id=None, api_key_id=None, model=None, service_tier=None, context_window=None)
    rows, _ = used(usage_row(DAY, null))

    assert {row[2:8] for row in rows} == {(NONE,) * 6}


@pytest.mark.parametrize("field", ["uncached_input_tokens", "cache_creation", "server_tool_use", "total_tokens"])
def test_a_usage_row_without_a_field_it_must_have_is_refused(field: str) -> None:
    row = usage_row(DAY)
    del row["usage"][field]

    with pytest.raises(Unreadable, match=f"schema changed: no '{field}'"):
        used(row)


def test_a_row_that_is_not_grouped_as_asked_is_refused() -> None:
    row = usage_row(DAY)
    del row["group"]["service_tier"]

    with pytest.raises(Unreadable, match="service_tier"):
        used(row)


@pytest.mark.parametrize(
    ("cents", "nano"),
    [
        ("123.45", 1_234_500_000),
        ("98765.4321", 987_654_321_000),
        ("123.78912", 1_237_891_200),
        ("0", 0),
        ("-5", -(5 * 10**7)),
    ],
)
def test_amounts_are_cents(cents: str, nano: int) -> None:
    (line,), _ = charged(cost_row(DAY, cents))

    assert (line.amount_nano, line.billed_nano, line.amount_text, line.currency) == (nano, nano, cents, "USD")


@pytest.mark.parametrize("fields", [{"amount": None}, {"amount": "1,5"}, {"currency": None}, {"list_amount": "x"}])
def test_an_amount_that_is_no_exact_number_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="tokens, output_tokens of claude-opus-5-5 in workspace wrkspc_01Jw"):
        charged(cost_row(DAY, **fields))


def test_a_cost_line_says_what_the_report_says() -> None:
    (line,), findings = charged(cost_row(DAY))

    assert line == CostLine(
        line_id=line.line_id,
        account="acct",
        provider="anthropic",
        project="wrkspc_01Jw",
        api_key="apikey_01Rj",
        model="claude-opus-5-5",
        service_tier="standard",
        context_band="0-200k",
        line_item="tokens, output_tokens",
        meter="output",
        quantity=None,
        unit=None,
        charge_category="usage",
        charge_class=NONE,
        basis="reported",
        currency="USD",
        amount_nano=1_234_500_000,
        billed_nano=1_234_500_000,
        provider_list_nano=1_371_667_000,
        amount_text="123.45",
        tags="{}",
        period_from=DAY,
        period_until=NEXT,
        invoice_line_id=None,
    )
    assert findings == []


@pytest.mark.parametrize(
    ("cost_type", "token_type", "meter", "known"),
    [
        ("tokens", "uncached_input_tokens", "input_uncached", True),
        ("tokens", "output_tokens", "output", True),
        ("tokens", "cache_read_input_tokens", "input_cache_read", True),
        ("tokens", "cache_creation.ephemeral_5m_input_tokens", "input_cache_write_5m", True),
        ("tokens", "cache_creation.ephemeral_1h_input_tokens", "input_cache_write_1h", True),
        ("tokens", None, ANY, True),
        ("tokens", "dream_tokens", "other", False),
        ("web_search", None, "web_search", True),
        ("code_execution", None, "code_execution", True),
        ("session_usage", None, "session_usage", True),
        ("holiday", None, "other", False),
        (None, None, "other", False),
    ],
)
def test_every_charge_has_its_meter(cost_type: str | None, token_type: str | None, meter: str, known: bool) -> None:
    (line,), findings = charged(cost_row(DAY, "5", group(cost_type=cost_type, token_type=token_type)))

    assert (line.meter, line.amount_nano) == (meter, 50_000_000)
    assert [f.kind for f in findings] == ([] if known else ["unknown label"])


def test_a_charge_that_tokens_do_not_make_is_not_bound_to_a_tier() -> None:
    bare = group(cost_type="web_search", token_type=None, service_tier=None, context_window=None)
    (search,), _ = charged(cost_row(DAY, of=bare))
    (tokens,), _ = charged(cost_row(DAY, of={**bare, "cost_type": "tokens"}))

    assert (search.service_tier, search.context_band) == (ANY, ANY)
    assert (tokens.service_tier, tokens.context_band) == (NONE, NONE)


def test_no_list_amount_is_not_zero() -> None:
    (line,), _ = charged(cost_row(DAY, list_amount=None))

    assert line.provider_list_nano is None


@given(st.permutations([usage_row(DAY, group(model=m), total_tokens=n) for n, m in enumerate("abcde")]))
def test_shuffled_usage_rows_give_the_same_rows_and_findings(rows: list[dict[str, Any]]) -> None:
    assert used(*rows) == used(*sorted(rows, key=str))


@given(
    st.permutations(
        [cost_row(DAY, str(n), group(model=m, cost_type="x", token_type=None)) for n, m in enumerate("abcab")]
    )
)
def test_shuffled_cost_rows_give_the_same_lines_and_findings(rows: list[dict[str, Any]]) -> None:
    again, findings = charged(*sorted(rows, key=str))
    lines, same = charged(*rows)

    assert sorted(lines) == sorted(again)
    assert findings == same


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    if not EXAMPLES.is_file():
        pytest.skip(f"no examples at {EXAMPLES}")
    return read_object(EXAMPLES.read_bytes(), "")


def example(examples: dict[str, Any], path: str) -> dict[str, Any]:
    (found,) = (value for name, value in examples.items() if name.startswith(f"GET {path}?"))
    assert isinstance(found, dict)
    return found


def test_the_documented_cost_page_is_read(examples: dict[str, Any]) -> None:
    lines, findings = charged(*example(examples, "/v1/organizations/analytics/cost")["data"])

    assert {(line.meter, line.amount_nano) for line in lines} == {
        ("input_uncached", 12_345_678_000),
        ("output", 987_654_321_000),
        ("input_cache_read", 555_000_000),
        ("input_cache_write_5m", 120_000_000),
        ("input_cache_write_1h", 0),
        ("web_search", 300_000_000),
        ("code_execution", 50_000_000),
    }
    assert findings == []


def test_the_documented_usage_page_is_read(examples: dict[str, Any]) -> None:
    rows, findings = used(*example(examples, "/v1/organizations/analytics/usage")["data"])

    assert sum(row.quantity for row in rows if row.unit == "tokens") == 2_224_000
    assert findings == []


def test_the_documented_look_ups_are_read(examples: dict[str, Any]) -> None:
    lists = {name: example(examples, f"/v1/organizations/{name}") for name in ("workspaces", "api_keys")}
    with connected(lambda request: said(lists[request.path.rpartition("/")[2]])) as (connector, server):
        names = connector.names()

    assert names == (
        Name("api_key", "apikey_01Rj2N8SVvo6BePZj99NhmiT", "prod-answer-bot", "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ"),
        Name("project", "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", "prod-support-bot", NONE),
    )
    assert server.requests[1].query == (("include_archived", "true"), ("include_default", "true"), ("limit", "1000"))


def test_the_questions_are_those_of_the_new_interface() -> None:
    with connected(lambda _request: said(page([]))) as (connector, server):
        connector.usage(asked())
        connector.costs(asked())

    usage, costs = server.requests
    assert usage.path == "/v1/organizations/analytics/usage"
    assert costs.path == "/v1/organizations/analytics/cost"
    assert usage.headers["x-api-key"] == "sk-ant-admin01-x"
    assert usage.headers["anthropic-version"] == "2023-06-01"
    assert usage.headers["anthropic-beta"] == "analytics-usage-cost-2026-08-24"
    assert dict(usage.query) == {
        "starting_at": "2026-11-20T00:00:00Z",
        "ending_at": "2026-11-21T00:00:00Z",
        "time_bucket_width": "1d",
        "group_by[]": "context_window",
        "order_by": "time",
        "order": "asc",
        "limit": "1000",
    }
    assert usage.every("group_by[]") == list(FIVE)
    assert costs.every("group_by[]") == [*FIVE, "cost_type", "token_type"]


def test_ninety_days_are_asked_in_windows_of_31() -> None:
    with connected(lambda _request: said(page([]))) as (connector, server):
        pulled = connector.usage(asked("2026-08-01", "2026-10-29"))

    assert [(str(r.get("starting_at"))[:10], str(r.get("ending_at"))[:10]) for r in server.requests] == [
        ("2026-08-01", "2026-09-01"),
        ("2026-09-01", "2026-10-02"),
        ("2026-10-02", "2026-10-30"),
    ]
    assert len(pulled.days) == 90


def test_a_window_that_fails_does_not_spoil_the_others() -> None:
    def reply(request: Request) -> Reply:
        return said({}, 500) if str(request.get("ending_at")) > "2026-09-16" else said(page([]))

    with connected(reply) as (connector, _):
        pulled = connector.usage(asked("2026-08-01", "2026-09-20"))

    assert max(pulled.days) == "2026-09-14"
    assert sorted(pulled.rejected) == [f"2026-09-{n}" for n in range(15, 21)]


def test_a_backfill_from_before_the_first_day_of_its_data_reads_the_rest() -> None:
    text = "data is available from 2026-01-01"
    early = said({"type": "error", "error": {"type": "invalid_request_error", "message": text}, "request_id": "r"}, 400)

    def reply(request: Request) -> Reply:
        return early if str(request.get("starting_at")) < "2026-01-01" else said(page([]))

    with connected(reply) as (connector, _):
        pulled = connector.costs(asked("2025-12-15", "2026-02-28"))

    assert (min(pulled.days), len(pulled.days)) == ("2026-01-01", 59)
    assert (len(pulled.rejected), max(pulled.rejected)) == (17, "2025-12-31")
    assert "no data before 2026-01-01: set start_date = 2026-01-01" in pulled.rejected["2025-12-15"]
    assert pulled.calls == 1 + 2 + 2


def test_a_stale_reset_header_is_not_waited_for() -> None:
    stale = said({}, 429, anthropic_ratelimit_requests_reset="2020-01-01T00:00:00Z")
    with connected(lambda _request: stale) as (connector, server):
        with pytest.raises(RateLimited, match="gave up after 2 tries"):
            connector.usage(asked())

        assert len(server.requests) == 2


def test_a_day_not_over_is_clipped() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    row = usage_row(DAY) | {"ending_at": "2026-11-20T12:00:00Z"}
    with connected(lambda _request: said(page([row])), now=noon) as (connector, _):
        pulled = connector.usage(asked("2026-11-19", DAY))

    assert pulled.clipped == {DAY}
    assert pulled.days["2026-11-19"] == ()


def test_a_day_that_the_providers_data_do_not_reach_yet_is_clipped() -> None:
    late = page([]) | {"data_refreshed_at": "2026-11-20T23:59:00Z"}
    with connected(lambda _request: said(late)) as (connector, _):
        assert connector.usage(asked("2026-11-19", DAY)).clipped == {DAY}


def test_each_day_beyond_the_least_watermark_of_the_pages_is_clipped_in_costs_too() -> None:
    pages_ = {
        None: page([cost_row("2026-11-18")], "a") | {"data_refreshed_at": "2026-11-19T23:59:59Z"},
        "a": page([]) | {"data_refreshed_at": "2026-11-24T00:00:00Z"},
    }
    with connected(lambda request: said(pages_[request.get("page")])) as (connector, _):
        pulled = connector.costs(asked("2026-11-18", DAY))

    assert pulled.clipped == {"2026-11-19", DAY}
    assert [len(pulled.days[day]) for day in sorted(pulled.days)] == [1, 0, 0]


@pytest.mark.parametrize("refreshed", [None, "soon", 5.5, "2026-11-21T00:00:00Z"])
def test_without_a_sensible_watermark_the_clock_decides(refreshed: object) -> None:
    with connected(lambda _request: said(page([]) | {"data_refreshed_at": refreshed})) as (connector, _):
        assert connector.usage(asked()).clipped == frozenset()


@pytest.mark.parametrize(
    "times",
    [
        {"ending_at": "2026-11-20T12:00:00Z"},
        {"starting_at": "2026-11-20T01:00:00Z"},
        {"ending_at": "2026-11-22T00:00:00Z"},
        {"starting_at": "2026-11-19T00:00:00Z", "ending_at": "2026-11-20T00:00:00Z"},
    ],
    ids=["half a past day", "from one o'clock", "two days", "another day"],
)
def test_rows_of_anything_but_whole_days_asked_for_are_not_used(times: dict[str, str]) -> None:
    with (
        connected(lambda _request: said(page([usage_row(DAY) | times]))) as (connector, _),
        pytest.raises(NotWhole, match="expected"),
    ):
        connector.usage(asked())


def test_a_row_that_changes_while_pages_are_read_is_not_used() -> None:
    pages_ = {None: page([usage_row(DAY)], "a"), "a": page([usage_row(DAY, output_tokens=1)])}
    with (
        connected(lambda request: said(pages_[request.get("page")])) as (connector, _),
        pytest.raises(NotWhole, match="changed while being read"),
    ):
        connector.usage(asked())


def test_a_page_of_more_rows_than_the_limit_is_read_whole() -> None:
    rows = [cost_row(DAY, "1", group(model=f"m{n}", cost_type="tokens", token_type=None)) for n in range(1500)]
    with connected(lambda _request: said(page(rows))) as (connector, _):
        assert len(connector.costs(asked()).days[DAY]) == 1500


def test_defaults_are_the_vendors_and_the_address_may_carry_its_version() -> None:
    options = anthropic.Options()

    assert (options.admin_key_env, options.settle_hours) == ("ANTHROPIC_ADMIN_KEY", 6)
    assert options.base_url == anthropic.Options(base_url="https://api.anthropic.com/v1/").base_url
