"""Rows that are not counted, told: a finding on their day, beside the rows themselves in the journal."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from llm_finops.core.records import Finding, Quarantined
from llm_finops.ledger.limits import storable

ROWS_QUARANTINED = "rows quarantined"
_OTHER = "(other reasons)"
_REASONS_MAX = 20  # a file of another format gives each row a reason of its own: what was seen
MEND = "not counted. Mend the file, the next run reads it again"


def rows_quarantined(day: str, source: str, rows: Iterable[Quarantined], *, by_file: bool = True) -> list[Finding]:
    """One finding a reason. Files by name only: the same company in another folder must say the same.

    Not `by_file` for request logs: the same rows dealt out over other files are the same day.
    """
    by_reason: dict[str, list[Quarantined]] = defaultdict(list)
    for row in rows:
        by_reason[row.reason].append(row)
    for reason in sorted(by_reason)[_REASONS_MAX:]:
        by_reason[_OTHER] += by_reason.pop(reason)
    return [
        finding(day, source, reason, len(of), _first(of, by_file=by_file)) for reason, of in sorted(by_reason.items())
    ]


def finding(day: str, source: str, reason: str, rows: int, first: str) -> Finding:
    """The finding of some rows of one reason, `first` of them named."""
    more = f" and {rows - 1} more" if rows > 1 else ""
    return Finding(day, source, ROWS_QUARANTINED, storable(reason), "rows", rows, storable(f"{first}{more}: {MEND}"))


def _first(rows: Iterable[Quarantined], *, by_file: bool) -> str:
    """The first of them, by file and line; it does not hang on the order they came in."""
    name, _, detail = min((Path(row.file).name if by_file else "", len(row.detail), row.detail) for row in rows)
    return f"{name} {detail}".strip()
