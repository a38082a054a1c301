"""Anthropic's pages, as its SDK's types show them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from llm_finops_tests.connectors import pages
from llm_finops_tests.connectors.server import Reply, Request

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


class AnthropicPages:
    cursor_field = "next_page"
    currency = "USD"
    reports: Sequence[str] = ("usage", "costs")
    optional: Collection[str] = ()

    def question(self, request: Request) -> pages.Question:
        first, until = (str(request.get(name))[:10] for name in ("starting_at", "ending_at"))
        return pages.Question("costs" if request.path.endswith("cost") else "usage", first, until, request.get("page"))

    def page(self, report: str, days: Mapping[str, Sequence[str]], cursor: str | None) -> dict[str, Any]:
        row = self._usage if report == "usage" else self._cost
        return page([row(day, kind) for day, kinds in days.items() for kind in kinds], cursor)

    def plain(self, report: str) -> int:
        return 2_224_000 + 3 if report == "usage" else 1_234_500_000  # three searches

    def beside(self, report: str, question: pages.Question) -> Reply:
        raise AssertionError(f"{question.report} was asked for beside {report}")

    def _usage(self, day: str, kind: str) -> dict[str, Any]:
        row = usage_row(day)
        if kind == pages.NO_FIELD:
            del row["usage"]["cache_creation"]["ephemeral_1h_input_tokens"]
        wrong: dict[str, dict[str, Any]] = {
            pages.UNKNOWN_FIELD: {"brand_new": 1},
            pages.UNREADABLE: {"output_tokens": "500_000"},
            pages.NEGATIVE: {"cache_read_input_tokens": -5},
        }
        row["usage"].update(wrong.get(kind, {}))
        return row

    def _cost(self, day: str, kind: str) -> dict[str, Any]:
        row = cost_row(day)
        if kind == pages.NO_FIELD:
            del row["cost"]["amount"]
        wrong = {pages.UNKNOWN_FIELD: {"brand_new": 1}, pages.UNREADABLE: {"amount": "$1.25"}}
        row["cost"].update(wrong.get(kind, {}))
        return row


PAGES: pages.Pages = AnthropicPages()
