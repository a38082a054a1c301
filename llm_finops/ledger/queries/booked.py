"""Which days have been reckoned at all: what has no row on one of them is 0 there, and on any other not known."""

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from llm_finops.core.days import each_day
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import MARGINS
from llm_finops.ledger.queries.reader import Reader, whole
from llm_finops.ledger.schema import FINDINGS, VERSIONS
from llm_finops.ledger.versions import is_current, is_within


class Booked(NamedTuple):
    """A day that has margins, `rows` in whatever currency: 0 where nothing was used or paid."""

    rows: int
    revenue_known: bool


def booked_days(reader: Reader, first: str, last: str) -> Mapping[str, Booked]:
    """The days that are booked, oldest first."""
    days = sorted(_days(reader, first, last))
    sums = MARGINS.sums(reader, ["day"], Asked(first, last, ""), measures=["rows", "revenue_unknown"])
    found = {day: Booked(whole(rows), whole(rows) > whole(unknown)) for day, rows, unknown in reader.rows(sums)}
    undoubted = _undoubted(reader, first, last) if len(found) < len(days) else set()
    return {day: found.get(day) or Booked(0, day in undoubted) for day in days}


def unbooked_days(reader: Reader, first: str, last: str) -> tuple[str, ...]:
    """The days of first..last of which no margins are booked, oldest first: no figure of theirs is in any margin."""
    booked = _days(reader, first, last)
    return tuple(day for day in each_day(first, last) if day not in booked)


def _days(reader: Reader, first: str, last: str) -> set[str]:
    period = VERSIONS.c.period
    query = sa.select(period).where(VERSIONS.c.dataset == "margins", is_current(None), is_within(period, first, last))
    return {row[0] for row in reader.rows(query)}


def _undoubted(reader: Reader, first: str, last: str) -> set[str]:
    """Days whose revenue was read, and nothing is said against it: of days without a row that tells."""
    is_doubted = sa.exists().where(FINDINGS.c.version_id == VERSIONS.c.version_id)
    query = sa.select(VERSIONS.c.period, is_doubted).where(
        VERSIONS.c.dataset == "revenue", is_current(None), is_within(VERSIONS.c.period, first, last)
    )
    rows = reader.rows(query)
    return {day for day, _ in rows} - {day for day, doubted in rows if doubted}
