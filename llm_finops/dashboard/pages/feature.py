"""One feature: who uses it, on what, and what it costs."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.pages.costs import cost_table, is_cost_alone
from llm_finops.dashboard.pages.parts import by_name_alone, days_picture, days_table, ranking
from llm_finops.dashboard.pages.sought import is_there
from llm_finops.dashboard.pages.subject import cost_alone, figures, how, logged
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import margin_days, margin_total


def show(view: View) -> Sequence[Block]:
    """Figures, days, customers, models, how the cost was found, and what is known of its requests."""
    name = view.asked.feature
    if name is None:
        return [Note("Which feature? Choose one:", href=view.link("/features"), link="all features")]
    if not is_there(view):
        nothing = f"{name} has neither cost nor revenue in this period, by these filters."
        return [Note(nothing, "warn", view.link("/features"), "all features")]
    said = Note(f"Feature {name}. A day leads to its customers, and they to the lines of a provider's report.")
    total = margin_total(view.reader, view.asked)
    if is_cost_alone(view) or not total.rows:
        return [said, *cost_alone(view, "/feature", "feature", name, ("customer", "Customers of it"))]
    days = margin_days(view.reader, view.asked)
    return [
        said,
        *by_name_alone(view),
        figures(view, total),
        days_picture(view, days),
        days_table(view, days, total, "/feature", feature=name),
        ranking(view, view.asked, "customers", "Customers of it", "customer"),
        cost_table(view, "models", "Models", "provider", "model"),
        *how(view),
        *logged(view, "feature", name),
    ]


PAGE = Page("/feature", "Feature", "Who uses one feature, on what, and what it costs.", show, in_menu=False)
