"""Customers by how much they use: cost and revenue, what of it is a flat fee, and the decile of their usage."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from llm_finops.core.records import ALL, UNALLOCATED
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.booked import unbooked_days
from llm_finops.ledger.queries.facts import MARGINS
from llm_finops.ledger.queries.money import Margins
from llm_finops.ledger.queries.reader import Reader, whole

_MEASURES = ("cost_nano", "revenue_nano", "revenue_unknown", "logged_cost_nano", "operations")
# Written out: PostgreSQL takes no parameter of an unknown type here.
_TEN: sa.ColumnElement[int] = sa.literal_column("10")
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")


class Scaled(NamedTuple):
    """A customer's cost and revenue (nano-units) beside its usage, which is its logged operations.

    `revenue_nano` adds up what is known; where `revenue_unknown` rows have no known revenue, it is not known in full.
    """

    customer: str
    cost_nano: int
    revenue_nano: int
    revenue_unknown: int  # rows
    logged_cost_nano: int  # of the cost, what request logs gave
    operations: int
    flat_nano: int  # of the revenue, what names no feature
    decile: int  # of all customers with logged operations, 1 the least used; 0: without any, or (unallocated)

    @property
    def margin_nano(self) -> int | None:
        """Revenue less cost; None where a part of the revenue is not known."""
        return None if self.revenue_unknown else self.revenue_nano - self.cost_nano


def scaled(reader: Reader, asked: Asked) -> tuple[Scaled, ...]:
    """Every customer of the period, sorted by name, `(unallocated)` among them; or the one that is filtered by.

    Deciles are of all customers, whatever is filtered: tenths of those with logged operations, as equal in number as
    can be, equals by the bytes of their name. With fewer than ten customers each is a tenth of its own.
    """
    every = Asked(asked.first, asked.last, asked.currency)
    groups = _sums(reader, every, _MEASURES).subquery("groups")
    flat = _sums(reader, every, ["revenue_nano"], feature=[ALL]).subquery("flat")
    is_used = sa.and_(groups.c.operations > _ZERO, groups.c.customer != UNALLOCATED)
    tenth = sa.func.ntile(_TEN).over(partition_by=is_used, order_by=[groups.c.operations, groups.c.customer])
    ranked = sa.select(
        groups.c.customer,
        *(groups.c[name] for name in _MEASURES),
        sa.func.coalesce(flat.c.revenue_nano, _ZERO).label("flat_nano"),
        sa.case((is_used, tenth), else_=_ZERO).label("decile"),
    ).join_from(groups, flat, flat.c.customer == groups.c.customer, isouter=True)
    found = ranked.subquery("ranked")
    query = sa.select(found).order_by(found.c.customer)
    if asked.customer is not None:
        query = query.where(found.c.customer == asked.customer)
    return tuple(Scaled(row[0], *map(whole, row[1:])) for row in reader.rows(query))


def margins_of(reader: Reader, asked: Asked, customers: Sequence[str] | None) -> dict[str, Margins]:
    """{customer: what margins say of it}, of these customers or (None) of all; who has no row is not there."""
    given = {} if customers is None else {"customer": customers}
    if customers is not None and not customers:
        return {}
    query = _sums(reader, Asked(asked.first, asked.last, asked.currency), MARGINS.measures, **given)
    return {row[0]: Margins(row[0], *map(whole, row[1:])) for row in reader.rows(query)}


def is_whole(reader: Reader, first: str, last: str) -> bool:
    """Whether margins are booked of every day."""
    return not unbooked_days(reader, first, last)


def _sums(reader: Reader, asked: Asked, measures: Sequence[str], **given: Sequence[str]) -> sa.Select[Any]:
    return MARGINS.sums(reader, ["customer"], asked, measures=measures, currency=[asked.currency], **given)
