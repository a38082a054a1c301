"""The rows of a fact table that hold now, and what they add up to, of the days and filters that were asked for.

What a version adds up to is kept for some tables (`ledger.rolling`): where those sums answer, they are asked, and the
rows of versions that have none yet are added up beside them. So an answer is the same with the sums or without.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.reader import Reader
from llm_finops.ledger.rolling import added
from llm_finops.ledger.schema import FACTS, POOLS, ROLL_UPS, VERSIONS, RollUp
from llm_finops.ledger.versions import is_within

FILTERS = ("provider", "environment", "customer", "feature")
# Written out: PostgreSQL takes no parameter for a group's own expression.
_ONE: sa.ColumnElement[int] = sa.literal_column("1")
_SEVEN: sa.ColumnElement[int] = sa.literal_column("7")


@dataclass(frozen=True)
class Facts:
    """One table of facts by day; `datasets` are those whose rows it holds, `measures` what they add up to.

    A column may be the table's, its pool's, `account` or `source` (what the version is of), or `month`.
    """

    name: str
    datasets: tuple[str, ...]
    measures: tuple[str, ...] = ()

    @property
    def table(self) -> sa.Table:
        """The table."""
        return FACTS[self.name]

    def kept(self, columns: Collection[str]) -> RollUp | None:
        """The shortest of the kept sums that knows all of the columns."""
        return next((roll for roll in ROLL_UPS if roll.of == self.name and _serves(roll, columns)), None)

    def select(
        self, reader: Reader, columns: Sequence[str], added_up: Sequence[sa.ColumnElement[Any]], asked: Asked, *by: str
    ) -> sa.Select[Any]:
        """Groups by `columns` of the days asked for, with sums; of the filters, those named in `by` apply."""
        rolled, rest = reader.versions(self.datasets, asked.first, asked.last)
        query = _select(self.table, columns, added_up, _given(asked, by), rolled + rest)
        if "true_ups" in self.datasets:  # a month's version may hold rows of its days, or of the month itself
            query = query.where(is_of_period(self.table.c.day, asked.first, asked.last))
        return query

    def sums(
        self,
        reader: Reader,
        columns: Sequence[str],
        asked: Asked,
        *by: str,
        measures: Sequence[str] | None = None,
        **given: Sequence[str],
    ) -> sa.Select[Any]:
        """Groups by `columns` with all or some measures, from the kept sums as far as there are.

        Of the filters, those named in `by` apply; `given` is {column: the values it may have}.
        """
        measures = self.measures if measures is None else measures
        wanted = {**given, **_given(asked, by)}
        rolled, rest = reader.versions(self.datasets, asked.first, asked.last)
        roll = self.kept({*columns, *wanted})
        own = [added(self.table, name).label(name) for name in measures]
        if roll is None or not rolled:
            return _select(self.table, columns, own, wanted, rolled + rest)
        kept = [sa.func.sum(roll.table.c[name]).label(name) for name in measures]
        known = _select(roll.table, columns, kept, wanted, rolled)
        if not rest:
            return known
        both = sa.union_all(known, _select(self.table, columns, own, wanted, rest)).subquery()
        total = [sa.func.sum(both.c[name]).label(name) for name in measures]
        at = [both.c[name] for name in columns]
        return sa.select(*at, *total).group_by(*at) if at else sa.select(*total)


def column_of(table: sa.Table, name: str) -> sa.ColumnElement[Any]:
    """A column of facts or of their sums by its name."""
    if name == "month":
        return sa.func.substr(table.c.day, _ONE, _SEVEN)
    if name in table.c:
        return table.c[name]
    return POOLS.c[name] if _is_pools(table, name) else VERSIONS.c.scope


def _select(
    table: sa.Table,
    columns: Sequence[str],
    added_up: Sequence[sa.ColumnElement[Any]],
    wanted: Mapping[str, Sequence[str]],
    versions: Sequence[int],
) -> sa.Select[Any]:
    named = {name: column_of(table, name) for name in (*columns, *wanted)}
    source: sa.FromClause = table
    if any(_is_pools(table, name) for name in named):
        source = source.join(POOLS, POOLS.c.pool_id == table.c.pool_id)
    if any(column is VERSIONS.c.scope for column in named.values()):
        source = source.join(VERSIONS, VERSIONS.c.version_id == table.c.version_id)
    query = sa.select(*(named[name].label(name) for name in columns), *added_up).select_from(source)
    query = query.where(is_one_of(table, versions))
    for name, values in wanted.items():
        query = query.where(named[name] == values[0] if len(values) == 1 else named[name].in_(list(values)))
    return query.group_by(*(named[name] for name in columns)) if columns else query


def is_of_period(day: sa.ColumnElement[str], first: str, last: str) -> sa.ColumnElement[bool]:
    """A day of the period, or, of what is told by months, one of its months."""
    of_months = sa.and_(is_within(day, first[:7], last[:7]), sa.func.length(day) == len("2026-11"))
    return sa.or_(is_within(day, first, last), of_months)


def is_one_of(table: sa.Table, versions: Sequence[int]) -> sa.ColumnElement[bool]:
    """Rows of these versions: their numbers stand in the text, since a database takes only so many parameters."""
    return table.c.version_id.in_(sa.bindparam(None, list(versions), expanding=True, literal_execute=True))


def _serves(roll: RollUp, names: Collection[str]) -> bool:
    return all(name in {*roll.keys, "day", "month"} or _is_pools(roll.table, name) for name in names)


def _is_pools(table: sa.Table, name: str) -> bool:
    return name not in table.c and "pool_id" in table.c and name in POOLS.c


def _given(asked: Asked, by: Sequence[str]) -> dict[str, Sequence[str]]:
    return {name: [getattr(asked, name)] for name in FILTERS if name in by and getattr(asked, name) is not None}


def _of(name: str, *measures: str) -> Facts:
    return Facts(name, (name,), measures)


MARGINS = _of(
    *("margins", "cost_nano", "revenue_nano", "revenue_unknown", "logged_cost_nano", "requests", "operations", "rows")
)
CONVERTED_MARGINS = _of("converted_margins")
ALLOCATIONS = _of("allocations", "cost_nano")
REQUEST_TOTALS = _of("request_totals", "requests", "operations", "list_cost_nano", "unpriced")
REQUEST_COSTS = _of("request_costs", "requests", "cost_nano")
REQUEST_QUANTILES = _of("request_quantiles")
PRICED_USAGE = _of("priced_usage")
IMPLIED_PRICES = _of("implied_prices")
COVERAGE = _of("coverage")
COST_LINES = Facts("cost_lines", ("cost_lines", "estimates", "true_ups"))
