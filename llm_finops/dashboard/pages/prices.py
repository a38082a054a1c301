"""Models and prices."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.view import Page, View


def show(view: View) -> Sequence[Block]:
    """The page's blocks."""
    return [Note(f"To be built ({view.path}).")]


PAGE = Page("/prices", "Prices", "List, contract and implied prices of the models in use, and when they changed.", show)
