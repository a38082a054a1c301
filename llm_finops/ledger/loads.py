"""The journal of loads as people look at it: what was read, what came of it, which rows are not counted."""

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from llm_finops.ledger.pages import held_days
from llm_finops.ledger.schema import HELD, LOAD_PAGES, LOAD_PERIODS, LOADS, QUARANTINE
from llm_finops.ledger.versions import Key

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger


class Load(NamedTuple):
    """One pull of one source. Times are UTC; `range_until` is inclusive."""

    load_id: int
    source: str
    dataset: str
    range_from: str
    range_until: str
    started_at: str
    finished_at: str | None
    outcome: str
    calls: int
    detail: str
    replay_of: int | None
    days: int  # booked, or confirmed
    rows: int
    duplicates: int
    quarantined: int
    new_versions: int
    held: int  # days, be they accepted since
    pages: int


class BadRow(NamedTuple):
    """A row of a file that is not counted now."""

    day: str
    source: str
    dataset: str
    reason: str
    file: str
    detail: str
    load_id: int


def loads(
    ledger: "Ledger", *, source: str = "", day: str = "", failed: bool = False, limit: int = 20, load_id: int = 0
) -> list[Load]:
    """The newest loads, newest first. `failed`: those that failed, lost days, never ended, or hold a day now."""
    query = sa.select(LOADS).order_by(LOADS.c.load_id.desc()).limit(limit)
    if load_id:
        query = query.where(LOADS.c.load_id == load_id)
    if source:
        query = query.where(LOADS.c.source == source)
    if day:
        is_within = sa.and_(LOADS.c.range_from <= day, LOADS.c.range_until >= day)
        query = query.where(sa.or_(is_within, LOADS.c.range_from == "*"))
    if failed:
        open_now = [held.load_id for held in held_days(ledger)]
        query = query.where(sa.or_(LOADS.c.outcome != "whole", LOADS.c.load_id.in_(open_now)))
    with ledger.reading() as connection:
        return loads_of(connection, query)


def loads_of(connection: sa.Connection, query: sa.Select[Any]) -> list[Load]:
    """The loads that a query selects whole, with their counts."""
    return [Load(*row, *_counts(connection, row.load_id)) for row in connection.execute(query).all()]


def bad_rows(ledger: "Ledger") -> list[BadRow]:
    """The rows that are not counted now: of each day, those of the newest load that booked it."""
    with ledger.reading() as connection:
        return bad_rows_of(connection)


def bad_rows_of(
    connection: sa.Connection, *, descending: bool = False, limit: int | None = None, offset: int = 0
) -> list[BadRow]:
    """The same, in somebody's transaction, by day (`descending`: the newest first) and then by all of them."""
    day, *others = (
        QUARANTINE.c[name] for name in ("period", "scope", "dataset", "reason", "file", "detail", "load_id")
    )
    query = sa.select(day, *others).join(*_holding_now())
    query = query.order_by(day.desc() if descending else day, *others).limit(limit).offset(offset)
    return [BadRow(*found) for found in connection.execute(query)]


def bad_count_of(connection: sa.Connection) -> int:
    """How many they are."""
    query = sa.select(sa.func.count()).select_from(QUARANTINE).join(*_holding_now())
    return int(connection.execute(query).scalar_one())


def _holding_now() -> tuple[sa.Subquery, sa.ColumnElement[bool]]:
    """The newest load of each day, and which rows in quarantine are of it."""
    named = (LOAD_PERIODS.c.dataset, LOAD_PERIODS.c.scope, LOAD_PERIODS.c.period)
    newest = sa.select(*named, sa.func.max(LOAD_PERIODS.c.load_id).label("load_id")).group_by(*named).subquery()
    return newest, sa.and_(*(newest.c[name] == QUARANTINE.c[name] for name in ("load_id", *Key._fields)))


def _counts(connection: sa.Connection, load_id: int) -> tuple[int, ...]:
    """Days, rows, duplicates, quarantined; versions that no earlier load had; days held; pages."""
    of = LOAD_PERIODS.c
    added = [sa.func.coalesce(sa.func.sum(column), 0) for column in (of.rows, of.duplicates, of.quarantined)]
    sums = connection.execute(sa.select(sa.func.count(), *added).where(of.load_id == load_id)).one()
    earlier = LOAD_PERIODS.alias()
    same = sa.and_(*(earlier.c[name] == of[name] for name in (*Key._fields, "version_id")))
    seen = sa.exists().where(same, earlier.c.load_id < load_id)
    made = sa.select(sa.func.count()).select_from(LOAD_PERIODS).where(of.load_id == load_id, ~seen)
    counts = [sa.select(sa.func.count()).where(table.c.load_id == load_id) for table in (HELD, LOAD_PAGES)]
    return tuple(int(n) for n in (*sums, *(connection.execute(query).scalar_one() for query in (made, *counts))))
