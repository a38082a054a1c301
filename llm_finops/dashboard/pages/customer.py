"""One customer: what it costs and pays, on what, and how that was found."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.pages.costs import cost_table, is_cost_alone
from llm_finops.dashboard.pages.parts import by_name_alone, days_picture, days_table
from llm_finops.dashboard.pages.subject import cost_alone, figures, how, logged
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import margin_days, margin_total

_DAY = "/customer-day"


def show(view: View) -> Sequence[Block]:
    """Figures, days, features, models, how the cost was found, and what is known of its requests."""
    name = view.asked.customer
    if name is None:
        return [Note("Which customer? Choose one:", href=view.link("/customers"), link="all customers")]
    said = Note(f"Customer {name}. A day leads to what it is made of, down to the lines of the provider's report.")
    total = margin_total(view.reader, view.asked)
    if is_cost_alone(view) or not total.rows:
        return [said, *cost_alone(view, _DAY, "customer", name, ("feature", "Features"))]
    days = margin_days(view.reader, view.asked)
    return [
        said,
        *by_name_alone(view),
        figures(view, total),
        days_picture(view, days),
        days_table(view, days, total, _DAY, customer=name),
        cost_table(view, "features", "Features", "feature"),
        cost_table(view, "models", "Models", "provider", "model"),
        *how(view),
        *logged(view, "customer", name),
    ]


PAGE = Page("/customer", "Customer", "What one customer costs and pays, and on what.", show, in_menu=False)
