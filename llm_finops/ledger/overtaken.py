"""Which of two readings counts, where they are booked in the other order than they were read."""

from typing import NamedTuple

import sqlalchemy as sa

from llm_finops.ledger.schema import LOAD_PERIODS, LOADS, root_of
from llm_finops.ledger.versions import Key


class Moment(NamedTuple):
    """When a load was read, and by the number of which load; None of a load that another ledger numbered."""

    read_at: str
    load_id: int | None


def is_overtaken(connection: sa.Connection, key: Key, moment: Moment) -> bool:
    """Whether a later reading of the key is booked. Certain only under the lock.

    Of one ledger the load that began later has the higher number, too: a clock that was wrong once, or that goes
    otherwise than another machine's, does not keep the readings out that come after it.
    """
    later = LOADS.c.started_at > moment.read_at
    if moment.load_id is not None:
        later = sa.and_(LOADS.c.started_at >= moment.read_at, root_of(LOADS) > moment.load_id)
    booked = sa.select(LOADS.c.load_id).join(LOAD_PERIODS, LOAD_PERIODS.c.load_id == LOADS.c.load_id)
    of = [LOAD_PERIODS.c[name] == value for name, value in key._asdict().items()]
    return connection.execute(booked.where(*of, later).limit(1)).first() is not None
