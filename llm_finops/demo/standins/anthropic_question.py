"""A question to Anthropic's analytics reports, as its stand-in reads it: parameters, limits, and refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from llm_finops.demo.standins import cursors
from llm_finops.demo.standins.reports import LOOK_BACK, WIDTHS_S
from llm_finops.demo.standins.server import Call

DIMENSIONS = tuple(
    """actor actor_type agent_id api_key_id claude_tag_category claude_tag_user_id context_window deployment_id
    environment_id inference_geo model organization_id product rbac_group_id service_tier session_id
    slack_channel_id speed user_profile_id workspace_id""".split()
)
FAN_OUT = ("cost_type", "token_type")  # of costs; they count neither in the five, nor in `limit`
ORDERS = {
    "usage": ("total_tokens", "output_tokens", "uncached_input_tokens", "requests", "time"),
    "cost": ("amount", "list_amount", "time"),
}

_GROUPS_MAX = 5
_SPAN_MAX = {"1d": timedelta(days=31), "1h": timedelta(days=31), "1m": timedelta(days=1)}
_PLAIN = (
    "starting_at",
    "ending_at",
    "time_bucket_width",
    "limit",
    "order_by",
    "order",
    "page",
    "exclude_deleted_users",
)
_FILTERS = {"claude_tag_categories" if n == "claude_tag_category" else f"{n}s": n for n in DIMENSIONS}


class RefusalError(Exception):
    """A question Anthropic does not answer, with the type of its error and the status."""

    def __init__(self, message: str, kind: str = "invalid_request_error", status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


@dataclass(frozen=True)
class Question:
    """A question, read. `width` in seconds, None for one sum over all; `now` is when its first page was asked for."""

    report: str
    start: datetime
    end: datetime
    width: int | None
    group_by: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]]
    limit: int
    order_by: str
    descending: bool
    offset: int
    now: datetime
    number: int


def read_question(call: Call, report: str, now: datetime, since: datetime) -> Question:
    """The question of a call to a report (`usage` or `cost`); there is no data from before `since`.

    RefusalError as Anthropic would refuse it.
    """
    for name, _ in call.query:
        if name.removesuffix("[]") not in {*_PLAIN, "group_by", *_FILTERS}:
            raise RefusalError(f"{name}: Extra inputs are not permitted")
    number = crc32(repr(sorted(pair for pair in call.query if pair[0] != "page")).encode())
    offset, now = _page(call, number, now)
    start, end = _span(call, now, since)
    width = call.one("time_bucket_width")
    order_by = call.one("order_by") or ORDERS[report][0]
    order = call.one("order") or "desc"
    if order_by not in ORDERS[report] or order not in {"asc", "desc"}:
        raise RefusalError(f"order_by, order: expected {', '.join(ORDERS[report])}; asc or desc")
    return Question(
        report,
        start,
        end,
        WIDTHS_S[width] if width else None,
        _groups(call, report),
        {name: values for many, name in _FILTERS.items() if (values := call.many(many))},
        _limit(call),
        order_by,
        order == "desc",
        offset,
        now,
        number,
    )


def _groups(call: Call, report: str) -> tuple[str, ...]:
    groups = call.many("group_by")
    allowed = (*DIMENSIONS, *FAN_OUT) if report == "cost" else DIMENSIONS
    if unknown := [name for name in groups if name not in allowed]:
        raise RefusalError(f"group_by: unexpected value {unknown[0]!r}")
    if len([name for name in groups if name not in FAN_OUT]) > _GROUPS_MAX:
        raise RefusalError(f"group_by: at most {_GROUPS_MAX} dimensions")
    return groups


def _limit(call: Call) -> int:
    text = call.one("limit") or "20"
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise RefusalError(f"limit: expected 1 to 1000, saw {text}")
    return int(text)


def _span(call: Call, now: datetime, since: datetime) -> tuple[datetime, datetime]:
    width = call.one("time_bucket_width")
    if width is not None and width not in WIDTHS_S:
        raise RefusalError(f"time_bucket_width: expected 1d, 1h or 1m, saw {width}")
    start = instant(call, "starting_at")
    if start is None:
        raise RefusalError("starting_at: Field required")
    end = instant(call, "ending_at")
    if end is None and width is not None:
        raise RefusalError("ending_at: Field required when time_bucket_width is set")
    most = _SPAN_MAX[width or "1d"]
    end = end or min(now, start + most)
    if end <= start or end - start > most:
        raise RefusalError(f"ending_at: must be after starting_at, by at most {most}")
    if start < max(since, now - LOOK_BACK - timedelta(days=1)):
        raise RefusalError(f"starting_at: must be within the last 365 days, and not before {since.date()}")
    if width is None:
        start, end = (at.replace(minute=0, second=0, microsecond=0) for at in (start, end))
    return start, min(end, now)


def instant(call: Call, name: str) -> datetime | None:
    """A moment of the query, with its zone; None where it is not there."""
    text = call.one(name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise RefusalError(f"{name}: expected an RFC 3339 date and time, saw {text!r}") from None
    if at.tzinfo is None:
        raise RefusalError(f"{name}: expected a date and time with its zone, saw {text!r}")
    return at.astimezone(UTC)


def _page(call: Call, number: int, now: datetime) -> tuple[int, datetime]:
    """Where the page starts, and the time its set stands for: later pages answer as of the first."""
    cursor = call.one("page")
    if cursor is None:
        return 0, now
    try:
        offset, at, asked = cursors.read(cursor)
    except ValueError:
        offset, at, asked = 0, 0, None
    if asked != number:
        raise RefusalError("page: not a cursor of this question")
    return int(offset), datetime.fromtimestamp(at, UTC)
