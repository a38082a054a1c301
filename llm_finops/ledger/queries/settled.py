"""Which days were read before their provider had settled them, and which are not computed of what was read."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from llm_finops.core.days import final_at
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries.booked import unbooked_days
from llm_finops.ledger.queries.reader import Reader
from llm_finops.ledger.schema import LOAD_PERIODS, LOADS, VERSIONS
from llm_finops.ledger.versions import is_current, is_within, stale_of

_READ = ("usage", "cost_lines")
_LINES = (d.COST_LINES.name, d.ESTIMATES.name)
_OF_SOURCES = {d.PRICED_USAGE.name, d.REQUEST_TOTALS.name}
_COMPUTED = (*sorted(_OF_SOURCES), d.ESTIMATES.name, d.ALLOCATIONS.name, d.MARGINS.name)


def provisional_days(reader: Reader, first: str, last: str, settle_hours: Mapping[str, int]) -> tuple[str, ...]:
    """The days of first..last that an account's last whole reading came too early for, oldest first.

    `settle_hours` is {account: hours after a day's end from when on a reading of it is final}.
    """
    of, at = LOAD_PERIODS.c, sa.func.max(LOADS.c.started_at)
    query = sa.select(of.scope, of.period, at).join(LOADS, LOADS.c.load_id == of.load_id)
    # A day that was not over for the provider was not read whole, whatever the hour.
    query = query.where(of.dataset.in_(_READ), of.scope.in_(list(settle_hours)), of.clipped.is_(None))
    found = reader.rows(query.where(is_within(of.period, first, last)).group_by(of.dataset, of.scope, of.period))
    return tuple(sorted({day for scope, day, read in found if read < final_at(day, settle_hours[scope])}))


def outdated_days(reader: Reader, first: str, last: str, sources: Collection[str]) -> tuple[str, ...]:
    """The days of first..last whose margins are not of what is read now, oldest first: a run is under way, or failed.

    `sources`: the accounts and request logs that are configured; what is gone cannot be computed again.
    """
    stale = reader.rows(stale_of(_COMPUTED).where(is_within(VERSIONS.c.period, first, last)))
    days = {day for dataset, scope, day in stale if dataset not in _OF_SOURCES or scope in sources}
    lines = _current(first, last).where(VERSIONS.c.dataset.in_(_LINES), VERSIONS.c.rows > 0)
    split = _current(first, last).where(VERSIONS.c.dataset == d.ALLOCATIONS.name)
    days |= {day for _, day in {*map(tuple, reader.rows(lines))} - {*map(tuple, reader.rows(split))}}
    return tuple(sorted(days - set(unbooked_days(reader, first, last))))


def _current(first: str, last: str) -> sa.Select[tuple[str, str]]:
    """(scope, day) of versions that hold now."""
    return sa.select(VERSIONS.c.scope, VERSIONS.c.period).where(
        is_current(None), is_within(VERSIONS.c.period, first, last)
    )
