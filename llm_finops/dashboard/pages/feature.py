"""One feature: who uses it, on what, and what it costs."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.pages.parts import cost_table, days_picture, days_table, ranking
from llm_finops.dashboard.pages.subject import figures, kinds, spread
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import margin_days, margin_total


def show(view: View) -> Sequence[Block]:
    """Figures, days, customers, models, how the cost was found."""
    name = view.asked.feature
    if name is None:
        return [Note("Which feature? Choose one:", href=view.link("/features"), link="all features")]
    total, days = margin_total(view.reader, view.asked), margin_days(view.reader, view.asked)
    if not total.rows:
        return [Note(f"{name} has no cost in this period.", "warn", view.link("/features"), "all features")]
    return [
        Note(f"Feature {name}. Revenue is what names the feature: a flat fee pays for all at once and is not in it."),
        figures(view, total),
        days_picture(view, days),
        *spread(view, "feature", name),
        ranking(view, "customers", "Customers of it", "customer"),
        days_table(view, days, total, "/feature", feature=name),
        cost_table(view, "models", "Models", "provider", "model"),
        cost_table(view, "methods", "How it was found", "method", "rule"),
        kinds(view),
    ]


PAGE = Page(
    "/feature",
    "Feature",
    "Who uses one feature, on what, and what it costs.",
    show,
    in_menu=False,
    filters=("customer", "feature"),
)
