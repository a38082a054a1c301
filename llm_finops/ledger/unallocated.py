"""What the next mapping is reckoned from: cogs by pool and method, usage without a log, requests without a customer."""

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from llm_finops.core.next_mapping import Nameless, Spent, Uncovered
from llm_finops.core.records import COGS, NONE
from llm_finops.ledger import schema
from llm_finops.ledger.sums import sums
from llm_finops.ledger.versions import is_current, is_within

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger

_POOL = ("account", "project", "api_key", "model")


class Standing(NamedTuple):
    """The newest days that have allocations, and what they say together."""

    days: tuple[str, ...] = ()
    spent: tuple[Spent, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    nameless: tuple[Nameless, ...] = ()


def standing(ledger: "Ledger", days: int) -> Standing:
    """The last so many days with data, as of one commit."""
    seq = ledger.seq()
    found = _days(ledger, days, seq)
    if not found:
        return Standing()
    span = (found[0], found[-1])
    spent = sums(
        ledger,
        "allocations",
        (*_POOL, "currency", "feature", "method"),
        ("cost_nano",),
        span,
        seq,
        where={"cost_class": COGS},
    )
    used = sums(ledger, "coverage", (*_POOL, "actor"), ("quantity", "covered"), span, seq, where={"unit": "tokens"})
    return Standing(
        found,
        tuple(Spent._make((*by, nano, NONE)) for by, (nano,) in spent.items()),
        tuple(
            Uncovered._make((*by, quantity - covered)) for by, (quantity, covered) in used.items() if quantity > covered
        ),
        _nameless(ledger, span, seq),
    )


def _days(ledger: "Ledger", most: int, seq: int) -> tuple[str, ...]:
    versions = schema.VERSIONS
    query = (
        sa.select(versions.c.period)
        .distinct()
        .where(versions.c.dataset == "allocations", versions.c.rows > 0, is_current(seq))
        .order_by(versions.c.period.desc())
        .limit(most)
    )
    with ledger.reading() as connection:
        return tuple(sorted(connection.execute(query).scalars()))


def _nameless(ledger: "Ledger", span: tuple[str, str], seq: int) -> tuple[Nameless, ...]:
    totals, versions, pools = schema.FACTS["request_totals"], schema.VERSIONS, schema.POOLS
    by = (versions.c.scope, totals.c.feature, pools.c.currency)
    query = (
        sa.select(*by, sa.func.sum(totals.c.list_cost_nano))
        .join(versions, versions.c.version_id == totals.c.version_id)
        .join(pools, pools.c.pool_id == totals.c.pool_id)
        .where(is_current(seq), is_within(totals.c.day, *span), totals.c.customer == NONE)
        .group_by(*by)
    )
    with ledger.reading() as connection:
        return tuple(Nameless(*row[:3], int(row[3] or 0)) for row in connection.execute(query))
