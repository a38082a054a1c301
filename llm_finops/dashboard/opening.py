"""Opening the ledger to read it: the dashboard makes none, and migrates none."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from llm_finops.ledger import Ledger, LedgerError, inspect_revision
from llm_finops.ledger.queries import Reader, snapshot
from llm_finops.ledger.store import SCHEMA

_AT_ONCE = 10  # readers, each with one of the engine's fifteen connections; the server's forty threads take turns


class NotReady(Exception):
    """There is nothing to show yet: what is so, and what to do."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what, self.do = what, do


class Opened:
    """The ledger, once it is there and of this program's schema. One for all threads."""

    def __init__(self, url: str, now: Callable[[], str]) -> None:
        self._url, self._now = url, now
        self._lock, self._turns = threading.Lock(), threading.BoundedSemaphore(_AT_ONCE)
        self._ledger: Ledger | None = None

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One look at the ledger, in its turn: with many readers some wait, and none waits in vain.

        NotReady where there is no ledger yet, LedgerError where it cannot be read by this program.
        """
        with self._turns, snapshot(self._opened()) as reader:
            yield reader

    def _opened(self) -> Ledger:
        with self._lock:
            if self._ledger is None:
                self._ledger = self._open()
            return self._ledger

    def _open(self) -> Ledger:
        try:
            revision = inspect_revision(self._url)
        except DBAPIError as error:
            raise LedgerError(f"the ledger's database cannot be read: {' '.join(str(error.orig).split())}") from None
        if revision is None:
            raise NotReady("There is no ledger yet.", "Run `llm-finops backfill --days 90`, then open this again.")
        if revision < SCHEMA:
            raise NotReady(
                "The ledger is of an earlier release.", "Run `llm-finops fingerprint` once: it brings it to this one."
            )
        return Ledger(self._url, self._now)  # of a newer release: it says so
