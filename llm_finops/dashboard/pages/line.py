"""A cost line."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.view import Page, View


def show(view: View) -> Sequence[Block]:
    """The page's blocks."""
    return [Note(f"To be built ({view.path}).")]


PAGE = Page(
    "/line",
    "Cost line",
    "One line of a provider's report: who was given what of it, and which load brought it.",
    show,
    in_menu=False,
)
