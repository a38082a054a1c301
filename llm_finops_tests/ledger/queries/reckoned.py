"""Another way to the same figures: the base rows, read one by one and added up in Python."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from llm_finops.ledger import Ledger
from llm_finops.ledger.datasets import Dataset
from llm_finops.ledger.queries import Asked


def rows_of(ledger: Ledger, dataset: Dataset[Any], asked: Asked) -> Iterable[tuple[str, str, Any]]:
    """(scope, day, row) of what holds now, in the days asked for."""
    for (scope, day), rows in ledger.read_days(dataset, asked.first, asked.last).items():
        for row in rows:
            yield scope, day, row


def grouped(
    rows: Iterable[tuple[str, str, Any]],
    key: Callable[[str, str, Any], Any],
    values: Callable[[Any], tuple[int, ...]],
) -> dict[Any, tuple[int, ...]]:
    """{key: sums of the values}."""
    found: defaultdict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for scope, day, row in rows:
        found[key(scope, day, row)].append(values(row))
    return {at: tuple(map(sum, zip(*of, strict=True))) for at, of in found.items()}


def applies(asked: Asked, row: Any) -> bool:
    """Whether a row is of the currency and of every filter that it knows."""
    pool = getattr(row, "pool", None)
    for name in ("currency", "provider", "environment", "customer", "feature"):
        wanted = getattr(asked, name)
        has = getattr(row, name, getattr(pool, name, None))
        if wanted is not None and has is not None and has != wanted:
            return False
    return True
