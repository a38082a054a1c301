"""What was spent, by whatever an allocation knows."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from llm_finops.core.records import COGS
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import ALLOCATIONS, FILTERS
from llm_finops.ledger.queries.reader import Reader, whole

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
