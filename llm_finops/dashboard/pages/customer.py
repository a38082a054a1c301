"""One customer."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.view import Page, View


def show(view: View) -> Sequence[Block]:
    """The page's blocks."""
    return [Note(f"To be built ({view.path}).")]


PAGE = Page(
    "/customer", "Customer", "One customer: features, models, days, and what its cost is made of.", show, in_menu=False
)
