"""Implied prices over days: what differs on a day, and since when."""

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from llm_finops.core.audit import First, first_seen
from llm_finops.core.derived import DIFFERS, MATCHED, UNPRICED, ImpliedPrice
from llm_finops.core.records import ANY
from llm_finops.ledger.schema import FACTS, VERSIONS
from llm_finops.ledger.versions import is_current

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger

_TABLE = FACTS["implied_prices"]
_COLUMNS = [_TABLE.c[name] for name in ImpliedPrice._fields]


def prices_that_differ(ledger: "Ledger", day: str, seq: int | None = None) -> list[First]:
    """The prices that a day's bills part from, of all accounts, the first day of each; now or as of a commit."""
    seq = ledger.seq() if seq is None else seq
    here = (_TABLE.c.day == day, _TABLE.c.state == DIFFERS)
    models = {(row.provider, row.model) for rows in _rows(ledger, seq, *here).values() for row in rows}
    if not models:
        return []
    of_models = sa.or_(*(sa.and_(_TABLE.c.provider == at, _TABLE.c.model == model) for at, model in sorted(models)))
    told = _TABLE.c.state.in_([DIFFERS, MATCHED])
    by_account: defaultdict[str, dict[str, list[ImpliedPrice]]] = defaultdict(dict)
    for (account, at), rows in _rows(ledger, seq, _TABLE.c.day <= day, of_models, told).items():
        by_account[account][at] = rows
    return [found for account in sorted(by_account) for found in first_seen(by_account[account], day)]


class LastImplied(NamedTuple):
    """The newest price that a bill implies for a meter: of which day and account."""

    day: str
    account: str
    price: ImpliedPrice


def last_implied(ledger: "Ledger", provider: str, model: str, tier: str) -> dict[tuple[str, str], LastImplied]:
    """{(meter, currency): the newest} of a model and tier, of bills that could be held against the usage."""
    of = (_TABLE.c.provider == provider, _TABLE.c.model == model, _TABLE.c.service_tier.in_([tier, ANY]))
    told = (_TABLE.c.state.in_([DIFFERS, MATCHED, UNPRICED]), _TABLE.c.implied_price_nano.is_not(None))
    found: dict[tuple[str, str], LastImplied] = {}
    for (account, day), rows in sorted(_rows(ledger, None, *of, *told).items(), key=lambda at: (at[0][1], at[0][0])):
        found |= {(row.meter, row.currency): LastImplied(day, account, row) for row in sorted(rows)}
    return found


def _rows(
    ledger: "Ledger", seq: int | None, *where: sa.ColumnElement[bool]
) -> dict[tuple[str, str], list[ImpliedPrice]]:
    query = sa.select(VERSIONS.c.scope, _TABLE.c.day, *_COLUMNS).join(
        VERSIONS, VERSIONS.c.version_id == _TABLE.c.version_id
    )
    found: defaultdict[tuple[str, str], list[ImpliedPrice]] = defaultdict(list)
    with ledger.reading() as connection:
        for account, day, *row in connection.execute(query.where(is_current(seq), *where)):
            found[account, day].append(ImpliedPrice(*row))
    return found
