"""The names the catalogue knows a model by, and whether it knows every dated snapshot; nothing that is only a prefix.

The catalogue finds a model by match clauses, many of them open: `claude-haiku-4-5` followed by anything. Taken are
the names its clauses spell out and, where it accepts any date behind one, that name with the letters YYYYMMDD.
Each was put to the catalogue's own search first, so that none is another model's.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import Provider

_PARTS = ("starts_with", "contains", "ends_with")
_DAYS = ("20240131", "20250807", "20261124", "20280229")
# How providers write a date behind a name; a pattern stands for what has all samples of one of its ways.
_DASHED = (tuple(f"-{day[:4]}-{day[4:6]}-{day[6:]}" for day in _DAYS), tuple(f"-{day}" for day in _DAYS))
_AT = (tuple(f"@{day}" for day in _DAYS),)
_ENDS_IN_YEAR = re.compile(r"(.+-20\d\d)-?", re.ASCII)
_ENDS_IN_DATE = re.compile(r".+[-@]20\d\d-?\d\d-?\d\d", re.ASCII)


class ModelNames:
    """The names of a provider's models. A name is the first model's that accepts it, as in the catalogue."""

    def __init__(self, provider: "Provider") -> None:
        self._models = provider.models
        self._exact: dict[str, int] = {}
        self._open: list[int] = []
        for number, model in enumerate(provider.models):
            if _is_open(model.match):
                self._open.append(number)
            else:
                for name in _spelled(model.match, "equals"):
                    self._exact.setdefault(name.lower(), number)

    def find(self, name: str) -> int | None:
        """The number of the model in the provider's list, or None."""
        wanted = name.lower()
        exact = self._exact.get(wanted, len(self._models))
        opened = (number for number in self._open if number < exact and self._models[number].is_match(wanted))
        found = next(opened, exact)
        return found if found < len(self._models) else None

    def of(self, number: int) -> list[str]:
        """Names and snapshot patterns of a model; those that differ only in case once; sorted."""
        model = self._models[number]
        spelled = [model.id, *_spelled(model.match, "equals")]
        if number in self._open:
            parts = list(_spelled(model.match, *_PARTS))
            patterns = [pattern for name in (*spelled, *parts) for pattern in self._patterns(name, number)]
            spelled += [*filter(_is_whole, parts), *patterns]
        names = [name for name in spelled if name.endswith("MMDD") or self.find(name) == number]
        return sorted({name.lower(): name for name in sorted(names)}.values())

    def _patterns(self, name: str, number: int) -> Iterator[str]:
        if year := _ENDS_IN_YEAR.fullmatch(name):
            if any(self.find(f"{year[1]}{sample}") == number for sample in ("0807", "-08-07")):
                yield f"{year[1]}MMDD"
        elif _is_whole(name) and not _ENDS_IN_DATE.fullmatch(name):
            # The dashed pattern stands for both, see core.price.spellings.
            if self._has_all(name, _DASHED, number):
                yield f"{name}-YYYYMMDD"
            elif self._has_all(name, _AT, number):
                yield f"{name}@YYYYMMDD"

    def _has_all(self, name: str, ways: tuple[tuple[str, ...], ...], number: int) -> bool:
        return any(all(self.find(name + sample) == number for sample in samples) for samples in ways)


def _is_whole(name: str) -> bool:
    """Whether it can be a name, not only the beginning or a part of one."""
    return name[:1].isalnum() and name[-1:].isalnum() and not _ENDS_IN_YEAR.fullmatch(name)


def _spelled(match: object, *kinds: str) -> Iterator[str]:
    """The texts of a match clause of these kinds, and of the clauses in it."""
    for part in (*getattr(match, "or_", ()), *getattr(match, "and_", ())):
        yield from _spelled(part, *kinds)
    yield from (getattr(match, kind) for kind in kinds if hasattr(match, kind))


def _is_open(match: object) -> bool:
    """Whether a clause accepts more than the names it spells out."""
    if hasattr(match, "or_"):
        return any(_is_open(part) for part in match.or_)
    return not hasattr(match, "equals")
