"""One consistent look at the ledger: every query of a page sees the same commit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from llm_finops.core.money import MoneyError, fits
from llm_finops.ledger.errors import SumTooLarge
from llm_finops.ledger.schema import CLOCK, COMMITS, ROLLED_UP, VERSIONS
from llm_finops.ledger.versions import is_current, is_within

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger


@dataclass(frozen=True)
class Reader:
    """A transaction that only reads. `seq` is the newest commit it sees (0: nothing is booked), `at_utc` its time.

    Whatever `ledger` reads is of it, too: who waited for a second connection would wait for others who do the same.
    """

    ledger: "Ledger"
    connection: sa.Connection
    seq: int
    at_utc: str | None
    _found: dict[tuple[tuple[str, ...], str, str], tuple[list[int], list[int]]] = field(default_factory=dict)

    def versions(self, datasets: tuple[str, ...], first: str, last: str) -> tuple[list[int], list[int]]:
        """The versions of these days (and of their months) that hold now: whose sums are kept, and the others."""
        at = (datasets, first, last)
        if at not in self._found:
            self._found[at] = self._look(*at)
        return self._found[at]

    def _look(self, datasets: tuple[str, ...], first: str, last: str) -> tuple[list[int], list[int]]:
        is_kept = sa.exists().where(ROLLED_UP.c.version_id == VERSIONS.c.version_id)
        # A month sorts before its own days, and after those of the month before.
        since = first[:7] if "true_ups" in datasets else first
        query = sa.select(VERSIONS.c.version_id, is_kept).where(
            VERSIONS.c.dataset.in_(datasets), is_current(None), is_within(VERSIONS.c.period, since, last)
        )
        found = self.rows(query.order_by(VERSIONS.c.version_id))
        return [at for at, kept in found if kept], [at for at, kept in found if not kept]

    def rows(self, query: sa.Executable) -> Sequence[Any]:
        """The rows of a query; SumTooLarge where a sum does not fit 64 bits."""
        try:
            return self.connection.execute(query).all()
        except OperationalError as error:
            if "integer overflow" not in str(error):
                raise
            raise SumTooLarge("a sum of these days does not fit 64 bits: ask for less") from error


@contextmanager
def snapshot(ledger: "Ledger") -> Iterator[Reader]:
    """A reader of one moment: nothing that is booked while it lasts is seen, and no writer waits for it."""
    with ledger.engine.connect() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's transactions see one moment by themselves
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            newest = sa.select(CLOCK.c.seq, COMMITS.c.at_utc).join_from(
                CLOCK, COMMITS, COMMITS.c.seq == CLOCK.c.seq, isouter=True
            )
            seq, at_utc = connection.execute(newest).one()
            yield Reader(ledger.within(connection), connection, int(seq), at_utc)


def whole(value: Any) -> int:
    """A sum as the stores give it (PostgreSQL: of any size) as a whole number of 64 bits; of nothing, 0.

    SumTooLarge where it does not fit.
    """
    try:
        return fits(int(value or 0))
    except MoneyError as error:
        raise SumTooLarge("a sum of these days does not fit 64 bits: ask for less") from error


def known(value: Any) -> int | None:
    """The same, of nothing None: what has no figure."""
    return None if value is None else whole(value)
