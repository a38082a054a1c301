"""Margin as usage scales."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Note
from llm_finops.dashboard.view import Page, View


def show(view: View) -> Sequence[Block]:
    """The page's blocks."""
    return [Note(f"To be built ({view.path}).")]


PAGE = Page("/scale", "Scale", "Cost and margin against usage: who is about to cross the line.", show)
