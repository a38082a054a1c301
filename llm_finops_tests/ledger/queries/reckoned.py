"""Another way to the same figures: the base rows, read one by one and added up in Python."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from llm_finops.ledger import Ledger
from llm_finops.ledger.datasets import Dataset
from llm_finops.ledger.queries import Asked

_read: dict[tuple[int, str], list[tuple[str, str, Any]]] = {}


def rows_of(ledger: Ledger, dataset: Dataset[Any], asked: Asked) -> Iterable[tuple[str, str, Any]]:
    """(scope, day, row) of what holds now, in the days asked for; of a ledger that changes no more."""
    at = (id(ledger), dataset.name)
    if at not in _read:
        found = ledger.read_days(dataset, "", "9999")
        _read[at] = [(scope, day, row) for (scope, day), rows in found.items() for row in rows]
    return [(scope, day, row) for scope, day, row in _read[at] if asked.first <= day <= asked.last]


def key_of(dims: Sequence[str]) -> Callable[[str, str, Any], tuple[str, ...]]:
    """The values of dimensions, of a row and its pool."""

    def key(scope: str, day: str, row: Any) -> tuple[str, ...]:
        pool = row.pool._asdict() if hasattr(row, "pool") else {}
        known = {**pool, **row._asdict(), "source": scope, "day": day, "month": day[:7]}
        return tuple(known[dim] for dim in dims)

    return key


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
