"""The rows of a fact table that hold now, of the days and filters that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.schema import FACTS, POOLS, VERSIONS
from llm_finops.ledger.versions import is_current, is_within

_FILTERS = ("provider", "environment", "customer", "feature")


@dataclass(frozen=True)
class Facts:
    """One table of facts by day; `datasets` are those whose rows it holds.

    A column may be the table's, its pool's, `account` or `source` (what the version is of), or `month`.
    """

    name: str
    datasets: tuple[str, ...]

    @property
    def table(self) -> sa.Table:
        """The table."""
        return FACTS[self.name]

    def column(self, name: str) -> sa.ColumnElement[Any]:
        """A column by its name."""
        if name == "month":  # written out: PostgreSQL takes no parameter for a group's own expression
            return sa.func.substr(self.table.c.day, sa.literal_column("1"), sa.literal_column("7"))
        if name in self.table.c:
            return self.table.c[name]
        if self._is_pools(name):
            return POOLS.c[name]
        return VERSIONS.c.scope

    def select(
        self, columns: Sequence[str], added: Sequence[sa.ColumnElement[Any]], asked: Asked, *filters: str
    ) -> sa.Select[Any]:
        """Groups by `columns` of the days asked for, with what is `added` up; of the filters, those named apply."""
        used = [name for name in _FILTERS if name in filters and getattr(asked, name) is not None]
        query = sa.select(*(self.column(name).label(name) for name in columns), *added)
        query = query.select_from(self._joined([*columns, *filters]))
        query = query.where(*self.current(asked.first, asked.last))
        query = query.where(*(self.column(name) == getattr(asked, name) for name in used))
        return query.group_by(*map(self.column, columns)) if columns else query

    def current(self, first: str, last: str) -> list[sa.ColumnElement[bool]]:
        """Rows of versions that hold now, of these days."""
        versions = VERSIONS.c
        # A month's version holds rows by day: it sorts before its own days.
        return [
            versions.dataset.in_(self.datasets),
            is_within(versions.period, first[:7] if "true_ups" in self.datasets else first, last),
            is_within(self.table.c.day, first, last),
            is_current(None),
        ]

    def _is_pools(self, name: str) -> bool:
        return "pool_id" in self.table.c and name in POOLS.c

    def _joined(self, columns: Sequence[str]) -> sa.FromClause:
        source: sa.FromClause = self.table.join(VERSIONS, VERSIONS.c.version_id == self.table.c.version_id)
        if any(self._is_pools(name) and name not in self.table.c for name in columns):
            source = source.join(POOLS, POOLS.c.pool_id == self.table.c.pool_id)
        return source


def _of(name: str) -> Facts:
    return Facts(name, (name,))


MARGINS = _of("margins")
ALLOCATIONS = _of("allocations")
REQUEST_TOTALS = _of("request_totals")
REQUEST_COSTS = _of("request_costs")
REQUEST_QUANTILES = _of("request_quantiles")
PRICED_USAGE = _of("priced_usage")
IMPLIED_PRICES = _of("implied_prices")
COVERAGE = _of("coverage")
COST_LINES = Facts("cost_lines", ("cost_lines", "estimates", "true_ups"))
