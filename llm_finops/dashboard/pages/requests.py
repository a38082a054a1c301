"""What a request costs."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.view import Page, View


def show(view: View) -> Sequence[Block]:
    """The page's blocks."""
    return [Note(f"To be built ({view.path}).")]


PAGE = Page(
    "/requests", "Cost per request", "What a request costs, how that is spread, and what was spent in vain.", show
)
