"""Anthropic's older usage and cost reports, as its stand-in answers them: day buckets, the default workspace null."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zlib import crc32

from llm_finops.demo.keys import ANTHROPIC, DEFAULT, HAIKU, OPUS, SONNET
from llm_finops.demo.prices import METERS, price
from llm_finops.demo.standins import cursors
from llm_finops.demo.standins.anthropic_question import RefusalError, instant
from llm_finops.demo.standins.reports import WIDTHS_S, Cell, Sums, add, buckets, decimal, nothing, seen
from llm_finops.demo.standins.server import Call

USAGE, COST = REPORTS = ("usage_report/messages", "cost_report")

_GROUPS = {
    USAGE: tuple(
        "account_id api_key_id context_window inference_geo model service_account_id service_tier workspace_id".split()
    ),
    COST: ("workspace_id", "description"),
}
_GROUPS_MAX = 7  # as seen: all eight together are refused
_BUCKETS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)}  # default and most, by width
_NAMES = {SONNET: "Claude Sonnet 4.5", HAIKU: "Claude Haiku 4.5", OPUS: "Claude Opus 4.1"}
_TOKEN_TYPES = (  # by METERS, with the words of a description
    ("uncached_input_tokens", "Input Tokens"),
    ("cache_read_input_tokens", "Input Tokens, Cache Read"),
    ("cache_creation.ephemeral_5m_input_tokens", "Input Tokens, Cache Write"),
    ("cache_creation.ephemeral_1h_input_tokens", "Input Tokens, Cache Write 1h"),
    ("output_tokens", "Output Tokens"),
)
_GRAIN_DIGITS = 13  # a grain is 1e-13 cents

Dimensions = dict[str, str | None]


@dataclass(frozen=True)
class _Question:
    report: str
    at: int
    end: int
    width: int
    limit: int
    group_by: tuple[str, ...]
    now: datetime
    number: int


def report(call: Call, name: str, now: datetime) -> dict[str, Any]:
    """One page of a report. RefusalError as Anthropic would."""
    asked = _question(call, name, now)
    data: list[dict[str, Any]] = []
    at = asked.at
    for start, until in buckets(asked.at, asked.end, asked.width):
        if len(data) == asked.limit:
            break
        results = list(_usage(asked, start, until) if name == USAGE else _costs(asked, start, until))
        data.append({"starting_at": _text(start), "ending_at": _text(until), "results": results})
        at = until
    more = at < asked.end
    return {"data": data, "has_more": more, "next_page": cursors.written([at, asked.number]) if more else None}


def _question(call: Call, name: str, now: datetime) -> _Question:
    width = call.one("bucket_width") or "1d"
    if width not in _BUCKETS or (name == COST and width != "1d"):
        raise RefusalError(f"bucket_width: unexpected value {width!r}")
    usual, most = _BUCKETS[width]
    text = call.one("limit") or str(usual)
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise RefusalError(f"limit: expected 1 to {most}, saw {text}")
    groups = call.many("group_by")
    if unknown := [group for group in groups if group not in _GROUPS[name]]:
        raise RefusalError(f"group_by: unexpected value {unknown[0]!r}")
    if len(groups) > _GROUPS_MAX:
        raise RefusalError("group_by: too many dimensions")
    start, end = instant(call, "starting_at"), instant(call, "ending_at") or now
    if start is None:
        raise RefusalError("starting_at: Field required")
    number = crc32(repr(sorted(pair for pair in call.query if pair[0] != "page")).encode())
    at = _page(call, number, int(start.timestamp()) // WIDTHS_S[width] * WIDTHS_S[width])
    return _Question(name, at, int(min(end, now).timestamp()), WIDTHS_S[width], int(text), tuple(groups), now, number)


def _page(call: Call, number: int, start: int) -> int:
    cursor = call.one("page")
    if cursor is None:
        return start
    try:
        at, asked = cursors.read(cursor)
    except ValueError:
        at, asked = 0, None
    if asked != number:
        raise RefusalError("page: not a cursor of this question")
    return int(at)


def _usage(asked: _Question, start: int, until: int) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[str | None, ...], Sums] = {}
    for cell, sums in seen(ANTHROPIC, start, until, asked.now).items():
        named = _dimensions(cell)
        add(groups.setdefault(_grouped(asked, named), nothing()), sums)
    for group, sums in groups.items():
        uncached, read, written_5m, written_1h, output, *_ = sums
        yield {
            "uncached_input_tokens": uncached,
            "cache_creation": {"ephemeral_1h_input_tokens": written_1h, "ephemeral_5m_input_tokens": written_5m},
            "cache_read_input_tokens": read,
            "output_tokens": output,
            "server_tool_use": {"web_search_requests": 0},
            **dict(zip(_GROUPS[USAGE], group, strict=True)),
        }


def _costs(asked: _Question, start: int, until: int) -> Iterator[dict[str, Any]]:
    day = datetime.fromtimestamp(start, UTC).date()
    itemised = "description" in asked.group_by
    grains: dict[tuple[tuple[str, str | None], ...], int] = {}
    for cell, sums in seen(ANTHROPIC, start, until, asked.now).items():
        for meter, kind, tokens in zip(METERS, _TOKEN_TYPES, sums, strict=False):
            if tokens:
                named = _item(cell, kind, itemised=itemised)
                workspace = _workspace(cell) if "workspace_id" in asked.group_by else None
                key = tuple({"workspace_id": workspace, **named}.items())
                grains[key] = grains.get(key, 0) + tokens * _price(cell, meter, day)
    for key, amount in grains.items():
        yield {"amount": decimal(amount, _GRAIN_DIGITS), "currency": "USD", **dict(key)}


def _price(cell: Cell, meter: str, day: date) -> int:
    return price(ANTHROPIC, cell.model, cell.tier, meter, day)


def _item(cell: Cell, kind: tuple[str, str], *, itemised: bool) -> Dimensions:
    token_type, words = kind
    batch = " (Batch)" if cell.tier == "batch" else ""
    item = {
        "description": f"{_NAMES[cell.model]} Usage{batch} - {words}",
        "cost_type": "tokens",
        "model": cell.model,
        "service_tier": cell.tier,
        "token_type": token_type,
        "context_window": "0-200k",
        "inference_geo": "global",
    }
    return {name: value if itemised else None for name, value in item.items()}


def _dimensions(cell: Cell) -> Dimensions:
    return {
        "account_id": None,
        "api_key_id": cell.key,
        "context_window": "0-200k",
        "inference_geo": "global",
        "model": cell.model,
        "service_account_id": None,
        "service_tier": cell.tier,
        "workspace_id": _workspace(cell),
    }


def _workspace(cell: Cell) -> str | None:
    return None if cell.project == DEFAULT.id else cell.project


def _grouped(asked: _Question, named: Dimensions) -> tuple[str | None, ...]:
    return tuple(named[name] if name in asked.group_by else None for name in _GROUPS[asked.report])


def _text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
