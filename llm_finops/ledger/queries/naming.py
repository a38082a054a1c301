"""Names that hold a text: ASCII letters in either case, as both databases lower what sorts by its bytes."""

from typing import Any

import sqlalchemy as sa


def holds(name: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """The text is somewhere in the name."""
    return sa.func.lower(name).contains(lowered(text), autoescape=True)


def begins(name: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """The name begins with the text."""
    return sa.func.lower(name).startswith(lowered(text), autoescape=True)


def lowered(text: str) -> str:
    """A to Z alone: the other letters stay as they are."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
