"""OpenAI's pages, as its specification and its live answers show them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from llm_finops_tests.connectors import pages
from llm_finops_tests.connectors.server import Request


def usage_row(**fields: Any) -> dict[str, Any]:
    """The specification's example: every field."""
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": 1000,
        "input_cached_tokens": 400,
        "input_cache_write_tokens": 100,
        "input_uncached_tokens": 500,
        "output_tokens": 500,
        "input_text_tokens": 400,
        "output_text_tokens": 400,
        "input_cached_text_tokens": 300,
        "input_audio_tokens": 50,
        "input_cached_audio_tokens": 50,
        "output_audio_tokens": 50,
        "input_image_tokens": 50,
        "input_cached_image_tokens": 50,
        "output_image_tokens": 50,
        "num_model_requests": 5,
        "project_id": "proj_abc",
        "user_id": None,
        "api_key_id": "key_Xy12",
        "model": "gpt-5.6-luna",
        "batch": False,
        "service_tier": "default",
        **fields,
    }


def cost_row(value: Any = "1.2500000000", **fields: Any) -> dict[str, Any]:
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": "gpt-5.6-luna, input",
        "project_id": "proj_abc",
        "api_key_id": "key_Xy12",
        "quantity": 1_000_000,
        "quantity_unit": "tokens",
        **fields,
    }


def unix(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def bucket(day: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "bucket", "start_time": unix(day), "end_time": unix(day) + 86_400, "results": rows}


def page(buckets: list[dict[str, Any]], cursor: str | None = None) -> dict[str, Any]:
    return {"object": "page", "data": buckets, "has_more": cursor is not None, "next_page": cursor}


class OpenAIPages:
    cursor_field = "next_page"
    tokens = 1500
    nano = 1_250_000_000
    currency = "USD"

    def question(self, request: Request) -> pages.Question:
        first, until = (
            datetime.fromtimestamp(int(request.get(name) or ""), UTC).date().isoformat()
            for name in ("start_time", "end_time")
        )
        return pages.Question("costs" if request.path.endswith("costs") else "usage", first, until, request.get("page"))

    def page(self, report: str, days: Mapping[str, Sequence[str]], cursor: str | None) -> dict[str, Any]:
        row = self._usage if report == "usage" else self._cost
        return page([bucket(day, [row(kind) for kind in kinds]) for day, kinds in days.items()], cursor)

    def _usage(self, kind: str) -> dict[str, Any]:
        row = usage_row()
        if kind == pages.NO_FIELD:
            del row["output_tokens"]
        wrong: dict[str, dict[str, Any]] = {
            pages.UNKNOWN_FIELD: {"brand_new": 1},
            pages.UNREADABLE: {"input_tokens": "1,000"},
            pages.NEGATIVE: {"input_cached_tokens": -5},
        }
        return {**row, **wrong.get(kind, {})}

    def _cost(self, kind: str) -> dict[str, Any]:
        row = cost_row()
        if kind == pages.NO_FIELD:
            del row["amount"]
        wrong: dict[str, dict[str, Any]] = {
            pages.UNKNOWN_FIELD: {"brand_new": 1},
            pages.UNREADABLE: {"amount": {"value": "$1.25", "currency": "usd"}},
        }
        return {**row, **wrong.get(kind, {})}


PAGES: pages.Pages = OpenAIPages()
