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

_SHOWN = ("feature", "model", "service_tier", "method", "rule", "environment", "cost_class", "account", "api_key")
_NAMES = (*_SHOWN, "project", "basis")  # all that a file has


def is_asked_for(asked: Asked, row: Allocation | Share) -> bool:
    """Of the customer, feature, environment and provider that are filtered by, as far as any is."""
    return (
        asked.provider in {None, row.pool.provider}
        and asked.environment in {None, row.environment}
        and asked.customer in {None, row.customer}
        and asked.feature in {None, row.feature}
    )


def allocations(view: View, name: str, title: str, parts: Sequence[ExplainedAllocation]) -> Table:
    """What was given to a customer, and how it was found."""
    rows = sorted((part.allocation for part in parts), key=lambda row: (-row.cost_nano, _named(row)))
    part = paged(view, name, rows, _ALLOCATIONS, "-cost")
    names = _NAMES if view.exporting else _SHOWN
    feature, *others = (Column(of, of.replace("_", " ").capitalize(), sort=of) for of in names)
    columns = [feature, Column("cost", "Cost", "exact", "cost"), *others]
    lines: list[list[Value]] = [[row.feature, row.cost_nano, *_named(row)[1 : len(names)]] for row in part.rows]
    total: list[Value] = ["Total", sum(row.cost_nano for row in rows), *[""] * len(others)]
    return Table(name, title, columns, lines, total, part.of)


def _named(row: Allocation) -> tuple[str, ...]:
    known: Mapping[str, Any] = {**row.pool._asdict(), **row._asdict()}
    return tuple(known[name] for name in _NAMES)


_ALLOCATIONS: Orders = {"cost": lambda row: row.cost_nano, **keyed(_NAMES, _named)}


def shares(view: View, name: str, title: str, parts: Sequence[ExplainedAllocation]) -> Table:
    """The parts of cost lines that allocations are made of; each leads to its line."""
    found = sorted((one for part in parts for one in part.shares), key=lambda one: (-one.share.nano, one.line.line_id))
    part = paged(view, name, found, _SHARES, "-share")
    columns = [
        *(Column("line", "Line"), Column("share", "Share", "exact", "share")),
        Column("line_amount", "of the line's", "exact", "line_amount"),
        *(Column("line_item", "Line item", sort="line_item"), Column("meter", "Meter", sort="meter")),
        *(Column("weight", "Weight", "count"), Column("whole", "of", "count"), Column("by", "Split by", sort="by")),
    ]
    lines = [list(_share(view, one)) for one in part.rows]
    return Table(name, title, columns, lines, ["Total", sum(one.share.nano for one in found), *[""] * 6], part.of)


def _share(view: View, one: ExplainedShare) -> Iterator[Value]:
    yield Cell(one.line.line_id[:8], view.link("/line", line=one.line.line_id, day=view.asked.first))
    yield from (one.share.nano, one.line.amount_nano, one.line.line_item, one.share.meter)
    yield from (one.share.weight, one.share.whole, one.share.by)


_SHARES: Orders = {
    "share": lambda one: one.share.nano,
    "line_amount": lambda one: one.line.amount_nano,
    "line_item": lambda one: one.line.line_item,
    "meter": lambda one: one.share.meter,
    "by": lambda one: one.share.by,
}
