"""Whom a customer's name may mean: names are exact, others that hold the text are offered."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table
from llm_finops.dashboard.pages.costs import is_cost_alone
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import cost_by, customers_like, margin_total, requests_by

SEARCH = "/customers"  # the page on which a customer is a text to be sought
_FOUND = 50


def offers(view: View) -> Sequence[Block]:
    """What stands in a page's place where the customer that it filters by has nothing: who else may be meant."""
    name = view.asked.customer
    if name is None or view.path == SEARCH or is_there(view):
        return []
    said = f"{name} has neither cost nor revenue in this period, by these filters. Names are exact (capitals, spaces)."
    return [Note(said, "warn"), offered(view, name)]


def is_there(view: View) -> bool:
    """What is asked for has cost of any class, revenue, or requests, in the period and currency."""
    if cost_by(view.reader, view.asked, cost_classes=None):
        return True
    if not is_cost_alone(view) and margin_total(view.reader, view.asked).rows:
        return True
    return any(row.requests for row in requests_by(view.reader, view.asked))


def offered(view: View, text: str) -> Table:
    """Whoever has the text in the name, on any day; each leads to this page for that customer."""
    names = customers_like(view.reader, text, _FOUND)
    rows = [[Cell(name, view.link(**{**view.address.params, "customer": name}))] for name in names]
    note = f"The first {_FOUND}; type more of the name." if len(names) == _FOUND else ""
    title = f"Customers with “{text}” in their name, on any day"
    return Table("found", title, [Column("customer", "Customer")], rows, empty="Nobody is called so.", note=note)
