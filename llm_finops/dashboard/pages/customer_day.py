"""One customer's day, from the margin down to shares of cost lines; every step is added up again, or it is an error."""

from collections.abc import Iterator, Sequence
from typing import Any

from llm_finops.core.explain import ExplainedMargin, Explanation
from llm_finops.core.records import ALL
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Value
from llm_finops.dashboard.pages.costs import ALONE, cost_days, is_cost_alone
from llm_finops.dashboard.pages.paged import Orders, paged
from llm_finops.dashboard.pages.parts import days_table, toned
from llm_finops.dashboard.pages.shares import allocations, is_asked_for, shares
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import customer_day, margin_days, margin_total

_LOAD = ("dataset", "source", "period", "started_at")


def show(view: View) -> Sequence[Block]:
    """The margin, the allocations of its cost, the shares they are the sum of, and the loads behind them."""
    asked = view.asked
    if asked.customer is None:
        return [Note("Which customer? Choose one:", href=view.link("/customers"), link="all customers")]
    if asked.first != asked.last:
        return [Note(f"Which day of {asked.customer}?"), _days(view, asked.customer)]
    return list(_blocks(view, asked.customer, *customer_day(view.reader, asked.customer, asked.first)))


def _days(view: View, customer: str) -> Table:
    if is_cost_alone(view):
        return cost_days(view, "/customer-day", customer=customer)
    days, total = margin_days(view.reader, view.asked), margin_total(view.reader, view.asked)
    return days_table(view, days, total, "/customer-day", customer=customer)


def _blocks(view: View, customer: str, tree: Explanation, loads: list[dict[str, Any]]) -> Iterator[Block]:
    of = [at for at in tree.margins if at.margin.currency == view.currency]
    inside = [part for at in of for part in at.allocations if is_asked_for(view.asked, part.allocation)]
    outside = [part for part in tree.outside if part.allocation.currency == view.currency]
    outside = [part for part in outside if is_asked_for(view.asked, part.allocation)]
    yield Note(f"{customer} on {view.asked.first}: every step below adds up to the one above it.")
    if is_cost_alone(view):
        yield ALONE
    else:
        yield _margins(view, [at for at in of if view.asked.feature in {None, at.margin.feature}])
    yield allocations(view, "allocations", "Its cost (cogs): allocations", inside)
    yield shares(view, "shares", "What they are made of: shares of cost lines", inside)
    if outside:
        yield allocations(view, "outside", "In no margin: allocations of other classes", outside)
        yield shares(view, "outside_shares", "What those are made of", outside)
    yield _loads(view, loads)


_MARGINS: Orders = {
    "feature": lambda at: at.margin.feature,
    "revenue": lambda at: at.margin.revenue_nano,
    "cost": lambda at: at.margin.cost_nano,
    "requests": lambda at: at.margin.requests,
}


def _margins(view: View, explained: Sequence[ExplainedMargin]) -> Table:
    columns = [Column("feature", "Feature", sort="feature"), Column("revenue", "Revenue", "exact", "revenue")]
    columns += [Column("cost", "Cost", "exact", "cost"), Column("margin", "Margin", "exact")]
    columns.append(Column("requests", "Requests", "count", "requests"))
    rows = [at.margin for at in explained]
    part = paged(view, "margins", explained, _MARGINS, "-cost")
    lines: list[list[Value]] = [
        [
            _feature(view, at.margin.feature),
            *_amounts(at.margin.revenue_nano, at.margin.cost_nano, is_whole=not at.paid_as_a_whole),
            at.margin.requests,
        ]
        for at in part.rows
    ]
    known = [row.revenue_nano for row in rows if row.revenue_nano is not None]
    revenue = sum(known) if len(known) == len(rows) else None
    total = _amounts(revenue, sum(row.cost_nano for row in rows), is_whole=not view.asked.feature)
    is_flat = any(at.paid_as_a_whole for at in explained)
    note = f"A flat fee pays for all features at once: it stands at {ALL}, and no feature's margin has a part of it."
    last = sum(row.requests for row in rows)
    note = note if is_flat else ""
    return Table("margins", "Its margin", columns, lines, ["Total", *total, last], part.of, note=note)


def _feature(view: View, name: str) -> Cell:
    return Cell(name, "" if name == ALL else view.link(feature=name))


def _amounts(revenue: int | None, cost: int, *, is_whole: bool) -> list[Value]:
    """Below zero is red only where nothing else may pay."""
    margin = None if revenue is None else revenue - cost
    return [revenue, cost, Cell(margin, tone=toned(margin) if is_whole else "")]


def _loads(view: View, loads: list[dict[str, Any]]) -> Table:
    rows: list[list[Value]] = [
        [Cell(str(load["load_id"]), view.link("/load", load=str(load["load_id"]))), *(str(load[of]) for of in _LOAD)]
        for load in loads
    ]
    columns = [Column(name, name.capitalize()) for name in ("load", "dataset", "source", "period", "started")]
    return Table(
        "loads", "Loads behind the whole day of this customer", columns, rows, empty="Nothing of it was loaded."
    )


PAGE = Page("/customer-day", "A customer's day", "What one day's cost of a customer is made of.", show, in_menu=False)
