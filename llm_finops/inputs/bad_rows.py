"""Rows of a file that are not counted: why, and on which days they would have counted."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from llm_finops.core.records import ANY, Quarantined


class BadRow(NamedTuple):
    """A row that is not counted.

    `days` are its own where its period can be read (`dated`); else those of the rest of its file, () if there are
    none. `customer` and `currency`, of revenue, are `(any)` where the row does not say them readably.
    """

    reason: str
    file: str
    detail: str  # which line
    days: tuple[str, ...] = ()
    dated: bool = False
    customer: str = ANY
    currency: str = ANY

    @property
    def quarantined(self) -> Quarantined:
        """As the journal keeps it."""
        return Quarantined(self.reason, self.file, self.detail)

    def shown(self, read: Collection[str]) -> tuple[str, ...]:
        """The days, of those that are `read`, on which it is told: all of its own; one, if it has none of its own."""
        days = [day for day in self.days if day in read]
        if self.dated:
            return tuple(days)
        return (min(days or read),) if read else ()


def ragged(odd: Sequence[Quarantined]) -> list[BadRow]:
    """Rows that do not fit their file's header: no cell of theirs can be trusted."""
    return [BadRow(*row) for row in odd]


def placed(rows: Sequence[BadRow], days: Collection[str]) -> list[BadRow]:
    """The bad rows of one file, whose good rows fall on `days`: a row without a day of its own is of these."""
    around = tuple(sorted(days))
    return [row if row.dated else row._replace(days=around) for row in rows]
