"""Reading the rows of a version: as the table holds them, or as records."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from llm_finops.core.records import Finding, Pool
from llm_finops.ledger.datasets import Dataset, Row
from llm_finops.ledger.schema import FACTS, FINDINGS, POOLS


def read_table_rows(
    connection: sa.Connection, dataset: Dataset[Any], version_id: int, customer: str | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a version, or those of it that name a customer, in no order; pools by their number."""
    table = FACTS[dataset.table]
    query = sa.select(*[table.c[name] for name in dataset.columns]).where(*_is_of(table, version_id, customer))
    return [tuple(row) for row in connection.execute(query).all()]


def read_records(
    connection: sa.Connection, dataset: Dataset[Row], version_id: int, customer: str | None = None
) -> list[Row]:
    """The rows of a version, or those of it that name a customer, as they were booked, in no order."""
    made: Any = dataset.record
    rows = read_table_rows(connection, dataset, version_id, customer)
    if not dataset.pooled:
        return [made(*row) for row in rows]
    pools = read_pools(connection, dataset, version_id, customer)
    return [made(pools[row[0]], *row[1:]) for row in rows]


def read_findings(connection: sa.Connection, version_ids: Sequence[int]) -> list[Finding]:
    """The findings that versions carry, sorted."""
    query = sa.select(*[FINDINGS.c[name] for name in Finding._fields]).where(FINDINGS.c.version_id.in_(version_ids))
    return sorted(Finding(*row) for row in connection.execute(query))


def _is_of(table: sa.Table, version_id: int, customer: str | None) -> list[sa.ColumnElement[bool]]:
    of_customer = [] if customer is None else [table.c.customer == customer]
    return [table.c.version_id == version_id, *of_customer]


def read_pools(
    connection: sa.Connection, dataset: Dataset[Any], version_id: int, customer: str | None = None
) -> Mapping[int, Pool]:
    """The pools of a version's rows, or of those that name a customer, by their number."""
    facts = FACTS[dataset.table]
    used = sa.select(facts.c.pool_id).where(*_is_of(facts, version_id, customer))
    query = sa.select(POOLS).where(POOLS.c.pool_id.in_(used))
    return {row[0]: Pool(*row[1:]) for row in connection.execute(query)}
