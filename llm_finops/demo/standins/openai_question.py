"""A question to OpenAI's reports, as its stand-in reads it: parameters, their limits, and how OpenAI refuses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from llm_finops.demo.standins import cursors
from llm_finops.demo.standins.reports import LOOK_BACK, WIDTHS_S
from llm_finops.demo.standins.server import Call

USAGE, COSTS = "usage/completions", "costs"
_BY_MODEL = ("project_id", "user_id", "api_key_id", "model")
GROUPS = {
    USAGE: (*_BY_MODEL, "batch", "service_tier", "api_source"),
    COSTS: ("project_id", "line_item", "api_key_id"),
    **dict.fromkeys(
        ("usage/embeddings", "usage/moderations", "usage/audio_speeches", "usage/audio_transcriptions"), _BY_MODEL
    ),
    "usage/images": (*_BY_MODEL, "size", "source"),
    "usage/vector_stores": ("project_id",),
    "usage/code_interpreter_sessions": ("project_id",),
    "usage/file_search_calls": ("project_id", "user_id", "api_key_id", "vector_store_id"),
    "usage/web_search_calls": (*_BY_MODEL, "context_level"),
}
REPORTS = frozenset(GROUPS)
_NO_FILTERS = ("batch", "service_tier", "api_source")
_BUCKETS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)}  # default and most, by width
_COST_BUCKETS = (7, 180)
_PLAIN = ("start_time", "end_time", "bucket_width", "limit", "page")


class RefusalError(Exception):
    """A question OpenAI does not answer, with the fields of its error."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "type": "invalid_request_error", "param": param, "code": code}


@dataclass(frozen=True)
class Question:
    """A question, read. Times are Unix seconds; `at` is where the page begins."""

    report: str
    at: int
    end: int
    width: int
    limit: int
    group_by: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    batch: str | None
    now: datetime
    question: int


def read_question(call: Call, name: str, now: datetime) -> Question:
    """The question of a call to a report. RefusalError as OpenAI would refuse it."""
    groups = GROUPS[name]
    filters = {f"{dimension}s": dimension for dimension in groups if dimension not in _NO_FILTERS}
    plain = {*_PLAIN, "batch"} if name == USAGE else _PLAIN
    for key, _ in call.query:
        if key.removesuffix("[]") not in {*plain, "group_by", *filters}:
            raise RefusalError(f"Unknown parameter: '{key}'.", key, "unknown_parameter")
    group_by = call.many("group_by")
    for dimension in group_by:
        if dimension not in groups:
            raise RefusalError(
                f"Invalid value: '{dimension}'. Supported values are: {groups}.", "group_by", "invalid_value"
            )
    width, limit = _width(call, name)
    start, end = _whole(call, "start_time"), _whole(call, "end_time", int(now.timestamp()))
    _check_start(start, now)
    question = crc32(repr(sorted(pair for pair in call.query if pair[0] != "page")).encode())
    return Question(
        name,
        _page(call, question, start),
        min(end, int(now.timestamp())),
        width,
        limit,
        group_by,
        {dimension: values for many, dimension in filters.items() if (values := call.many(many))},
        call.one("batch"),
        now,
        question,
    )


def _width(call: Call, name: str) -> tuple[int, int]:
    """The width of a bucket in seconds, and how many come on a page."""
    width = call.one("bucket_width") or "1d"
    if width not in _BUCKETS or (name == COSTS and width != "1d"):
        raise RefusalError(f"Invalid value: '{width}'.", "bucket_width", "invalid_value")
    usual, most = _COST_BUCKETS if name == COSTS else _BUCKETS[width]
    limit = _whole(call, "limit", usual)
    if not 1 <= limit <= most:
        raise RefusalError(f"Invalid 'limit': expected 1 to {most}, saw {limit}.", "limit", "invalid_value")
    return WIDTHS_S[width], limit


def _whole(call: Call, name: str, default: int | None = None) -> int:
    text = call.one(name)
    if text is None:
        if default is None:
            raise RefusalError(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
        return default
    if not (text.isascii() and text.isdigit()):
        raise RefusalError(f"Invalid type for '{name}': expected an integer.", name, "invalid_type")
    return int(text)


def _check_start(start: int, now: datetime) -> None:
    earliest = (now - LOOK_BACK).date()
    if datetime.fromtimestamp(start, UTC).date() < earliest:
        raise RefusalError(
            "Usage and cost data are available for the past year. "
            f"Earliest supported start date: {earliest.isoformat()} (UTC).",
            "start_time",
            "reporting_lookback_exceeded",
        )


def _page(call: Call, question: int, start: int) -> int:
    cursor = call.one("page")
    if cursor is None:
        return start
    try:
        at, asked = cursors.read(cursor)
    except ValueError:
        at, asked = 0, None
    if asked != question:
        raise RefusalError("Invalid 'page': it is no cursor of this question.", "page", "invalid_value")
    return int(at)
