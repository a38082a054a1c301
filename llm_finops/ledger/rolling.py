"""Sums of current versions, kept so that a page need not add up every row: caches, of which no figure depends.

A version never changes, so its sums are right for ever or not there. They are made at a run's end, one version a
transaction: a kill leaves all the sums of a version or none. Whoever reads adds up the rows of a version that has
none yet (`queries.facts`). The sums of a version that has ended are dropped: only the present is asked for quickly.
"""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, OperationalError

from llm_finops.ledger.schema import FACTS, POOLS, ROLL_UPS, ROLLED_UP, VERSIONS, RollUp

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger


def added(facts: sa.Table, measure: str) -> sa.ColumnElement[Any]:
    """What a measure of some rows of facts is, in SQL: the sum of its column, but for what is counted."""
    if measure == "rows":
        return sa.func.count()
    if measure == "revenue_nano":
        return sa.func.coalesce(sa.func.sum(facts.c.revenue_nano), 0)
    if measure == "revenue_unknown":
        return sa.func.count() - sa.func.count(facts.c.revenue_nano)
    if measure == "unpriced":
        return sa.func.sum(sa.case((facts.c.list_cost_nano.is_(None), facts.c.requests), else_=0))
    return sa.func.sum(facts.c[measure])


def roll_up(ledger: "Ledger") -> int:
    """Make the sums that current versions lack and drop those of ended ones; how many versions were added up.

    A version whose sums do not fit 64 bits stays as it is: whoever asks for such a sum is told so.
    """
    _forget_ended(ledger)
    return sum(_roll_up_one(ledger, dataset, version_id) for dataset, version_id in _lacking(ledger))


def _lacking(ledger: "Ledger") -> list[tuple[str, int]]:
    is_there = sa.exists().where(ROLLED_UP.c.version_id == VERSIONS.c.version_id)
    query = sa.select(VERSIONS.c.dataset, VERSIONS.c.version_id).where(
        VERSIONS.c.dataset.in_(sorted({roll.of for roll in ROLL_UPS})), VERSIONS.c.until_seq.is_(None), ~is_there
    )
    with ledger.reading() as connection:
        return [(dataset, version_id) for dataset, version_id in connection.execute(query)]


def _roll_up_one(ledger: "Ledger", dataset: str, version_id: int) -> bool:
    try:
        with ledger.writing() as connection:
            if not _is_ours(connection, version_id):
                return False
            for roll in ROLL_UPS:
                if roll.of == dataset:
                    connection.execute(_filled(roll, version_id))
            return True
    except (DataError, OperationalError) as error:
        if "integer overflow" in str(error) or "out of range" in str(error):
            return False
        raise


def _is_ours(connection: sa.Connection, version_id: int) -> bool:
    """Mark the version as added up; False where another run has, for which PostgreSQL waits here."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    marked = insert(ROLLED_UP).values(version_id=version_id).on_conflict_do_nothing().returning(ROLLED_UP.c.version_id)
    return connection.execute(marked).first() is not None


def _filled(roll: RollUp, version_id: int) -> sa.Insert:
    facts = FACTS[roll.of]
    source: sa.FromClause = facts
    if not all(name in facts.c for name in roll.keys):
        source = facts.join(POOLS, POOLS.c.pool_id == facts.c.pool_id)
    keys = [facts.c[name] if name in facts.c else POOLS.c[name] for name in roll.keys]
    sums = [added(facts, name) for name in roll.measures]
    query = sa.select(facts.c.version_id, facts.c.day, *keys, *sums).select_from(source)
    query = query.where(facts.c.version_id == version_id).group_by(facts.c.version_id, facts.c.day, *keys)
    return roll.table.insert().from_select(["version_id", "day", *roll.keys, *roll.measures], query)


def _forget_ended(ledger: "Ledger") -> None:
    ended = sa.select(VERSIONS.c.version_id).where(VERSIONS.c.until_seq.is_not(None))
    query = sa.select(ROLLED_UP.c.version_id).where(ROLLED_UP.c.version_id.in_(ended))
    with ledger.reading() as connection:
        found = list(connection.execute(query).scalars())
    for version_id in found:
        with ledger.writing() as connection:
            for table in (*(roll.table for roll in ROLL_UPS), ROLLED_UP):
                connection.execute(table.delete().where(table.c.version_id == version_id))
