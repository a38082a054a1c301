"""The ledger: every fact by day, each version kept, any past moment readable.

A reader takes `seq` once and reads everything as of it, so two statements never see two commits.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

import sqlalchemy as sa

from llm_finops.core.records import Finding
from llm_finops.ledger.booking import Commit
from llm_finops.ledger.clock import utc_now
from llm_finops.ledger.datasets import Dataset, Row
from llm_finops.ledger.facts import read_findings, read_records
from llm_finops.ledger.fingerprint import fingerprint
from llm_finops.ledger.gather import Gather
from llm_finops.ledger.journals import Journals
from llm_finops.ledger.kept import Kept
from llm_finops.ledger.schema import CLOCK, COMMITS, VERSIONS
from llm_finops.ledger.store import migrate, open_engine
from llm_finops.ledger.versions import Key, is_current, is_within, read_heads, read_inputs, stale_keys

_KEPT_VERSIONS = 64  # prices and settings are read for every day of a run; a version never changes
_KEPT_TRACES = 16  # accounts' days, ready to be asked: of each a row a pool and meter, not a row a customer


class Ledger:
    """One database. `now` is the clock that journals are written by."""

    def __init__(self, url: str, now: Callable[[], str] = utc_now) -> None:
        self.engine = open_engine(url)
        self.now = now
        migrate(self.engine)
        self.journals = Journals(self)
        self.kept = Kept(_KEPT_TRACES)
        self._kept: OrderedDict[int, list[Any]] = OrderedDict()
        self._within: sa.Connection | None = None

    def within(self, connection: sa.Connection) -> "Ledger":
        """The same ledger, all of whose reading is of this connection's transaction: it takes no other connection."""
        made = copy(self)
        made.journals = Journals(made)
        made._kept, made._within = OrderedDict(), connection  # noqa: SLF001
        return made

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes; undone if the block raises."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for reading."""
        if self._within is not None:
            yield self._within
            return
        with self.engine.connect() as connection:
            yield connection

    def commit(self, reason: str, run_id: str = "", made_of: Gather | None = None) -> Commit:
        """A transaction to book into; see `Commit`."""
        return Commit(self, reason, run_id, made_of)

    def gather(self, seq: int | None = None) -> Gather:
        """A reader that notes what it read, as of one commit: the newest, unless another is named."""
        return Gather(self, seq)

    def seq(self) -> int:
        """The number of the newest commit."""
        with self.reading() as connection:
            return int(connection.execute(sa.select(CLOCK.c.seq)).scalar_one())

    def seq_at(self, day: str) -> int:
        """The newest commit of a day (its end, UTC) or before: what `--as-of DAY` reads."""
        with self.reading() as connection:
            query = sa.select(sa.func.max(COMMITS.c.seq)).where(COMMITS.c.at_utc < day + "T24")
            return int(connection.execute(query).scalar() or 0)

    def read(self, dataset: Dataset[Row], scope: str, period: str, seq: int | None = None) -> list[Row]:
        """The rows of one key now, or as of commit `seq`; [] where there is no version."""
        with self.reading() as connection:
            head = read_heads(connection, [key := Key(dataset.name, scope, period)], seq).get(key)
            return self.records(connection, dataset, head.version_id) if head else []

    def read_days(
        self, dataset: Dataset[Row], first: str, last: str, scope: str | None = None, seq: int | None = None
    ) -> dict[tuple[str, str], list[Row]]:
        """{(scope, day): rows} of the versions of days first..last (inclusive); empty versions are there too."""
        query = sa.select(VERSIONS.c.scope, VERSIONS.c.period, VERSIONS.c.version_id).where(
            VERSIONS.c.dataset == dataset.name, is_within(VERSIONS.c.period, first, last), is_current(seq)
        )
        if scope is not None:
            query = query.where(VERSIONS.c.scope == scope)
        with self.reading() as connection:
            heads = connection.execute(query.order_by(VERSIONS.c.period, VERSIONS.c.scope)).all()
            return {(at, day): self.records(connection, dataset, version_id) for at, day, version_id in heads}

    def records(self, connection: sa.Connection, dataset: Dataset[Row], version_id: int) -> list[Row]:
        """The rows of a version, current or not."""
        if version_id in self._kept:
            self._kept.move_to_end(version_id)
            return list(self._kept[version_id])
        records = read_records(connection, dataset, version_id)
        if not dataset.daily:
            self._kept[version_id] = records
            if len(self._kept) > _KEPT_VERSIONS:
                self._kept.popitem(last=False)
        return list(records)

    def findings(self, version_ids: Sequence[int]) -> list[Finding]:
        """The findings that versions carry, sorted."""
        with self.reading() as connection:
            return read_findings(connection, version_ids)

    def heads(self, dataset: Dataset[Any], scope: str | None = None, seq: int | None = None) -> dict[Key, int]:
        """{key: version_id} of a dataset."""
        query = sa.select(VERSIONS.c.scope, VERSIONS.c.period, VERSIONS.c.version_id)
        query = query.where(VERSIONS.c.dataset == dataset.name, is_current(seq))
        if scope is not None:
            query = query.where(VERSIONS.c.scope == scope)
        with self.reading() as connection:
            return {Key(dataset.name, at, period): int(v) for at, period, v in connection.execute(query)}

    def days_with_rows(self, dataset: Dataset[Any], scope: str) -> set[str]:
        """The days of which the current version says more than nothing."""
        query = sa.select(VERSIONS.c.period).where(
            VERSIONS.c.dataset == dataset.name, VERSIONS.c.scope == scope, VERSIONS.c.rows > 0, is_current(None)
        )
        with self.reading() as connection:
            return set(connection.execute(query).scalars())

    def stale(self, dataset: Dataset[Any]) -> list[Key]:
        """Keys whose version was made of something else than what its inputs' keys hold now."""
        with self.reading() as connection:
            return stale_keys(connection, dataset.name)

    def inputs(self, version_id: int) -> dict[Key, int]:
        """What a version was made of; id 0 is "there was none"."""
        with self.reading() as connection:
            return read_inputs(connection, version_id)

    def fingerprint(self) -> str:
        """One hash of all booked content: the same on both stores, after any number of runs, after a kill."""
        seq = self.seq()
        with self.reading() as connection:
            return fingerprint(connection, seq)

    def versions_made(self, after_seq: int) -> int:
        """How many versions were booked after a commit."""
        with self.reading() as connection:
            query = sa.select(sa.func.count()).where(VERSIONS.c.from_seq > after_seq)
            return int(connection.execute(query).scalar_one())
