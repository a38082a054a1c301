"""How fresh, how whole and how steady the data is."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from llm_finops.core.days import each_day
from llm_finops.core.records import ESTIMATED, REPORTED
from llm_finops.ledger.loads import BadRow, bad_count_of, bad_rows_of
from llm_finops.ledger.pages import Held, held_of
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import COST_LINES, COVERAGE
from llm_finops.ledger.queries.reader import Reader, whole
from llm_finops.ledger.queries.reconciled import accounts_of
from llm_finops.ledger.schema import COMMITS, LOAD_PERIODS, LOADS, VERSIONS
from llm_finops.ledger.versions import Key, is_current, is_within

_LANES = ("cost_lines", "estimates", "usage")
MISSING = "missing"
_DAY = "____-__-__"  # as LIKE reads it


class SourceRead(NamedTuple):
    """The last load of a source's dataset (times UTC), and the newest day that any of its loads read whole."""

    source: str
    dataset: str
    load_id: int
    started_at: str
    finished_at: str | None
    outcome: str  # running | whole | part | failed
    detail: str
    newest_whole: str | None  # None: no day yet, or it is not read by days


class Restated(NamedTuple):
    """A version that replaced another: what it is of, when it was booked (UTC), and their rows."""

    dataset: str
    scope: str
    period: str
    at_utc: str
    reason: str
    rows_before: int
    rows: int


class CoverageDay(NamedTuple):
    """Tokens that providers report, and those of them that request logs account for."""

    day: str
    quantity: int
    covered: int


class BasisDay(NamedTuple):
    """What an account's day rests on. `missing`: neither a report nor an estimate is there.

    `cost_nano` is the amount of the day's lines in the currency asked for.
    """

    account: str
    day: str
    basis: str  # reported | estimated | missing
    cost_nano: int


def sources(reader: Reader) -> tuple[SourceRead, ...]:
    """By source and dataset, sorted; those that were ever read."""
    last = sa.select(sa.func.max(LOADS.c.load_id)).group_by(LOADS.c.source, LOADS.c.dataset)
    names = ("source", "dataset", "load_id", "started_at", "finished_at", "outcome", "detail")
    rows = reader.rows(sa.select(*(LOADS.c[name] for name in names)).where(LOADS.c.load_id.in_(last)))
    read = LOAD_PERIODS.c
    newest = sa.select(read.scope, read.dataset, sa.func.max(read.period)).group_by(read.scope, read.dataset)
    whole_days = reader.rows(newest.where(read.clipped.is_(None), read.period.like(_DAY)))
    days = {(row[0], row[1]): row[2] for row in whole_days}
    return tuple(sorted(SourceRead._make((*row, days.get((row.source, row.dataset)))) for row in rows))


def restated(reader: Reader, first: str, last: str, limit: int | None = None) -> tuple[Restated, ...]:
    """Versions of the period's days that replaced another, the newest first; of every dataset."""
    new, old = VERSIONS.alias("new"), VERSIONS.alias("old")
    same = sa.and_(*(new.c[name] == old.c[name] for name in Key._fields), old.c.until_seq == new.c.from_seq)
    key = [new.c[name] for name in Key._fields]
    query = (
        sa.select(*key, COMMITS.c.at_utc, COMMITS.c.reason, old.c.rows, new.c.rows)
        .join_from(new, old, same)
        .join(COMMITS, COMMITS.c.seq == new.c.from_seq)
        .where(is_within(new.c.period, first, last))
        .order_by(new.c.from_seq.desc(), *key)
        .limit(limit)
    )
    return tuple(Restated(*row) for row in reader.rows(query))


def quarantined(
    reader: Reader, *, descending: bool = False, limit: int | None = None, offset: int = 0
) -> tuple[BadRow, ...]:
    """The rows that are not counted now, and why; sorted by day."""
    return tuple(bad_rows_of(reader.connection, descending=descending, limit=limit, offset=offset))


def quarantined_count(reader: Reader) -> int:
    """How many rows are not counted now."""
    return bad_count_of(reader.connection)


def held(reader: Reader) -> tuple[Held, ...]:
    """The days whose new reading is held, because it would have shrunk them by more than half."""
    return tuple(held_of(reader.connection))


def coverage_days(reader: Reader, asked: Asked) -> tuple[CoverageDay, ...]:
    """Tokens by day, oldest first; only provider filters, and tokens have no currency."""
    table = COVERAGE.table.c
    query = COVERAGE.select(
        reader, ("day",), [sa.func.sum(table.quantity), sa.func.sum(table.covered)], asked, "provider"
    )
    rows = reader.rows(query.where(table.unit == "tokens"))
    return tuple(sorted(CoverageDay(day, whole(quantity), whole(covered)) for day, quantity, covered in rows))


def basis_days(reader: Reader, asked: Asked, expected: Collection[str] = ()) -> tuple[BasisDay, ...]:
    """Every day of every account that was ever read, by account and day; only provider filters.

    `expected`: accounts whose days are told in any case, be they never read, or without any cost of the provider.
    """
    bases = _bases(reader, asked)
    costs = _costs(reader, asked)
    accounts = {row[0] for row in reader.rows(sa.select(VERSIONS.c.scope).distinct().where(_is_lane()))}
    if asked.provider is not None:
        accounts &= accounts_of(reader, asked.provider)
    accounts |= {*expected}
    days = each_day(asked.first, asked.last)
    return tuple(
        BasisDay(account, day, bases.get((account, day), MISSING), costs.get((account, day), 0))
        for account in sorted(accounts)
        for day in days
    )


def _is_lane() -> sa.ColumnElement[bool]:
    return VERSIONS.c.dataset.in_(_LANES)


def _bases(reader: Reader, asked: Asked) -> dict[tuple[str, str], str]:
    """Reported where a report is booked, unless an estimate has lines: who books reported lines empties it."""
    query = sa.select(VERSIONS.c.dataset, VERSIONS.c.scope, VERSIONS.c.period, VERSIONS.c.rows)
    query = query.where(_is_lane(), is_current(None), is_within(VERSIONS.c.period, asked.first, asked.last))
    found: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for dataset, account, day, rows in reader.rows(query):
        found[account, day][dataset] = rows
    return {at: basis for at, lanes in found.items() if (basis := _basis(lanes))}


def _basis(lanes: dict[str, int]) -> str:
    if lanes.get("estimates"):
        return ESTIMATED
    return REPORTED if "cost_lines" in lanes else ""


def _costs(reader: Reader, asked: Asked) -> dict[tuple[str, str], int]:
    table = COST_LINES.table.c
    query = COST_LINES.select(reader, ("account", "day"), [sa.func.sum(table.amount_nano)], asked)
    rows = reader.rows(query.where(table.currency == asked.currency))
    return {(account, day): whole(nano) for account, day, nano in rows}
