"""Margin: cost beside revenue, by day, customer or feature, ranked by the database.

A margins row knows no provider and no environment: those filters do not apply here. Revenue that names no feature
(a flat fee) stands in the feature `(all)`: by feature it is a key of its own, which has revenue and no cost, and it
belongs to no feature. Whoever filters by a feature does not see it.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from llm_finops.core.records import UNALLOCATED
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import MARGINS
from llm_finops.ledger.queries.naming import holds
from llm_finops.ledger.queries.reader import Reader, whole

MarginOrder = Literal["margin", "cost", "revenue", "requests", "key"]


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
    below_zero: int  # keys whose margin is known and negative; `(unallocated)`, which is nobody, is not one
    unknown: int  # keys whose margin is not known in full, likewise
    total: Margins  # of all keys


class Ends(NamedTuple):
    """Keys with their margins (nano-units) from both ends of a ranking: the lowest first, and the highest first."""

    lowest: tuple[tuple[str, int], ...]
    highest: tuple[tuple[str, int], ...]


def margin_total(reader: Reader, asked: Asked) -> Margins:
    """Everything asked for in one row; without any margins, a row of `rows` 0."""
    return _read(["", *reader.rows(_select(reader, asked))[0]])


def margin_days(reader: Reader, asked: Asked) -> tuple[Margins, ...]:
    """By day, oldest first; a day without margins is not there."""
    return tuple(sorted(map(_read, reader.rows(_select(reader, asked, "day")))))


def margin_by(
    reader: Reader,
    asked: Asked,
    by: Literal["customer", "feature"],
    *,
    order: MarginOrder = "cost",
    descending: bool = True,
    limit: int | None = None,
    offset: int = 0,
    holding: str | None = None,
) -> Ranked:
    """By customer or feature, in an order that is the same on every store: equals go by their key.

    By margin, keys whose margin is not known come last, whichever way. `holding`: of names that hold the text alone.
    """
    every = limit is None and not offset
    groups = _select(reader, asked, by, measures=None if every else _compared(order)).cte("groups")
    margin = groups.c.revenue_nano - groups.c.cost_nano
    is_unknown = sa.case((groups.c.revenue_unknown > 0, 1), else_=0)
    is_somebody = groups.c[by] != UNALLOCATED
    is_below = sa.case((sa.and_(is_somebody, groups.c.revenue_unknown == 0, margin < 0), 1), else_=0)
    is_one_unknown = sa.case((is_somebody, is_unknown), else_=0)
    counts = [sa.func.count(), sa.func.sum(is_below), sa.func.sum(is_one_unknown)]
    column: sa.ColumnElement[Any] = margin if order == "margin" else groups.c[_COLUMNS.get(order, by)]
    ranked: list[sa.ColumnElement[Any]] = [is_unknown] if order == "margin" else []
    ranked += [column.desc() if descending else column, groups.c[by]]
    named = [] if holding is None else [holds(groups.c[by], holding)]
    # Both at once: to add up the groups is most of the work.
    over = [value.over() for value in counts]
    found = reader.rows(sa.select(*over, groups).where(*named).order_by(*ranked).limit(limit).offset(offset))
    told = found[0][:3] if found else reader.rows(sa.select(*counts).select_from(groups).where(*named))[0]
    rows = [_read(row[3:]) for row in found] if every else _rows_of(reader, asked, by, [row[3] for row in found])
    total = margin_total(reader, asked) if holding is None else _total_of(reader, asked, by, holding)
    keys, below, unknown = map(whole, told)
    return Ranked(tuple(rows), keys, below, unknown, total)


def margin_ends(reader: Reader, asked: Asked, by: Literal["customer", "feature"], count: int) -> Ends:
    """The lowest and the highest margins, so many of each; keys whose margin is not known are in neither."""
    groups = _select(reader, asked, by, measures=_compared("margin")).cte("groups")
    margin = groups.c.revenue_nano - groups.c.cost_nano
    places = [
        sa.func.row_number().over(order_by=[order, groups.c[by]]).label(name)
        for name, order in (("low", margin.asc()), ("high", margin.desc()))
    ]
    known = sa.select(groups.c[by].label("key"), margin.label("nano"), *places).where(groups.c.revenue_unknown == 0)
    ends = known.subquery()
    rows = reader.rows(sa.select(ends).where(sa.or_(ends.c.low <= count, ends.c.high <= count)))
    low, high = (sorted((row[at], row[0], whole(row[1])) for row in rows if row[at] <= count) for at in (2, 3))
    return Ends(tuple(row[1:] for row in low), tuple(row[1:] for row in high))


_COLUMNS = {"cost": "cost_nano", "revenue": "revenue_nano", "requests": "requests"}


def _compared(order: MarginOrder) -> list[str]:
    """The measures that a ranking needs of every key; of those on the page the others are asked by name."""
    return ["cost_nano", "revenue_nano", "revenue_unknown", *(["requests"] if order == "requests" else [])]


def _rows_of(reader: Reader, asked: Asked, by: Literal["customer", "feature"], keys: Sequence[str]) -> list[Margins]:
    """All that is known of these keys, in their order."""
    rows = reader.rows(_select(reader, asked, by, **{by: keys})) if keys else []
    found = {row[0]: _read(row) for row in rows}
    return [found[key] for key in keys]


def _total_of(reader: Reader, asked: Asked, by: Literal["customer", "feature"], holding: str) -> Margins:
    """The sum of the keys whose name holds the text."""
    groups = _select(reader, asked, by).cte("groups")
    sums = [sa.func.sum(groups.c[name]) for name in MARGINS.measures]
    return _read(["", *reader.rows(sa.select(*sums).where(holds(groups.c[by], holding)))[0]])


def _select(
    reader: Reader, asked: Asked, *by: str, measures: Sequence[str] | None = None, **given: Sequence[str]
) -> sa.Select[Any]:
    given["currency"] = [asked.currency]
    return MARGINS.sums(reader, by, asked, "customer", "feature", measures=measures, **given)


def _read(row: Any) -> Margins:
    return Margins(row[0], *map(whole, row[1:]))
