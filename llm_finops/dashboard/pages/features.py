"""Features, ranked."""

from collections.abc import Sequence

from llm_finops.core.records import ALL
from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.pages.parts import cost_table, ranking
from llm_finops.dashboard.view import Page, View


def show(view: View) -> Sequence[Block]:
    """All features, with what is paid for them by name."""
    if view.asked.provider or view.asked.environment:
        said = "With a filter by provider or environment there is cost alone: nobody pays by provider."
        return [Note(said), cost_table(view, "features", "Cost by feature", "feature")]
    note = (
        f"A flat fee pays for all features at once: it stands at {ALL}, and no feature's own margin has a part of it."
    )
    return [
        ranking(view, "features", "Features", "feature", note=note),
        cost_table(view, "feature_models", "Feature and model", "feature", "model"),
        cost_table(view, "classes", "Cost classes", "cost_class", "environment", classes=None),
    ]


PAGE = Page("/features", "Features", "Which features pay for themselves, and which are a tax on the others.", show)
