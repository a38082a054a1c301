"""Logged requests: how many, what they cost at list price, how that is spread, and what became of them."""

from typing import Literal, NamedTuple, get_args

from llm_finops.core.records import NONE
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import FILTERS, REQUEST_COSTS, REQUEST_QUANTILES, REQUEST_TOTALS
from llm_finops.ledger.queries.reader import Reader, known, whole

RequestDim = Literal[
    "day",
    "month",
    "source",
    "account",
    "provider",
    "project",
    "api_key",
    "model",
    "service_tier",
    "customer",
    "feature",
    "environment",
    "actor",
    "status",
]
OutcomeDim = Literal["day", "month", "customer", "feature", "outcome"]
REQUEST_DIMS: tuple[str, ...] = get_args(RequestDim)
OUTCOME_DIMS: tuple[str, ...] = get_args(OutcomeDim)


class Requests(NamedTuple):
    """Logged requests of a group; `list_cost_nano` is of those with a known price, None where none has one."""

    key: tuple[str, ...]
    requests: int
    operations: int
    list_cost_nano: int | None
    unpriced: int  # requests without a known price: they are not in the list cost


class Quantiles(NamedTuple):
    """Exact quantiles of the list cost of single requests (nano-units), of one request log and day."""

    day: str
    source: str
    key: str
    requests: int
    p50_nano: int
    p95_nano: int
    p99_nano: int
    max_nano: int


class Outcomes(NamedTuple):
    """Requests that came to one end, and the cost (nano-units, cogs) that the request logs gave them."""

    key: tuple[str, ...]
    requests: int
    cost_nano: int


def requests_by(reader: Reader, asked: Asked, *dims: RequestDim) -> tuple[Requests, ...]:
    """Logged requests by these dimensions, sorted by key. All filters apply.

    A request whose price is not known is of no currency: it is counted whichever is asked for.
    """
    query = REQUEST_TOTALS.sums(reader, dims, asked, *FILTERS, currency=[asked.currency, NONE])
    size = len(dims)
    rows = [row for row in reader.rows(query) if row[size] is not None]
    found = [
        Requests(tuple(row[:size]), whole(row[size]), whole(row[size + 1]), known(row[size + 2]), whole(row[size + 3]))
        for row in rows
    ]
    return tuple(sorted(found, key=lambda row: row.key))


def quantiles(
    reader: Reader, asked: Asked, grouping: Literal["all", "model", "feature", "customer"], key: str | None = None
) -> tuple[Quantiles, ...]:
    """By day, request log and key, sorted: quantiles of two logs or days are not added up. No filter applies.

    `key`: of one model, feature or customer alone.
    """
    table = REQUEST_QUANTILES.table.c
    columns = ("day", "source", *Quantiles._fields[2:])
    query = REQUEST_QUANTILES.select(reader, columns, [], asked)
    query = query.where(table.currency == asked.currency, table.grouping == grouping)
    if key is not None:
        query = query.where(table.key == key)
    return tuple(sorted(Quantiles(*row) for row in reader.rows(query)))


def outcomes(reader: Reader, asked: Asked, *dims: OutcomeDim) -> tuple[Outcomes, ...]:
    """What became of logged requests, by these dimensions, sorted by key; customer and feature filter."""
    rows = reader.rows(REQUEST_COSTS.sums(reader, dims, asked, "customer", "feature", currency=[asked.currency]))
    found = [Outcomes(tuple(row[:-2]), whole(row[-2]), whole(row[-1])) for row in rows if row[-1] is not None]
    return tuple(sorted(found))
