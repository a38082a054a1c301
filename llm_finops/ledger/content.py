"""What a version says, as one hash: equal content gives an equal hash on every store and in any order."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from llm_finops.core.records import Finding
from llm_finops.ledger.datasets import Dataset


def table_rows(dataset: Dataset[Any], rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The records as the table holds them: pools by their number."""
    if dataset.pooled:
        return [(row[0].pool_id, *row[1:]) for row in rows]
    return [tuple(row) for row in rows]


def content_hash(dataset: Dataset[Any], rows: Sequence[tuple[Any, ...]], findings: Sequence[Finding]) -> str:
    """Hash of table rows and findings as sets.

    A row is its non-null columns by name, so that a column added later, NULL for what is already booked,
    restates nothing. Plain ASCII JSON: nothing of a library's version is in it.
    """
    columns = dataset.columns
    hashed = [i for i, name in enumerate(columns) if name not in dataset.unhashed]
    lines = [_line({columns[i]: row[i] for i in hashed if row[i] is not None}) for row in rows]
    lines += [_line({"finding": list(finding)}) for finding in findings]
    lines.sort()
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
