"""Anthropic's two interfaces: which is read, and that both say the same."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_finops.connectors import anthropic
from llm_finops.connectors._answers import read_object
from llm_finops.connectors._anthropic_analytics import BETA
from llm_finops.connectors._fields import Unreadable
from llm_finops.connectors._pulling import Answer, Doubts
from llm_finops.connectors.contract import Asked, BadRequest, Connector, Pulled, Refused, SourceError, Waiting
from llm_finops.core.records import ANY, NONE, CostLine, Finding, Usage
from llm_finops.demo.keys import DEFAULT
from llm_finops.demo.standins.anthropic import ADMIN_KEY, Anthropic
from llm_finops.demo.standins.server import serve
from llm_finops_tests.connectors.pages_anthropic import (
    NO_SUCH,
    bucket,
    buckets,
    cost_row,
    group,
    legacy_cost_row,
    legacy_usage_row,
    page,
    usage_row,
)
from llm_finops_tests.connectors.server import Provider, Reply, Request, said, serving

DAY, NEXT = "2026-11-20", "2026-11-21"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[3] / "shared/specs/anthropic-admin-examples.json"
FIVE = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
ANALYTICS = "/v1/organizations/analytics/"


def used(*rows: dict[str, Any]) -> tuple[list[Usage], list[Finding]]:
    doubts = Doubts("acct", DAY)
    answer = Answer("acct", "anthropic", DAY, list(rows), FIVE, interface="legacy")
    return sorted(anthropic.read_usage(answer, doubts)), doubts.findings()


def charged(*rows: dict[str, Any]) -> tuple[list[CostLine], list[Finding]]:
    doubts = Doubts("acct", DAY)
    answer = Answer("acct", "anthropic", DAY, list(rows), ("workspace_id", "description"), interface="legacy")
    return anthropic.read_costs(answer, doubts), doubts.findings()


@contextmanager
def connected(reply: Callable[[Request], Reply], **options: Any) -> Iterator[tuple[Connector, Provider]]:
    with serving(reply) as server:
        given = anthropic.Options(base_url=server.url, **options)
        connector = anthropic.connect("acct", given, "sk-ant-admin01-x", wait=Waiting(attempts=2), clock=lambda: NOW)
        with closing(connector):
            yield connector, server


def asked(first: str = DAY, last: str = DAY) -> Asked:
    return Asked("acct", date.fromisoformat(first), date.fromisoformat(last))


def without_analytics(reply: Reply, rows: list[dict[str, Any]]) -> Callable[[Request], Reply]:
    def answered(request: Request) -> Reply:
        return reply if request.path.startswith(ANALYTICS) else said(buckets([bucket(DAY, rows)]))

    return answered


def error(message: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def test_a_row_of_usage_has_the_meters_of_the_new_interface() -> None:
    rows, findings = used(legacy_usage_row())

    assert {row.meter: row.quantity for row in rows} == {
        "input_uncached": 1500,
        "input_cache_read": 200,
        "input_cache_write_5m": 500,
        "input_cache_write_1h": 1000,
        "output": 500,
        "web_search": 10,
    }
    place = ("acct", "anthropic", "wrkspc_01Jw", "apikey_01Rj", NONE, "claude-opus-5-5", "standard", "0-200k")
    assert rows[0][:8] == place
    assert [(f.kind, f.subject, f.amount) for f in findings] == [("older interface", "usage", 1)]


@pytest.mark.parametrize("field", ["cache_creation", "server_tool_use", "workspace_id", "model", "output_tokens"])
def test_a_row_of_usage_without_a_field_it_must_have_is_refused(field: str) -> None:
    row = legacy_usage_row()
    del row[field]
    with pytest.raises(Unreadable, match=f"schema changed: no '{field}'"):
        used(row)


def test_a_line_is_in_cents_of_no_key_and_of_no_list_price() -> None:
    (line,), findings = charged(legacy_cost_row())

    assert (line.amount_nano, line.amount_text, line.provider_list_nano) == (1_237_891_200, "123.78912", None)
    assert (line.project, line.api_key, line.model, line.service_tier, line.context_band, line.meter) == (
        *("wrkspc_01Jw", ANY, "claude-opus-5-5", "standard", "0-200k"),
        "input_uncached",
    )
    assert line.line_item == "Claude Opus 5.5 Usage - Input Tokens"
    assert [(f.kind, f.subject) for f in findings] == [("older interface", "cost")]


def test_what_tokens_do_not_make_is_of_all_models() -> None:
    bare = dict.fromkeys(("model", "service_tier", "token_type", "context_window", "inference_geo"))
    rows = [
        legacy_cost_row("3", description="Web Search Usage", cost_type="web_search", **bare),
        legacy_cost_row("5", description="Code Execution Usage", cost_type="code_execution", **bare),
    ]
    lines, _ = charged(*rows)

    assert {(line.meter, line.model, line.service_tier, line.context_band, line.amount_nano) for line in lines} == {
        ("web_search", ANY, ANY, ANY, 30_000_000),
        ("code_execution", ANY, ANY, ANY, 50_000_000),
    }


def test_priority_tier_is_in_usage_and_said_to_be_paid_by_commitment() -> None:
    rows, findings = used(legacy_usage_row(service_tier="priority"))

    assert {row.service_tier for row in rows} == {"priority"}
    paid = [f for f in findings if f.kind == "paid by commitment"]
    assert [(f.subject, f.unit, f.amount) for f in paid] == [("claude-opus-5-5", "tokens", 3_700)]


@pytest.mark.skipif(not EXAMPLES.is_file(), reason="no examples beside the repository")
def test_the_documented_pages_are_read() -> None:
    examples = read_object(EXAMPLES.read_bytes(), "")
    (usage,) = (body for name, body in examples.items() if "usage_report/messages" in name)
    (cost,) = (body for name, body in examples.items() if "cost_report" in name)
    rows, doubts = used(*usage["data"][0]["results"])
    lines, more = charged(*cost["data"][0]["results"])

    assert sum(row.quantity for row in rows if row.unit == "tokens") == 3_700 + 100
    assert sorted(line.amount_nano for line in lines) == [30_000_000, 50_000_000, 1_237_891_200]
    assert {f.kind for f in (*doubts, *more)} == {"older interface", "default workspace unknown"}


SAYING_SO = [
    (404, NO_SUCH),
    (400, error(f"Unexpected value(s) `{BETA}` for the `anthropic-beta` header")),
    (403, error(f"Your organization is not enabled for {BETA}", "permission_error")),
]


@pytest.mark.parametrize(("status", "body"), SAYING_SO)
def test_an_organization_without_the_new_interface_is_read_by_the_older_one(status: int, body: dict[str, Any]) -> None:
    with connected(without_analytics(said(body, status), [legacy_usage_row()])) as (connector, server):
        first, again = connector.usage(asked()), connector.usage(asked())

    assert sum(row.quantity for row in first.days[DAY]) == 3_710
    assert first.days == again.days
    # Decided once, and the older reports are asked without the beta's header.
    assert [request.path.rpartition("/")[2] for request in server.requests] == ["usage", "messages", "messages"]
    assert ["anthropic-beta" in request.headers for request in server.requests] == [True, False, False]
    assert dict(server.requests[1].query)["bucket_width"] == "1d"
    assert server.requests[1].every("group_by[]") == list(FIVE)
    assert (server.requests[1].get("limit"), first.grain) == ("31", FIVE)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error("invalid x-api-key", "authentication_error"), Refused),
        (403, error("This endpoint requires an Admin API key", "permission_error"), Refused),
        (400, error("group_by: at most 5 dimensions"), BadRequest),
    ],
)
def test_any_other_refusal_is_no_sign_of_an_older_organization(
    status: int, body: dict[str, Any], kind: type[SourceError]
) -> None:
    with connected(without_analytics(said(body, status), [])) as (connector, server):
        with pytest.raises(kind):
            connector.usage(asked())

        assert all(request.path.startswith(ANALYTICS) for request in server.requests)


def test_what_the_new_interface_has_answered_in_a_load_the_older_one_does_not_go_on_with() -> None:
    def reply(request: Request) -> Reply:
        return said(NO_SUCH, 404) if str(request.get("starting_at")) > "2026-10-15" else said(page([]))

    with connected(reply) as (connector, server):
        pulled = connector.usage(asked("2026-10-01", "2026-11-20"))

    assert (min(pulled.days), max(pulled.days)) == ("2026-10-01", "2026-10-31")
    assert "answered 404" in pulled.rejected["2026-11-01"]
    assert all(request.path.startswith(ANALYTICS) for request in server.requests)


def test_costs_are_asked_by_workspace_and_description_in_windows_of_31_days() -> None:
    def reply(request: Request) -> Reply:
        if request.path.startswith(ANALYTICS):
            return said(NO_SUCH, 404)
        first, until = (date.fromisoformat(str(request.get(name))[:10]) for name in ("starting_at", "ending_at"))
        days = [str(first + timedelta(days=n)) for n in range((until - first).days)]
        return said(buckets([bucket(day, [legacy_cost_row()]) for day in days]))

    with connected(reply) as (connector, server):
        pulled = connector.costs(asked("2026-08-01", "2026-10-29"))

    assert (len(pulled.days), pulled.calls, pulled.grain) == (90, 1 + 3, ("workspace_id", "description"))
    assert {request.path for request in server.requests[1:]} == {"/v1/organizations/cost_report"}
    assert server.requests[1].every("group_by[]") == ["workspace_id", "description"]


def workspaces(*entries: str) -> Reply:
    return said({"data": [{"id": name, "name": name} for name in entries], "has_more": False, "last_id": None})


@pytest.mark.parametrize(
    ("everything", "expected"), [(("w1", "w-default"), "w-default"), (("w1",), NONE), (("w1", "w2", "w3"), NONE)]
)
def test_the_default_workspace_has_the_id_that_the_look_up_gives_it(everything: tuple[str, ...], expected: str) -> None:
    def reply(request: Request) -> Reply:
        if request.path.endswith("/workspaces"):
            return workspaces(*everything) if request.get("include_default") == "true" else workspaces("w1")
        if request.path.startswith(ANALYTICS):
            return said(NO_SUCH, 404)
        row = legacy_usage_row(workspace_id=None) if "messages" in request.path else legacy_cost_row(workspace_id=None)
        return said(buckets([bucket(DAY, [row])]))

    with connected(reply) as (connector, server):
        usage, costs = connector.usage(asked()), connector.costs(asked())

    assert {row.project for row in usage.days[DAY]} == {expected}
    assert {line.project for line in costs.days[DAY]} == {expected}
    unknown = [f.kind for f in usage.findings if f.kind != "older interface"]
    assert unknown == ([] if expected != NONE else ["default workspace unknown"])
    assert len([request for request in server.requests if request.path.endswith("/workspaces")]) == 2


def test_a_customers_profile_is_the_actor_where_it_is_asked_for() -> None:
    def reply(request: Request) -> Reply:
        if request.path.endswith("cost"):
            return said(page([cost_row(DAY, of=group(context_window=None, cost_type="tokens", token_type=None))]))
        return said(page([usage_row(DAY, group(context_window=None, user_profile_id="uprof_1"))]))

    with connected(reply, actor="user_profile_id") as (connector, server):
        usage, costs = connector.usage(asked()), connector.costs(asked())

    four = ["workspace_id", "api_key_id", "model", "service_tier"]
    assert server.requests[0].every("group_by[]") == [*four, "user_profile_id"]
    assert server.requests[1].every("group_by[]") == [*four, "cost_type", "token_type"]
    assert {(row.actor, row.context_band) for row in usage.days[DAY]} == {("uprof_1", NONE)}
    assert {line.context_band for line in costs.days[DAY]} == {ANY}  # so that it meets usage of any length


# Longer than one question of the older interface may ask for, and over the day the contract's prices change.
FIRST, LAST = date(2026, 9, 25), date(2026, 11, 5)


def read_weeks(vendor: Anthropic) -> tuple[Pulled[Usage], Pulled[CostLine]]:
    served = serve(vendor)
    options = anthropic.Options(base_url=served.base_url)
    try:
        with closing(anthropic.connect("acct", options, ADMIN_KEY, clock=lambda: NOW)) as connector:
            six_weeks = Asked("acct", FIRST, LAST)
            return connector.usage(six_weeks), connector.costs(six_weeks)
    finally:
        served.stop()


@pytest.mark.slow
def test_six_weeks_are_the_same_through_both_interfaces() -> None:
    new = read_weeks(Anthropic(lambda: NOW))
    older = Anthropic(lambda: NOW)
    older.lacks_analytics = 404
    legacy = read_weeks(older)

    assert len(new[0].days) == len(legacy[0].days) == 42
    assert new[0].days == legacy[0].days  # every row of usage, its keys too
    assert DEFAULT.id in {line.project for line in legacy[1].days[str(LAST)]}
    for day, lines in legacy[1].days.items():
        theirs, ours = new[1].days[day], lines
        assert amounts(ours) == amounts(theirs)
        # As booked, each line is rounded by itself: so many lines, so many halves of a nano-unit at most.
        nano, others = booked(ours), booked(theirs)
        for place, (total, count) in others.items():
            assert abs(nano[place][0] - total) * 2 <= nano[place][1] + count


def amounts(lines: tuple[CostLine, ...]) -> dict[tuple[str, str, str, str], Decimal]:
    """What the report says, exactly, by workspace, model, tier and meter."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for line in lines:
        found[line.project, line.model, line.service_tier, line.meter] += Decimal(line.amount_text)  # type: ignore[assignment]
    return dict(found)  # type: ignore[arg-type]


def booked(lines: tuple[CostLine, ...]) -> dict[tuple[str, str], tuple[int, int]]:
    """Nano-units by workspace and model, and of how many lines."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for line in lines:
        nano, count = found.get((line.project, line.model), (0, 0))
        found[line.project, line.model] = (nano + line.amount_nano, count + 1)
    return found
