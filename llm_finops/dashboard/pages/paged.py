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


def keyed(names: Sequence[str], key: Callable[[Any], Sequence[str]]) -> dict[str, Callable[[Any], Any]]:
    """An order for each name: of what stands at its place in a row's key."""

    def at(place: int) -> Callable[[Any], Any]:
        return lambda row: key(row)[place]

    return {name: at(place) for place, name in enumerate(names)}


def paged(view: View, table: str, rows: Sequence[Row], orders: Orders, default: str) -> Part[Row]:
    """Equals stay in the order given, and what is not known comes last, whichever way."""
    part = view.slice(table, list(orders), default)
    of = orders[part.order]
    known = [row for row in rows if of(row) is not None]
    unknown = [row for row in rows if of(row) is None]
    ordered = [*sorted(known, key=of, reverse=part.descending), *unknown]
    end = None if part.limit is None else part.offset + part.limit
    return Part(ordered[part.offset : end], len(rows))
