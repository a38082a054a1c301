"""OpenAI's pages, as its specification and its live answers show them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from llm_finops_tests.connectors import pages
from llm_finops_tests.connectors.server import Reply, Request, said


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


# Report -> its object's name, the quantities of its rows and the dimensions they are grouped by.
_BY_MODEL = ("project_id", "user_id", "api_key_id", "model")
COUNTS: dict[str, tuple[str, dict[str, int], tuple[str, ...]]] = {
    "embeddings": ("embeddings", {"input_tokens": 900, "num_model_requests": 9}, _BY_MODEL),
    "moderations": ("moderations", {"input_tokens": 70, "num_model_requests": 7}, _BY_MODEL),
    "images": ("images", {"images": 3, "num_model_requests": 2}, (*_BY_MODEL, "size", "source")),
    "audio_speeches": ("audio_speeches", {"characters": 45, "num_model_requests": 1}, _BY_MODEL),
    "audio_transcriptions": ("audio_transcriptions", {"seconds": 20, "num_model_requests": 1}, _BY_MODEL),
    "vector_stores": ("vector_stores", {"usage_bytes": 1024}, ("project_id",)),
    "code_interpreter_sessions": ("code_interpreter_sessions", {"num_sessions": 1}, ("project_id",)),
    "file_search_calls": (
        "file_searches",
        {"num_requests": 2},
        ("project_id", "user_id", "api_key_id", "vector_store_id"),
    ),
    "web_search_calls": (
        "web_searches",
        {"num_requests": 5, "num_model_requests": 2},
        (*_BY_MODEL, "context_level"),
    ),
}
_NAMED = {"project_id": "proj_abc", "api_key_id": "key_Xy12", "model": "some-model-1"}


def count_row(report: str, **fields: Any) -> dict[str, Any]:
    """The specification's example of a report that counts one thing, grouped by project, key and model."""
    name, counts, dimensions = COUNTS[report]
    named = {dimension: _NAMED.get(dimension) for dimension in dimensions}
    return {"object": f"organization.usage.{name}.result", **counts, **named, **fields}


class OpenAIPages:
    cursor_field = "next_page"
    currency = "USD"
    together: Sequence[str] = ("usage/completions", *(f"usage/{name}" for name in COUNTS))
    reports: Sequence[str] = (*together, "costs")
    optional: Collection[str] = frozenset(f"usage/{name}" for name in COUNTS)

    def question(self, request: Request) -> pages.Question:
        first, until = (
            datetime.fromtimestamp(int(request.get(name) or ""), UTC).date().isoformat()
            for name in ("start_time", "end_time")
        )
        return pages.Question(request.path.partition("/organization/")[2], first, until, request.get("page"))

    def page(self, report: str, days: Mapping[str, Sequence[str]], cursor: str | None) -> dict[str, Any]:
        return page([bucket(day, [self._row(report, kind) for kind in kinds]) for day, kinds in days.items()], cursor)

    def plain(self, report: str) -> int:
        if report == "costs":
            return 1_250_000_000
        return 1500 if report == "usage/completions" else _booked(report)[1]

    def beside(self, report: str, question: pages.Question) -> Reply:
        return said(page([bucket(day, []) for day in pages.days_of(question)]))

    def _row(self, report: str, kind: str) -> dict[str, Any]:
        if report == "costs":
            return self._cost(kind)
        completions = report == "usage/completions"
        row = usage_row() if completions else count_row(report.removeprefix("usage/"))
        field = "output_tokens" if completions else _booked(report)[0]
        if kind == pages.NO_FIELD:
            del row[field]
        wrong: dict[str, dict[str, Any]] = {
            pages.UNKNOWN_FIELD: {"brand_new": 1},
            pages.UNREADABLE: {field: "1,000"},
            pages.NEGATIVE: {"input_cached_tokens" if completions else field: -5},
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


def _booked(report: str) -> tuple[str, int]:
    """The first quantity of a report's rows: the one that is booked."""
    return next(iter(COUNTS[report.removeprefix("usage/")][1].items()))


PAGES: pages.Pages = OpenAIPages()
