"""What there is to ask for: days, currencies, and the values of the filters."""

from typing import NamedTuple

import sqlalchemy as sa

from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import ALLOCATIONS, MARGINS
from llm_finops.ledger.queries.naming import begins, holds
from llm_finops.ledger.queries.reader import Reader, whole
from llm_finops.ledger.schema import VERSIONS
from llm_finops.ledger.versions import is_current

_NO_END = "9999-12-31"


class Span(NamedTuple):
    """The first and the last day that have margins."""

    first: str
    last: str


class CurrencyCost(NamedTuple):
    """A currency that margins are in, with all their cost in it (nano-units; 0: revenue only)."""

    currency: str
    cost_nano: int


class Choices(NamedTuple):
    """What the filters can be set to; each sorted by its bytes."""

    providers: tuple[str, ...]
    environments: tuple[str, ...]
    features: tuple[str, ...]  # `(all)`, revenue of no feature, is not one


def span(reader: Reader) -> Span | None:
    """The first and the last day with margins; None where there are none."""
    period = VERSIONS.c.period
    query = sa.select(sa.func.min(period), sa.func.max(period))
    query = query.where(VERSIONS.c.dataset == "margins", VERSIONS.c.rows > 0, is_current(None))
    first, last = reader.rows(query)[0]
    return Span(first, last) if first else None


def currencies(reader: Reader, first: str, last: str) -> tuple[CurrencyCost, ...]:
    """The currencies of the period's margins, the largest cost first (in its own units: no rate is asked)."""
    query = MARGINS.sums(reader, ["currency"], Asked(first, last, ""))
    found = [CurrencyCost(row.currency, whole(row.cost_nano)) for row in reader.rows(query)]
    return tuple(sorted(found, key=lambda row: (-row.cost_nano, row.currency)))


def choices(reader: Reader, asked: Asked) -> Choices:
    """What occurs in the period and currency. The filters do not apply: another value can always be chosen."""
    columns = ("provider", "environment", "feature")
    found = reader.rows(ALLOCATIONS.sums(reader, columns, asked, measures=(), currency=[asked.currency]))
    providers, environments, features = (tuple(sorted({row[i] for row in found})) for i in range(len(columns)))
    return Choices(providers, environments, features)


def customers_like(reader: Reader, text: str, limit: int) -> tuple[str, ...]:
    """Customers of any day whose name holds the text, ASCII letters in either case; those that begin with it first."""
    every = MARGINS.sums(reader, ["customer"], Asked("", _NO_END, ""), measures=()).subquery()
    name = every.c.customer
    query = sa.select(name).where(holds(name, text))
    query = query.order_by(sa.case((begins(name, text), 0), else_=1), name).limit(limit)
    return tuple(row[0] for row in reader.rows(query))
