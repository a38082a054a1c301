"""Anthropic's usage and cost reports, as its stand-in answers them: rows, ordered and cut into pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from llm_finops.demo.keys import ANTHROPIC
from llm_finops.demo.prices import METERS, list_price, price
from llm_finops.demo.standins import cursors
from llm_finops.demo.standins.anthropic_question import DIMENSIONS, FAN_OUT, Question, read_question
from llm_finops.demo.standins.reports import Cell, Sums, add, buckets, decimal, nothing, requests_in, seen
from llm_finops.demo.standins.server import Call

_TOKEN_TYPES = (  # by METERS
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
    "output_tokens",
)
_GRAIN_DIGITS = 13  # a grain is 1e-13 cents
_DAY_S = 86_400

Place = tuple[int, int]  # a bucket, in Unix seconds
Dimensions = tuple[str | None, ...]
Money = list[int]  # grains charged, grains at list price


class _Row:
    """What one row is of: a bucket and a value for each dimension; its sums, and its money by (type, token type)."""

    def __init__(self, place: Place, group: Dimensions) -> None:
        self.place = place
        self.group = group
        self.sums: Sums = nothing()
        self.money: dict[tuple[str | None, str | None], Money] = {}

    def measure(self, name: str) -> int:
        """The figure that rows are ordered by."""
        figures = {
            "time": self.place[0],
            "requests": requests_in(self.sums),
            "total_tokens": sum(self.sums[: len(METERS)]),
            "uncached_input_tokens": self.sums[0],
            "output_tokens": self.sums[len(METERS) - 1],
            "amount": sum(money[0] for money in self.money.values()),
            "list_amount": sum(money[1] for money in self.money.values()),
        }
        return figures[name]


def report(call: Call, name: str, now: datetime, since: datetime) -> dict[str, Any]:
    """One page of `usage` or `cost`, which begin at `since`. RefusalError as Anthropic would."""
    asked = read_question(call, name, now, since)
    rows = sorted(_rows(asked), key=lambda row: row.measure(asked.order_by), reverse=asked.descending)
    until = asked.offset + asked.limit
    shown = _usage_row if name == "usage" else _cost_rows
    data = [line for row in rows[asked.offset : until] for line in shown(asked, row)]
    more = until < len(rows)
    cursor = cursors.written([until, int(asked.now.timestamp()), asked.number]) if more else None
    fresh = _text(int((asked.now - timedelta(minutes=5)).timestamp()))
    return {"data": data, "has_more": more, "next_page": cursor, "data_refreshed_at": fresh}


def _rows(asked: Question) -> list[_Row]:
    rows: dict[tuple[Place, Dimensions], _Row] = {}
    start, end = int(asked.start.timestamp()), int(asked.end.timestamp())
    for at, until in buckets(start, end, min(asked.width or _DAY_S, _DAY_S)):
        place = (at, until) if asked.width else (start, end)
        for cell, sums in seen(ANTHROPIC, at, until, asked.now).items():
            dimensions = _dimensions(cell)
            if all((dimensions[name] or "") in values for name, values in asked.filters.items()):
                group = tuple(dimensions[name] if name in asked.group_by else None for name in DIMENSIONS)
                row = rows.setdefault((place, group), _Row(place, group))
                add(row.sums, sums)
                _charge(asked, row, cell, sums, datetime.fromtimestamp(at, UTC))
    return list(rows.values())


def _dimensions(cell: Cell) -> dict[str, str | None]:
    known = {
        "api_key_id": cell.key,
        "context_window": "0-200k",
        "inference_geo": "global",
        "model": cell.model,
        "product": "message_batches_api" if cell.tier == "batch" else "messages_api",
        "service_tier": cell.tier,
        "speed": "standard",
        "workspace_id": cell.project,
    }
    return {name: known.get(name) for name in DIMENSIONS}


def _charge(asked: Question, row: _Row, cell: Cell, sums: Sums, day: datetime) -> None:
    for meter, token_type, tokens in zip(METERS, _TOKEN_TYPES, sums, strict=False):
        if tokens:
            kind = "tokens" if "cost_type" in asked.group_by else None
            money = row.money.setdefault((kind, token_type if "token_type" in asked.group_by else None), [0, 0])
            money[0] += tokens * price(ANTHROPIC, cell.model, cell.tier, meter, day.date())
            money[1] += tokens * list_price(ANTHROPIC, cell.model, cell.tier, meter)


def _usage_row(_: Question, row: _Row) -> Iterator[dict[str, Any]]:
    uncached, read, written_5m, written_1h, output, *_rest = row.sums
    usage = {
        "uncached_input_tokens": uncached,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written_5m, "ephemeral_1h_input_tokens": written_1h},
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": 0},
        "requests": requests_in(row.sums),
        "total_tokens": sum(row.sums[: len(METERS)]),
    }
    yield {**_place(row), "group": dict(zip(DIMENSIONS, row.group, strict=True)), "usage": usage}


def _cost_rows(asked: Question, row: _Row) -> Iterator[dict[str, Any]]:
    fanned_out = any(name in asked.group_by for name in FAN_OUT)
    for (cost_type, token_type), (amount, at_list) in row.money.items():
        group = {**dict(zip(DIMENSIONS, row.group, strict=True)), "cost_type": cost_type, "token_type": token_type}
        cost = {
            "amount": decimal(amount, _GRAIN_DIGITS),
            "list_amount": decimal(at_list, _GRAIN_DIGITS),
            "currency": "USD",
            "requests": None if fanned_out else requests_in(row.sums),
        }
        yield {**_place(row), "group": dict(sorted(group.items())), "cost": cost}


def _place(row: _Row) -> dict[str, str]:
    return {"starting_at": _text(row.place[0]), "ending_at": _text(row.place[1])}


def _text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
