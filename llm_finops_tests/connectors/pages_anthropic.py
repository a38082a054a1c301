"""Anthropic's pages, as its SDK's types show them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from llm_finops_tests.connectors import pages
from llm_finops_tests.connectors.server import Reply, Request, said

_DIMENSIONS = (
    "actor actor_type agent_id api_key_id claude_tag_category claude_tag_user_id context_window deployment_id"
    " environment_id inference_geo model organization_id product rbac_group_id service_tier session_id"
    " slack_channel_id speed user_profile_id workspace_id"
).split()


def group(**fields: Any) -> dict[str, Any]:
    named = {
        "api_key_id": "apikey_01Rj",
        "model": "claude-opus-5-5",
        "service_tier": "standard",
        "context_window": "0-200k",
        "workspace_id": "wrkspc_01Jw",
    }
    return {**dict.fromkeys(_DIMENSIONS), **named, **fields}


def _row(day: str, of: dict[str, Any]) -> dict[str, Any]:
    until = date.fromisoformat(day) + timedelta(days=1)
    return {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{until}T00:00:00Z", "group": of}


def usage_row(day: str, of: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The documented example: 1.5 million uncached, of 2,224,000 in all."""
    usage = {
        "uncached_input_tokens": 1_500_000,
        "cache_read_input_tokens": 200_000,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 24_000},
        "output_tokens": 500_000,
        "server_tool_use": {"web_search_requests": 3},
        "requests": 812,
        "total_tokens": 2_224_000,
        **fields,
    }
    return {**_row(day, of or group()), "usage": usage}


def cost_row(day: str, amount: Any = "123.45", of: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    cost = {"amount": amount, "list_amount": "137.1667", "currency": "USD", "requests": None, **fields}
    return {**_row(day, of or group(cost_type="tokens", token_type="output_tokens")), "cost": cost}


def page(rows: list[dict[str, Any]], cursor: str | None = None) -> dict[str, Any]:
    return {"data": rows, "has_more": cursor is not None, "next_page": cursor, "data_refreshed_at": None}


def legacy_usage_row(**fields: Any) -> dict[str, Any]:
    """The documented example of the older report."""
    return {
        "uncached_input_tokens": 1500,
        "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
        "cache_read_input_tokens": 200,
        "output_tokens": 500,
        "server_tool_use": {"web_search_requests": 10},
        "account_id": None,
        "service_account_id": None,
        "api_key_id": "apikey_01Rj",
        "workspace_id": "wrkspc_01Jw",
        "model": "claude-opus-5-5",
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": None,
        **fields,
    }


def legacy_cost_row(amount: Any = "123.78912", **fields: Any) -> dict[str, Any]:
    return {
        "amount": amount,
        "currency": "USD",
        "workspace_id": "wrkspc_01Jw",
        "description": "Claude Opus 5.5 Usage - Input Tokens",
        "cost_type": "tokens",
        "model": "claude-opus-5-5",
        "service_tier": "standard",
        "token_type": "uncached_input_tokens",
        "context_window": "0-200k",
        "inference_geo": "global",
        **fields,
    }


def bucket(day: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    until = date.fromisoformat(day) + timedelta(days=1)
    return {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{until}T00:00:00Z", "results": rows}


def buckets(found: list[dict[str, Any]], cursor: str | None = None) -> dict[str, Any]:
    return {"data": found, "has_more": cursor is not None, "next_page": cursor}


NO_SUCH = {"type": "error", "error": {"type": "not_found_error", "message": "Not found", "code": "some_code"}}


class AnthropicPages:
    cursor_field = "next_page"
    currency = "USD"
    reports: Sequence[str] = ("usage", "costs", "legacy usage", "legacy costs")
    together: Sequence[str] = ()
    optional: Collection[str] = ()
    _paths: Mapping[str, str] = {
        "analytics/usage": "usage",
        "analytics/cost": "costs",
        "usage_report/messages": "legacy usage",
        "cost_report": "legacy costs",
    }

    def question(self, request: Request) -> pages.Question:
        first, until = (str(request.get(name))[:10] for name in ("starting_at", "ending_at"))
        report = self._paths[request.path.removeprefix("/v1/organizations/")]
        return pages.Question(report, first, until, request.get("page"))

    def page(self, report: str, days: Mapping[str, Sequence[str]], cursor: str | None) -> dict[str, Any]:
        if report.startswith("legacy"):
            row = self._legacy_usage if report == "legacy usage" else self._legacy_cost
            return buckets([bucket(day, [row(kind) for kind in kinds]) for day, kinds in days.items()], cursor)
        made = self._usage if report == "usage" else self._cost
        return page([made(day, kind) for day, kinds in days.items() for kind in kinds], cursor)

    def plain(self, report: str) -> int:
        usage = {"usage": 2_224_000 + 3, "legacy usage": 3_700 + 10}  # tokens and searches
        return usage.get(report) or {"costs": 1_234_500_000, "legacy costs": 1_237_891_200}[report]

    def beside(self, report: str, question: pages.Question) -> Reply:
        return said(NO_SUCH, 404)  # each organization here has one interface of the two

    def _usage(self, day: str, kind: str) -> dict[str, Any]:
        row = usage_row(day)
        _spoil_usage(row["usage"], kind)
        return row

    def _cost(self, day: str, kind: str) -> dict[str, Any]:
        row = cost_row(day)
        _spoil_cost(row["cost"], kind)
        return row

    def _legacy_usage(self, kind: str) -> dict[str, Any]:
        row = legacy_usage_row()
        _spoil_usage(row, kind)
        return row

    def _legacy_cost(self, kind: str) -> dict[str, Any]:
        row = legacy_cost_row()
        _spoil_cost(row, kind)
        return row


def _spoil_usage(fields: dict[str, Any], kind: str) -> None:
    if kind == pages.NO_FIELD:
        del fields["cache_creation"]["ephemeral_1h_input_tokens"]
    wrong: dict[str, dict[str, Any]] = {
        pages.UNKNOWN_FIELD: {"brand_new": 1},
        pages.UNREADABLE: {"output_tokens": "500_000"},
        pages.NEGATIVE: {"cache_read_input_tokens": -5},
    }
    fields.update(wrong.get(kind, {}))


def _spoil_cost(fields: dict[str, Any], kind: str) -> None:
    if kind == pages.NO_FIELD:
        del fields["amount"]
    wrong: dict[str, dict[str, Any]] = {
        pages.UNKNOWN_FIELD: {"brand_new": 1},
        pages.UNREADABLE: {"amount": "$1.25"},
    }
    fields.update(wrong.get(kind, {}))


PAGES: pages.Pages = AnthropicPages()
