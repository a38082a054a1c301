"""Customers, ranked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llm_finops.charts import Point, bars
from llm_finops.charts.chart import units
from llm_finops.core.records import UNALLOCATED
from llm_finops.dashboard.blocks import Block, Note, Picture
from llm_finops.dashboard.pages.costs import ALONE, cost_table, is_cost_alone
from llm_finops.dashboard.pages.parts import by_name_alone, ranking
from llm_finops.dashboard.pages.sought import offered
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import Asked, margin_ends

_DRAWN = 8
_NOTE = f"What nobody owns is {UNALLOCATED}. A margin is not known where a part of the revenue is not."


def show(view: View) -> Sequence[Block]:
    """The lowest and the highest margins as pictures, and all customers as a table of pages; some, by a text."""
    text = view.asked.customer
    asked = replace(view.asked, customer=None)
    title = "Customers" if text is None else f"Customers with “{text}” in their name"
    alone = is_cost_alone(view)
    if alone:
        table = cost_table(view, "customers", title, "customer", asked=asked, holding=text)
    else:
        empty = (
            "Nobody who is called so has cost or revenue in this period." if text else "Nothing here in this period."
        )
        table = ranking(
            view, asked, "customers", title, "customer", default="margin", holding=text, note=_NOTE, empty=empty
        )
    said = [ALONE] if alone else by_name_alone(view)
    if text is None:
        return [*said, *([] if said or asked.feature else _ends(view, asked)), table]
    every = Note("Only some customers are in this.", href=view.link(customer=None), link="All customers")
    return [every, *said, table, *([offered(view, text)] if table.count == 0 else [])]


def _ends(view: View, asked: Asked) -> Iterator[Picture]:
    """Who loses most, beside who earns most; one picture where all fit into it. What nobody owns is no customer."""
    lowest, highest = margin_ends(view.reader, asked, "customer", _DRAWN + 1)
    low = [at for at in lowest if at[0] != UNALLOCATED][:_DRAWN]
    high = [at for at in highest if at[0] != UNALLOCATED and at not in low][:_DRAWN]
    if low:
        yield _picture(view, "Lowest margins", low)
    if high:
        yield _picture(view, "Highest margins", high)


def _picture(view: View, title: str, margins: Sequence[tuple[str, int]]) -> Picture:
    points = [Point(name, "margin", units(nano), f"{name}: {view.money(nano)}") for name, nano in margins]
    says = "Where the margin is known; all are in the table Customers."
    return Picture(bars(title, says, points, unit=view.currency, signed=True))


PAGE = Page("/customers", "Customers", "What each customer costs and pays.", show)
