"""Exports that overlap: the same row in two files of a source. Both count, since equal rows may be real; it is said."""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from llm_finops.core.records import Finding

SAME_ROW = "same row in two files"


class Overlaps:
    """Looks at the rows of files, one file after the other in the order of their paths."""

    def __init__(self) -> None:
        self._first: dict[bytes, Path] = {}
        self._found: Counter[tuple[str, str, str]] = Counter()

    def note(self, path: Path, row: bytes, days: Iterable[str]) -> None:
        """A row that counts: all that it is about and its amount, and its days."""
        first = self._first.setdefault(blake2b(row, digest_size=16).digest(), path)
        if first != path:
            self._found.update((day, first.name, path.name) for day in days)

    def findings(self, source: str) -> list[Finding]:
        """One a day and pair of files."""
        return [
            Finding(day, source, SAME_ROW, second, "rows", rows, _detail(rows, first, second))
            for (day, first, second), rows in sorted(self._found.items())
        ]


def _detail(rows: int, first: str, second: str) -> str:
    return (
        f"{rows} rows of {second} also stand in {first}, amount and all; both are counted. "
        "If the exports overlap, take one of them away"
    )
