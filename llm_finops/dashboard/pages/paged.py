"""Rows that are few enough to be put in order here: sorted as the address asks, and a page of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from llm_finops.dashboard.view import View

Row = TypeVar("Row")
Orders = Mapping[str, Callable[[Any], Any]]


class Part(NamedTuple, Generic[Row]):
    """A page of rows, and how many there are in all."""

    rows: Sequence[Row]
    of: int


def paged(view: View, table: str, rows: Sequence[Row], orders: Orders, default: str) -> Part[Row]:
    """Equals stay in the order given, and what is not known comes last, whichever way."""
    part = view.slice(table, list(orders), default)
    of = orders[part.order]
    known = [row for row in rows if of(row) is not None]
    unknown = [row for row in rows if of(row) is None]
    ordered = [*sorted(known, key=of, reverse=part.descending), *unknown]
    end = None if part.limit is None else part.offset + part.limit
    return Part(ordered[part.offset : end], len(rows))
