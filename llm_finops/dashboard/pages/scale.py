"""Margin as usage scales: who pays for the usage, and how much more would bring each to zero."""

from collections.abc import Sequence

from llm_finops.charts import scatter
from llm_finops.charts.chart import NANO
from llm_finops.core.records import UNALLOCATED
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Picture, Table, Value
from llm_finops.dashboard.pages.parts import revenue_of, toned
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import Margins, margin_by

_DRAWN = 300


def show(view: View) -> Sequence[Block]:
    """Cost against revenue with the line where both are equal, and the customers nearest to it."""
    _, descending, limit, offset = view.slice("crossing", ("margin",), "margin")
    found = margin_by(view.reader, view.asked, "customer", order="cost", limit=_DRAWN)
    drawn = [row for row in found.rows if row.key != UNALLOCATED and revenue_of(row) is not None]
    page = margin_by(
        view.reader, view.asked, "customer", order="margin", descending=descending, limit=limit, offset=offset
    )
    if not found.keys:
        return [Note("Nothing is booked in this period.")]
    said = f"{len(drawn)} of {found.keys} customers are drawn: the {_DRAWN} dearest, where the revenue is known."
    return [_picture(view, drawn, said), _table(view, page.rows, page.keys)]


def _picture(view: View, rows: Sequence[Margins], said: str) -> Picture:
    points = [
        (row.cost_nano / NANO, row.revenue_nano / NANO, _of(row), _said(view, row))
        for row in sorted(rows, key=lambda row: _of(row) != "above zero")
    ]
    cost, revenue = f"cost, {view.currency}", f"revenue, {view.currency}"
    drawn = scatter("Cost against revenue", said, points, x_unit=cost, y_unit=revenue)
    return Picture(drawn, f"{said} Below the dashed line a customer costs more than it pays.", wide=True)


def _of(row: Margins) -> str:
    return "below zero" if toned(row.margin_nano) else "above zero"


def _said(view: View, row: Margins) -> str:
    return f"{row.key}: cost {view.money(row.cost_nano)}, revenue {view.money(row.revenue_nano)}"


def _table(view: View, rows: Sequence[Margins], count: int) -> Table:
    columns = [
        *(Column("customer", "Customer"), Column("cost", "Cost", "money"), Column("revenue", "Revenue", "money")),
        *(Column("margin", "Margin", "money", "margin"), Column("operations", "Operations", "count")),
        Column("to_zero", "Until zero", "percent", hint="margin / cost: at so much more usage, at the same revenue"),
    ]
    lines: list[list[Value]] = [
        [
            Cell(row.key, view.link("/customer", customer=row.key)),
            *(row.cost_nano, revenue_of(row), Cell(row.margin_nano, tone=toned(row.margin_nano)), row.operations),
            (row.margin_nano, row.cost_nano),
        ]
        for row in rows
    ]
    note = (
        "Until zero: how much more usage, at today's cost of it and the same revenue, brings the margin to zero; below "
        "zero, how much less. What customers pay by usage grows with it: then it is further away than this says."
    )
    return Table("crossing", "Who is about to cross the line", columns, lines, count=count, note=note)


PAGE = Page("/scale", "Scale", "Cost, revenue and margin as usage grows.", show, filters=("customer",))
