"""Which days were read before their provider had settled them."""

from collections.abc import Mapping

import sqlalchemy as sa

from llm_finops.core.days import final_at
from llm_finops.ledger.queries.reader import Reader
from llm_finops.ledger.schema import LOAD_PERIODS, LOADS
from llm_finops.ledger.versions import is_within

_READ = ("usage", "cost_lines")


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
