"""Writing many rows by each driver's fast path: COPY on PostgreSQL, tuples on SQLite."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from llm_finops.core.records import Pool
from llm_finops.ledger import schema


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of all the table's columns, in the table's order."""
    if not rows:
        return
    columns, marks = _columns(connection, table)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection  # psycopg's own connection, inside the same transaction
        with driver.cursor() as cursor, cursor.copy(f"copy {table.name} ({columns}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        connection.exec_driver_sql(f"insert into {table.name} ({columns}) values ({marks})", list(rows))


def write_pools(connection: sa.Connection, pools: Iterable[Pool]) -> None:
    """Add pools to the dictionary; every writer computes the same number, so a second one adds nothing."""
    rows = [(pool.pool_id, *pool) for pool in sorted(pools)]
    if rows:
        columns, marks = _columns(connection, schema.POOLS)
        sql = f"insert into pools ({columns}) values ({marks}) on conflict (pool_id) do nothing"
        connection.exec_driver_sql(sql, rows)


def _columns(connection: sa.Connection, table: sa.Table) -> tuple[str, str]:
    # `rows` and `position` are words of SQL: quoted where the dialect asks for it.
    quote = connection.dialect.identifier_preparer.quote
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    return ", ".join(quote(c.name) for c in table.columns), ", ".join([mark] * len(table.columns))
