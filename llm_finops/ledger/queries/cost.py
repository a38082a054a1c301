"""What was spent, by whatever an allocation knows."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import sqlalchemy as sa

from llm_finops.core.records import COGS
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import ALLOCATIONS, FILTERS, is_one_of
from llm_finops.ledger.queries.reader import Reader, whole
from llm_finops.ledger.schema import VERSIONS

CostDim = Literal[
    "day",
    "month",
    "account",
    "provider",
    "project",
    "api_key",
    "model",
    "service_tier",
    "customer",
    "feature",
    "environment",
    "cost_class",
    "method",
    "rule",
    "basis",
]
COST_DIMS: tuple[str, ...] = get_args(CostDim)


class Cost(NamedTuple):
    """What a group of allocations costs (nano-units); `key` holds the values of the dimensions, in their order."""

    key: tuple[str, ...]
    cost_nano: int


def rows_read(reader: Reader, asked: Asked, *dims: CostDim) -> int:
    """How many allocations `cost_by` must add up itself, since no kept sum answers: what it takes, beforehand.

    Of one customer 0: its own rows are sought, and are few beside all.
    """
    if asked.customer is not None:
        return 0
    filters = [name for name in FILTERS if getattr(asked, name) is not None]
    rolled, rest = reader.versions(ALLOCATIONS.datasets, asked.first, asked.last)
    is_kept = ALLOCATIONS.kept({*dims, *filters, "currency", "cost_class"}) is not None
    query = sa.select(sa.func.sum(VERSIONS.c.rows)).where(is_one_of(VERSIONS, rest if is_kept else rolled + rest))
    return whole(reader.rows(query)[0][0])


def cost_by(
    reader: Reader, asked: Asked, *dims: CostDim, cost_classes: Sequence[str] | None = (COGS,)
) -> tuple[Cost, ...]:
    """Allocations by these dimensions, sorted by key; without any, one row, or none where nothing was allocated.

    All filters apply. `cost_classes`: cogs alone, unless said otherwise; None is all.
    """
    given = {"currency": [asked.currency]}
    if cost_classes is not None:
        given["cost_class"] = list(cost_classes)
    query = ALLOCATIONS.sums(reader, dims, asked, *FILTERS, **given)
    found = [Cost(tuple(row[:-1]), whole(row[-1])) for row in reader.rows(query) if row[-1] is not None]
    return tuple(sorted(found))
