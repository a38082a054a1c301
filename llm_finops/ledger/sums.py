"""Sums over current facts, asked of the database: what checks, the daily message and the dashboard show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from llm_finops.core.money import MoneyError, fits
from llm_finops.ledger import schema
from llm_finops.ledger.errors import LedgerError
from llm_finops.ledger.versions import is_current, is_within

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger

Sums = dict[tuple[str, ...], tuple[int, ...]]


def sums(
    ledger: "Ledger",
    table: str,
    by: Sequence[str],
    of: Sequence[str],
    days: tuple[str, str],
    seq: int | None = None,
    where: dict[str, Any] | None = None,
) -> Sums:
    """{values of `by`: sums of `of`} over days (first, last; inclusive), now or as of a commit.

    `by` may name columns of the pool; NULL in `of` counts as absent, and a group whose values are all NULL
    sums to 0 beside its `rows` count: ask for "rows" to tell absent from zero. `where` maps a column to a
    value, or to None for NULL.
    """
    facts, versions, pools = schema.FACTS[table], schema.VERSIONS, schema.POOLS
    source: sa.FromClause = facts.join(versions, versions.c.version_id == facts.c.version_id)
    if "pool_id" in facts.columns:
        source = source.join(pools, pools.c.pool_id == facts.c.pool_id)

    def column(name: str) -> sa.ColumnElement[Any]:
        return facts.c[name] if name in facts.columns else pools.c[name]

    added = [sa.func.count() if name == "rows" else sa.func.sum(column(name)) for name in of]
    query = sa.select(*map(column, by), *added).select_from(source)
    query = query.where(is_current(seq), is_within(facts.c.day, *days)).group_by(*map(column, by))
    for name, value in (where or {}).items():
        query = query.where(column(name).is_(None) if value is None else column(name) == value)
    try:
        with ledger.reading() as connection:
            rows = connection.execute(query).all()
        # PostgreSQL sums a bigint to a numeric of any size, SQLite to an integer, or refuses.
        return {tuple(row[: len(by)]): tuple(fits(int(value or 0)) for value in row[len(by) :]) for row in rows}
    except (OperationalError, MoneyError) as error:
        if isinstance(error, OperationalError) and "integer overflow" not in str(error):
            raise
        raise LedgerError(f"a sum of {', '.join(of)} in {table} over {days} does not fit 64 bits: add less") from error


def unconserved(ledger: "Ledger", days: tuple[str, str], seq: int | None = None) -> dict[tuple[str, ...], int]:
    """{(day, account, currency, basis): difference} wherever allocations are not the lines they were made of."""
    seq = ledger.seq() if seq is None else seq  # two statements, one commit
    by = ("day", "account", "currency", "basis")
    lines = sums(ledger, "cost_lines", by, ("amount_nano",), days, seq)
    shares = sums(ledger, "allocations", by, ("cost_nano",), days, seq)
    found = {}
    for key in lines.keys() | shares.keys():
        difference = shares.get(key, (0,))[0] - lines.get(key, (0,))[0]
        if difference:
            found[key] = difference
    return found


def findings_by_kind(
    ledger: "Ledger", days: tuple[str, str], seq: int | None = None, dataset: str = "", scope: str = ""
) -> dict[tuple[str, str], int]:
    """{(day, kind): how many} of the findings that current versions carry: all, or those of a dataset or scope."""
    findings, versions = schema.FINDINGS, schema.VERSIONS
    query = (
        sa.select(findings.c.day, findings.c.kind, sa.func.count())
        .join(versions, versions.c.version_id == findings.c.version_id)
        .where(is_current(seq), is_within(findings.c.day, *days))
        .group_by(findings.c.day, findings.c.kind)
    )
    for column, value in ((versions.c.dataset, dataset), (versions.c.scope, scope)):
        query = query.where(column == value) if value else query
    with ledger.reading() as connection:
        return {(day, kind): int(count) for day, kind, count in connection.execute(query)}
