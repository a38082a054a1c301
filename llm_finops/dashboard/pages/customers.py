"""Customers, ranked."""

from collections.abc import Sequence
from dataclasses import replace

from llm_finops.charts import Point, bars
from llm_finops.charts.chart import units
from llm_finops.core.records import UNALLOCATED
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Picture, Table
from llm_finops.dashboard.pages.parts import cost_table, ranking
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import customers_like, margin_by

_DRAWN, _FOUND = 12, 50


def show(view: View) -> Sequence[Block]:
    """The worst margins as a picture, and all customers as a table of pages."""
    asked = view.asked
    if asked.customer is not None:
        return [_found(view, asked.customer)]
    if asked.provider or asked.environment:
        said = "With a filter by provider or environment there is cost alone: nobody pays by provider."
        return [Note(said), cost_table(view, "customers", "Cost by customer", "customer")]
    note = f"What nobody owns is {UNALLOCATED}. A margin is not known where a part of the revenue is not."
    return [*_worst(view), ranking(view, "customers", "Customers", "customer", note=note)]


def _found(view: View, text: str) -> Table:
    """Whoever has the text in the name."""
    names = customers_like(view.reader, text, _FOUND)
    rows = [[Cell(name, view.link("/customer", customer=name))] for name in names]
    note = f"The first {_FOUND}; type more of the name." if len(names) == _FOUND else ""
    title = f"Customers with “{text}” in their name"
    return Table("found", title, [Column("customer", "Customer")], rows, empty="Nobody is called so.", note=note)


def _worst(view: View) -> list[Picture]:
    asked = replace(view.asked, customer=None)
    found = margin_by(view.reader, asked, "customer", order="margin", descending=False, limit=_DRAWN)
    known = [(row.key, row.margin_nano) for row in found.rows if row.margin_nano is not None]
    points = [Point(name, "margin", units(nano), f"{name}: {view.money(nano)}") for name, nano in known]
    if not points:
        return []
    says = "The lowest margins; all are in the table Customers."
    return [Picture(bars("Lowest margins", says, points, unit=view.currency, signed=True), wide=True)]


PAGE = Page("/customers", "Customers", "What each customer costs and pays.", show)
