"""OpenAI's usage and costs reports, as its stand-in answers them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from llm_finops.demo.keys import BATCH, OPENAI
from llm_finops.demo.prices import METERS, price
from llm_finops.demo.standins import cursors
from llm_finops.demo.standins.openai_counts import SHAPES, Work, rows
from llm_finops.demo.standins.openai_question import (
    COSTS,
    GROUPS,
    USAGE,
    Question,
    RefusalError,
    read_question,
)
from llm_finops.demo.standins.reports import Cell, Sums, add, buckets, decimal, nothing, requests_in, seen
from llm_finops.demo.standins.server import Call

NUMBER = "number:"  # before an amount that is to leave as a JSON number with all its digits

_LABELS = {"input_uncached": "input", "input_cache_read": "cached input", "output": "output"}
_GRAIN_DIGITS = 15  # a grain is 1e-15 dollars


def report(call: Call, name: str, now: datetime, work: Sequence[Work], *, costs_by_key: bool) -> dict[str, Any]:
    """One page of a report (`usage/completions`, `costs` ...). RefusalError as OpenAI would."""
    asked = read_question(call, name, now)
    if name == COSTS and "api_key_id" in asked.group_by and not costs_by_key:
        raise RefusalError("Invalid value: 'api_key_id'.", "group_by", "invalid_value")
    data: list[dict[str, Any]] = []
    at = asked.at
    for start, end in buckets(asked.at, asked.end, asked.width):
        if len(data) == asked.limit:
            break
        results = list(rows(asked, work, start) if name in SHAPES else _rows(asked, start, end))
        data.append({"object": "bucket", "start_time": start, "end_time": end, "results": results})
        at = end
    # As seen live: costs promise one page more than there is.
    more = at < asked.end or (name == COSTS and bool(data))
    cursor = cursors.written([at, asked.question]) if more else None
    return {"object": "page", "data": data, "has_more": more, "next_page": cursor}


def _rows(asked: Question, start: int, end: int) -> Iterator[dict[str, Any]]:
    cells = seen(OPENAI, start, end, asked.now)
    day = datetime.fromtimestamp(start, UTC)
    if asked.report == USAGE:
        groups: dict[tuple[Any, ...], Sums] = {}
        for cell, sums in cells.items():
            if (group := _group(asked, _usage_dimensions(cell))) is not None:
                add(groups.setdefault(group, nothing()), sums)
        yield from (_usage_row(group, sums) for group, sums in groups.items())
        return
    costs: dict[tuple[Any, ...], list[int]] = {}  # grains, tokens
    for cell, sums in cells.items():
        for meter, tokens in zip(METERS, sums, strict=False):
            group = _group(asked, _cost_dimensions(cell, meter)) if tokens else None
            if group is not None:
                total = costs.setdefault(group, [0, 0])
                total[0] += tokens * price(OPENAI, cell.model, cell.tier, meter, day.date())
                total[1] += tokens
    yield from (_cost_row(asked, group, grains, tokens, start) for group, (grains, tokens) in costs.items())


def _usage_dimensions(cell: Cell) -> dict[str, Any]:
    return {
        "project_id": cell.project,
        "user_id": cell.user,
        "api_key_id": cell.key,
        "model": cell.model,
        "batch": cell.tier == BATCH,
        "service_tier": "default",
        "api_source": "unlabeled",
    }


def _cost_dimensions(cell: Cell, meter: str) -> dict[str, Any]:
    item = f"{cell.model}, {_LABELS[meter]}"
    return {"project_id": cell.project, "line_item": item, "api_key_id": cell.key}


def _group(asked: Question, dimensions: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The values a row is grouped by; None where a filter leaves it out."""
    if any(dimensions[name] not in values for name, values in asked.filters.items()):
        return None
    if asked.batch is not None and asked.report == USAGE and dimensions["batch"] != (asked.batch.lower() == "true"):
        return None
    return tuple(dimensions[name] if name in asked.group_by else None for name in GROUPS[asked.report])


def _usage_row(group: tuple[Any, ...], sums: Sums) -> dict[str, Any]:
    uncached, read, _, _, output, *_ = sums
    apart = dict.fromkeys(
        """input_cache_write_tokens input_cache_write_30m_tokens input_cache_write_12h_tokens input_audio_tokens
        input_image_tokens input_cached_audio_tokens input_cached_image_tokens output_audio_tokens
        output_image_tokens""".split(),
        0,
    )
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": uncached + read,
        "input_cached_tokens": read,
        "input_uncached_tokens": uncached,
        "input_text_tokens": uncached,
        "input_cached_text_tokens": read,
        "output_tokens": output,
        "output_text_tokens": output,
        "num_model_requests": requests_in(sums),
        **apart,
        **dict(zip(GROUPS[USAGE], group, strict=True)),
    }


def _cost_row(asked: Question, group: tuple[Any, ...], grains: int, tokens: int, start: int) -> dict[str, Any]:
    itemised = "line_item" in asked.group_by
    return {
        "object": "organization.costs.result",
        "amount": {"value": _amount(grains, crc32(f"{start} {group}".encode())), "currency": "usd"},
        **dict(zip(GROUPS[COSTS], group, strict=True)),
        "quantity": tokens if itemised else None,
        "quantity_unit": "tokens" if itemised else None,
    }


def _amount(grains: int, form: int) -> str:
    """Dollars, exact: mostly text, now and then scientific, or (as the specification says) a number."""
    plain = decimal(grains, _GRAIN_DIGITS)
    if form % 8 == 0:
        return NUMBER + plain
    if form % 8 == 1 and grains:
        digits = str(grains).rstrip("0")
        point = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{digits[0]}{point}E{len(str(grains)) - 1 - _GRAIN_DIGITS:+d}"
    return plain
