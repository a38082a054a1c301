"""Opening the ledger to read it: the dashboard makes none, and migrates none."""

import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from llm_finops.ledger import Ledger, LedgerError, inspect_revision
from llm_finops.ledger.store import SCHEMA


class NotReady(Exception):
    """There is nothing to show yet: what is so, and what to do."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what, self.do = what, do


class Opened:
    """The ledger, once it is there and of this program's schema. One for all threads."""

    def __init__(self, url: str, now: Callable[[], str]) -> None:
        self._url, self._now = url, now
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None

    def ledger(self) -> Ledger:
        """The ledger; NotReady where there is none yet, LedgerError where it cannot be read by this program."""
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
