"""Who has a ledger open: it is not moved under the hands of a run.

Every connection of ours holds a shared lock for as long as it lives; who moves the ledger holds the exclusive one.
The locks go with their process, however it ends: a killed run keeps nobody out.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine

from llm_finops.ledger.errors import LedgerError

_KEY = 0x6C6C6D70  # any number, the same in every process
_MOVING = "this ledger is being moved to another database; when that is done, set LLM_FINOPS_DATABASE_URL and go on"
_IN_USE = "somebody has this ledger open, a run perhaps: let it end (and stop `llm-finops dev`), then move"


class _Lock:
    """A lock on a SQLite file's folder: on the file itself it would undo SQLite's own."""

    def __init__(self, file: str, kind: int, refusal: str) -> None:
        self._fd = os.open(Path(file).resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(self._fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise LedgerError(refusal) from None

    def close(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def __del__(self) -> None:
        self.close()


def announce(engine: Engine) -> None:
    """From now on, every connection of the engine keeps movers out; LedgerError where one is at work."""

    @event.listens_for(engine, "connect")
    def _enter(connection: Any, record: Any) -> None:
        if engine.dialect.name == "sqlite":
            record.info["presence"] = _Lock(str(engine.url.database), fcntl.LOCK_SH, _MOVING)
            return
        with connection.cursor() as cursor:
            (entered,) = cursor.execute("select pg_try_advisory_lock_shared(%s)", [_KEY]).fetchone()
        connection.commit()
        if not entered:
            connection.close()
            raise LedgerError(_MOVING)

    @event.listens_for(engine, "close")
    def _leave(_: Any, record: Any) -> None:
        if lock := record.info.pop("presence", None):
            lock.close()


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Nobody else has the ledger open meanwhile; LedgerError where somebody has. `engine` itself is not announced."""
    if engine.dialect.name == "sqlite":
        lock = _Lock(str(engine.url.database), fcntl.LOCK_EX, _IN_USE)
        try:
            yield
        finally:
            lock.close()
        return
    with engine.connect() as connection:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(_KEY))).scalar():
            raise LedgerError(_IN_USE)
        connection.commit()
        try:
            yield
        finally:
            connection.invalidate()  # the lock is the session's: it ends with it
