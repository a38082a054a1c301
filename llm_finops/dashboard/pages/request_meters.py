"""What is paid for: input, what caches hold, output; and what caching saved."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from llm_finops.core.meters import TOKENS, family_of, is_cache_write
from llm_finops.dashboard.blocks import Block, Cell, Column, Heading, Note, Table, Tone, Value
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import CacheSaving, Metered, cache_savings, meters

_READ, _WRITE = "cache read", "cache write"
_RANKS = ("input", _READ, _WRITE, "output")
_FORMULA = (
    "Saved: what the tokens read and written would cost as uncached input, less what the reads and writes cost, each "
    "day at its own list prices. Reads save, writes cost a surcharge; below zero, caching cost more than it saved."
)


def shares(view: View) -> Iterator[Block]:
    """Tokens and list cost by what they are for."""
    yield Heading("What is paid for", "Of the providers' usage reports, logged or not, at list price.")
    if any((view.asked.environment, view.asked.customer, view.asked.feature)):
        yield Note(
            "Usage reports know no customer, feature or environment: only the provider filters these two tables."
        )
    yield _shares(view)


def _shares(view: View) -> Table:
    by: defaultdict[tuple[str, str], list[Metered]] = defaultdict(list)
    for row in meters(view.reader, view.asked):
        by[_kind(row.meter), row.unit].append(row)
    of_unit: defaultdict[str, int] = defaultdict(int)
    for (_, unit), rows in by.items():
        of_unit[unit] += sum(row.quantity for row in rows)
    cost = _cost(row for rows in by.values() for row in rows)
    columns = [
        Column("kind", "What"),
        Column("quantity", "Quantity", "count"),
        Column("unit", "Unit"),
        Column("share_of_quantity", "Share", "percent", hint="of the quantity of the same unit"),
        Column("list_cost", "List cost", "money"),
        Column("share_of_cost", "Share of list cost", "percent"),
        Column("unpriced", "Unpriced", "count", hint="quantity without a known price: not in the list cost"),
    ]
    lines: list[list[Value]] = []
    for kind, unit in sorted(by, key=_rank):
        rows = by[kind, unit]
        quantity, listed, missing = sum(row.quantity for row in rows), _cost(rows), sum(row.unpriced for row in rows)
        last = Cell(missing, view.link("/prices"), "bad") if missing else Cell(0)
        lines.append([kind, quantity, unit, (quantity, of_unit[unit]), listed, (listed, cost), last])
    # Quantities of two units are not added up.
    one = [of_unit[TOKENS], TOKENS] if set(of_unit) == {TOKENS} else ["", ""]
    unpriced = sum(row.unpriced for rows in by.values() for row in rows) if one[0] else ""
    total: list[Value] = ["Total", *one, "", cost, (cost, cost), unpriced]
    return Table("shares", "Input, cache and output", columns, lines, total)


def _kind(meter: str) -> str:
    if meter == "input_cache_read":
        return _READ
    return _WRITE if is_cache_write(meter) else family_of(meter)


def _rank(at: tuple[str, str]) -> tuple[int, str, str]:
    return (_RANKS.index(at[0]) if at[0] in _RANKS else len(_RANKS), *at)


def _cost(rows: Iterable[Metered]) -> int | None:
    known = [row.list_cost_nano for row in rows if row.list_cost_nano is not None]
    return sum(known) if known else None


def savings(view: View) -> Iterator[Table]:
    """What caching saved by model; negative where it cost more."""
    found = sorted(cache_savings(view.reader, view.asked), key=_saved)
    columns = [
        Column("provider", "Provider"),
        Column("model", "Model"),
        Column("read", "Tokens read", "count"),
        Column("written", "Tokens written", "count"),
        Column("cached_list_cost", "List cost", "money", hint="of the reads and the writes"),
        Column("uncached_list_cost", "As uncached input", "money"),
        Column("saved", "Saved", "money"),
    ]
    lines: list[list[Value]] = [
        [
            row.provider,
            Cell(row.model, view.link("/prices", model=row.model)),
            *(row.read, row.written, row.cached_nano, row.uncached_nano),
            Cell(row.saved_nano, tone=_tone(row.saved_nano)),
        ]
        for row in found
    ]
    empty = "No cached input in this period's usage reports."
    yield Table("cache", "What caching saved", columns, lines, _sums(found), empty=empty, note=_FORMULA)


def _sums(rows: list[CacheSaving]) -> list[Value]:
    """Of all models; an amount is not known where that of one is not."""
    counts = [sum(row.read for row in rows), sum(row.written for row in rows)]
    amounts = [_all(row.cached_nano for row in rows), _all(row.uncached_nano for row in rows)]
    saved = _all(row.saved_nano for row in rows)
    return ["Total", "", *counts, *amounts, Cell(saved, tone=_tone(saved))]


def _all(values: Iterable[int | None]) -> int | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None


def _saved(row: CacheSaving) -> tuple[bool, int, str]:
    return row.saved_nano is None, -(row.saved_nano or 0), row.model


def _tone(saved: int | None) -> Tone:
    return "" if saved is None else "bad" if saved < 0 else "good"
