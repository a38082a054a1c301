"""One customer: what it costs and pays, on what, and how that was found."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.pages.parts import cost_table, days_picture, days_table
from llm_finops.dashboard.pages.subject import figures, kinds, spread
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import margin_days, margin_total


def show(view: View) -> Sequence[Block]:
    """Figures, days, features, models, how the cost was found, and the dearest kinds of request."""
    name = view.asked.customer
    if name is None:
        return [Note("Which customer? Choose one:", href=view.link("/customers"), link="all customers")]
    total, days = margin_total(view.reader, view.asked), margin_days(view.reader, view.asked)
    if not total.rows:
        said = f"{name} has neither cost nor revenue in this period. Names are exact; to search:"
        return [Note(said, "warn", view.link("/customers", customer=name), "customers with it in their name")]
    note = "A day leads to what it is made of, down to the lines of the provider's report."
    return [
        Note(f"Customer {name}"),
        figures(view, total),
        days_picture(view, days),
        *spread(view, "customer", name),
        days_table(view, days, total, "/customer-day", customer=name),
        cost_table(view, "features", "Features", "feature", note=note),
        cost_table(view, "models", "Models", "provider", "model"),
        cost_table(view, "methods", "How it was found", "method", "rule"),
        cost_table(view, "classes", "Environments and cost classes", "environment", "cost_class", classes=None),
        kinds(view),
    ]


# A margin knows no provider and no environment: its parts would not add up to it under those filters.
PAGE = Page(
    "/customer",
    "Customer",
    "What one customer costs and pays, and on what.",
    show,
    in_menu=False,
    filters=("customer", "feature"),
)
