"""Findings gathered while a day is allocated: one a kind and subject, whatever order they came in."""

from llm_finops.core.records import Finding, key_bytes


class Notes:
    """Adds up what was found; `findings` are in the order of their bytes."""

    def __init__(self, day: str, account: str) -> None:
        self._day, self._account = day, account
        self._found: dict[tuple[str, str, str], tuple[int, int, str]] = {}

    def add(self, kind: str, subject: str, unit: str, amount: int, detail: str) -> None:
        """One more place where it was seen; amounts of one kind, subject and unit are summed."""
        total, places, first = self._found.get((kind, subject, unit), (0, 0, detail))
        self._found[kind, subject, unit] = (total + amount, places + 1, min(first, detail))

    def findings(self) -> list[Finding]:
        """Each kind and subject once, with the number of places and the first of them in words."""
        found = [
            Finding(self._day, self._account, kind, subject, unit, total, _words(places, first))
            for (kind, subject, unit), (total, places, first) in self._found.items()
        ]
        return sorted(found, key=key_bytes)


def _words(places: int, first: str) -> str:
    return first if places == 1 else f"{places} times, first: {first}"
