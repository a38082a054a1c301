"""What the page of prices is made of, asked once: usage, bills and changes, of all models or of the one asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from llm_finops.core.records import NONE, STANDARD
from llm_finops.dashboard.blocks import Table
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Implied, Metered, PriceChange, PriceSpan, implied, meters, price_changes

T = TypeVar("T")
Used = tuple[str, str, str, str]  # provider, model, tier, meter


@dataclass(frozen=True)
class Priced:
    """The prices of a period; `model` '' is all of them."""

    view: View
    model: str

    @cached_property
    def usage(self) -> tuple[Metered, ...]:
        """Usage by meter."""
        return tuple(row for row in meters(self.view.reader, self.view.asked) if self._is_asked(row.model))

    @cached_property
    def bills(self) -> tuple[Implied, ...]:
        """What bills imply, the oldest day first."""
        return tuple(row for row in implied(self.view.reader, self.view.asked) if self._is_asked(row.price.model))

    @cached_property
    def listed(self) -> dict[Used, int]:
        """{what usage is priced by: its cost in the period}; a tier that is not told is the standard one."""
        found: dict[Used, int] = {}
        for row in self.usage:
            at = (row.provider, row.model, STANDARD if row.service_tier == NONE else row.service_tier, row.meter)
            found[at] = found.get(at, 0) + (row.list_cost_nano or 0)
        return found

    @cached_property
    def changes(self) -> list[PriceChange]:
        """The changes of what is in use, in the currency of the page; the oldest first."""
        found = price_changes(self.view.reader, self.view.asked.first, self.view.asked.last)
        return [row for row in found if row.currency == self.view.currency and used(row) in self.listed]

    def shown(self, table: Table) -> Table:
        """A table as people read it: with one model, whose name stands above, without its column; a file has it."""
        names = [column.name for column in table.columns]
        if not self.model or self.view.exporting or "model" not in names:
            return table
        at = names.index("model")
        rows = [_without(row, at) for row in table.rows]
        total = None if table.total is None else _without(table.total, at)
        return replace(table, columns=_without(table.columns, at), rows=rows, total=total)

    def _is_asked(self, model: str) -> bool:
        return self.model in {"", model}


def _without(row: Sequence[T], at: int) -> list[T]:
    return [*row[:at], *row[at + 1 :]]


def used(of: PriceSpan | PriceChange) -> Used:
    """What usage meets a price by."""
    return of.provider, of.model, of.service_tier, of.meter
