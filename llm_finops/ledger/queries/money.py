"""Margin: cost beside revenue, by day, customer or feature, ranked by the database.

A margins row knows no provider and no environment: those filters do not apply here. Revenue that names no feature
(a flat fee) stands in the feature `(all)`: by feature it is a key of its own, which has revenue and no cost, and it
belongs to no feature. Whoever filters by a feature does not see it.
"""

from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import MARGINS
from llm_finops.ledger.queries.reader import Reader, whole

MarginOrder = Literal["margin", "cost", "revenue", "requests", "key"]
_SUMS = ("cost_nano", "revenue_nano", "logged_cost_nano", "requests", "operations")
_FILTERS = ("customer", "feature")


class Margins(NamedTuple):
    """The sum of some margins rows, amounts in nano-units. `key` is a day, customer or feature; '' of a total.

    `revenue_nano` adds up what is known. Where `revenue_unknown` rows have no known revenue, neither the revenue
    nor the margin is known in full.
    """

    key: str
    cost_nano: int
    revenue_nano: int
    revenue_unknown: int  # rows, of `rows`
    logged_cost_nano: int  # of the cost, what request logs gave
    requests: int
    operations: int
    rows: int

    @property
    def margin_nano(self) -> int | None:
        """Revenue less cost; None where a part of the revenue is not known."""
        return None if self.revenue_unknown else self.revenue_nano - self.cost_nano


class Ranked(NamedTuple):
    """A page of a ranking, and what is said of all of it."""

    rows: tuple[Margins, ...]
    keys: int  # in all, on every page
    below_zero: int  # keys whose margin is known and negative
    unknown: int  # keys whose margin is not known in full
    total: Margins  # of all keys


def margin_total(reader: Reader, asked: Asked) -> Margins:
    """Everything asked for in one row; without any margins, a row of `rows` 0."""
    return _read(["", *reader.rows(_select(asked))[0]])


def margin_days(reader: Reader, asked: Asked) -> tuple[Margins, ...]:
    """By day, oldest first; a day without margins is not there."""
    return tuple(sorted(map(_read, reader.rows(_select(asked, "day")))))


def margin_by(
    reader: Reader,
    asked: Asked,
    by: Literal["customer", "feature"],
    *,
    order: MarginOrder = "cost",
    descending: bool = True,
    limit: int | None = None,
    offset: int = 0,
) -> Ranked:
    """By customer or feature, in an order that is the same on every store: equals go by their key.

    By margin, keys whose margin is not known come last, whichever way.
    """
    groups = _select(asked, by).cte("groups")
    margin = groups.c.revenue_nano - groups.c.cost_nano
    is_unknown = sa.case((groups.c.revenue_unknown > 0, 1), else_=0)
    is_below = sa.case((sa.and_(groups.c.revenue_unknown == 0, margin < 0), 1), else_=0)
    sums = [sa.func.sum(groups.c[name]) for name in Margins._fields[1:]]
    (all_of,) = reader.rows(sa.select(sa.func.count(), sa.func.sum(is_below), sa.func.sum(is_unknown), *sums))
    column: sa.ColumnElement[Any] = margin if order == "margin" else groups.c[_COLUMNS.get(order, by)]
    ranked: list[sa.ColumnElement[Any]] = [is_unknown] if order == "margin" else []
    ranked += [column.desc() if descending else column, groups.c[by]]
    rows = reader.rows(sa.select(groups).order_by(*ranked).limit(limit).offset(offset))
    keys, below, unknown = map(whole, all_of[:3])
    return Ranked(tuple(map(_read, rows)), keys, below, unknown, _read(["", *all_of[3:]]))


_COLUMNS = {"cost": "cost_nano", "revenue": "revenue_nano", "requests": "requests"}


def _select(asked: Asked, *by: str) -> sa.Select[Any]:
    table = MARGINS.table.c
    cost, revenue, *rest = (sa.func.coalesce(sa.func.sum(table[name]), 0).label(name) for name in _SUMS)
    unknown = (sa.func.count() - sa.func.count(table.revenue_nano)).label("revenue_unknown")
    added = [cost, revenue, unknown, *rest, sa.func.count().label("rows")]
    return MARGINS.select(by, added, asked, *_FILTERS).where(table.currency == asked.currency)


def _read(row: Any) -> Margins:
    return Margins(row[0], *map(whole, row[1:]))
