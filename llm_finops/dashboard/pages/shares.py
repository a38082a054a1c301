"""Allocations and the shares of cost lines that they are the sum of, as tables; the filters of the address apply."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llm_finops.core.allocate import Share
from llm_finops.core.explain import ExplainedAllocation, ExplainedShare
from llm_finops.core.records import Allocation
from llm_finops.dashboard.blocks import Cell, Column, Table, Value
from llm_finops.dashboard.pages.paged import Orders, keyed, paged
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Asked

_NAMES = ("feature", "environment", "cost_class", "account", "project", "model", "method", "rule", "basis")


def is_asked_for(asked: Asked, row: Allocation | Share) -> bool:
    """Of the customer, feature, environment and provider that are filtered by, as far as any is."""
    has = {**row._asdict(), "provider": row.pool.provider}
    wanted = {name: getattr(asked, name) for name in ("provider", "environment", "customer", "feature")}
    return all(value is None or has[name] == value for name, value in wanted.items())


def allocations(view: View, name: str, title: str, parts: Sequence[ExplainedAllocation]) -> Table:
    """What was given to a customer, and how it was found."""
    rows = sorted((part.allocation for part in parts), key=lambda row: (-row.cost_nano, _named(row)))
    part = paged(view, name, rows, _ALLOCATIONS, "-cost")
    columns = [Column(of, of.replace("_", " ").capitalize(), sort=of) for of in _NAMES]
    columns.append(Column("cost", "Cost", "exact", "cost"))
    lines: list[list[Value]] = [[*_named(row), row.cost_nano] for row in part.rows]
    blank: list[Value] = [""] * (len(_NAMES) - 1)
    return Table(name, title, columns, lines, ["Total", *blank, sum(row.cost_nano for row in rows)], part.of)


def _named(row: Allocation) -> tuple[str, ...]:
    known: Mapping[str, Any] = {**row.pool._asdict(), **row._asdict()}
    return tuple(known[name] for name in _NAMES)


_ALLOCATIONS: Orders = {"cost": lambda row: row.cost_nano, **keyed(_NAMES, _named)}


def shares(view: View, name: str, title: str, parts: Sequence[ExplainedAllocation]) -> Table:
    """The parts of cost lines that allocations are made of; each leads to its line."""
    found = sorted((one for part in parts for one in part.shares), key=lambda one: (-one.share.nano, one.line.line_id))
    part = paged(view, name, found, _SHARES, "-share")
    columns = [
        *(Column("line", "Line"), Column("line_item", "Line item", sort="line_item")),
        *(Column("meter", "Meter", sort="meter"), Column("by", "Split by", sort="by")),
        *(Column("weight", "Weight", "count"), Column("whole", "of", "count")),
        Column("line_amount", "Line", "exact", "line_amount"),
        Column("share", "Share", "exact", "share"),
    ]
    lines = [list(_share(view, one)) for one in part.rows]
    return Table(name, title, columns, lines, ["Total", *[""] * 6, sum(one.share.nano for one in found)], part.of)


def _share(view: View, one: ExplainedShare) -> Iterator[Value]:
    yield Cell(one.line.line_id[:8], view.link("/line", line=one.line.line_id, day=view.asked.first))
    yield from (one.line.line_item, one.share.meter, one.share.by, one.share.weight, one.share.whole)
    yield from (one.line.amount_nano, one.share.nano)


_SHARES: Orders = {
    "share": lambda one: one.share.nano,
    "line_amount": lambda one: one.line.amount_nano,
    "line_item": lambda one: one.line.line_item,
    "meter": lambda one: one.share.meter,
    "by": lambda one: one.share.by,
}
