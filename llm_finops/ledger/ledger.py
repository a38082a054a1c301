"""The ledger: every fact by day, each version kept, any past moment readable.

A reader takes `seq` once and reads everything as of it, so two statements never see two commits.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from llm_finops.core.records import Finding, Pool
from llm_finops.ledger import schema
from llm_finops.ledger.booking import Commit, Key, is_current, read_heads
from llm_finops.ledger.content import content_hash
from llm_finops.ledger.datasets import DATASETS, Dataset, Row
from llm_finops.ledger.errors import LedgerError
from llm_finops.ledger.journals import Journals
from llm_finops.ledger.store import migrate, open_engine

_KEPT_VERSIONS = 64  # prices and settings are read for every day of a run; a version never changes


def utc_now() -> str:
    """The wall clock, as the ledger writes times."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Ledger:
    """One database. `now` is the clock that journals are written by."""

    def __init__(self, url: str, now: Callable[[], str] = utc_now) -> None:
        self.engine = open_engine(url)
        self.now = now
        migrate(self.engine)
        self.journals = Journals(self)
        self._kept: OrderedDict[int, list[Any]] = OrderedDict()

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
        with self.engine.connect() as connection:
            yield connection

    def commit(self, reason: str, run_id: str = "") -> Commit:
        """A transaction to book into; see `Commit`."""
        return Commit(self, reason, run_id)

    def seq(self) -> int:
        """The number of the newest commit."""
        with self.reading() as connection:
            return int(connection.execute(sa.select(schema.CLOCK.c.seq)).scalar_one())

    def seq_at(self, day: str) -> int:
        """The newest commit of a day (its end, UTC) or before: what `--as-of DAY` reads."""
        commits = schema.COMMITS
        with self.reading() as connection:
            query = sa.select(sa.func.max(commits.c.seq)).where(commits.c.at_utc < day + "T24")
            return int(connection.execute(query).scalar() or 0)

    def read(self, dataset: Dataset[Row], scope: str, period: str, seq: int | None = None) -> list[Row]:
        """The rows of one key now, or as of commit `seq`; [] where there is no version."""
        with self.reading() as connection:
            head = read_heads(connection, [key := Key(dataset.name, scope, period)], seq).get(key)
            return self._rows(connection, dataset, head.version_id) if head else []

    def read_days(
        self, dataset: Dataset[Row], first: str, last: str, scope: str | None = None, seq: int | None = None
    ) -> dict[tuple[str, str], list[Row]]:
        """{(scope, day): rows} of the versions of days first..last (inclusive); empty versions are there too."""
        versions = schema.VERSIONS
        query = sa.select(versions.c.scope, versions.c.period, versions.c.version_id).where(
            versions.c.dataset == dataset.name, versions.c.period.between(first, last), is_current(seq)
        )
        if scope is not None:
            query = query.where(versions.c.scope == scope)
        with self.reading() as connection:
            heads = connection.execute(query.order_by(versions.c.period, versions.c.scope)).all()
            return {(at, day): self._rows(connection, dataset, version_id) for at, day, version_id in heads}

    def findings(self, version_ids: Sequence[int]) -> list[Finding]:
        """The findings that versions carry."""
        table = schema.FINDINGS
        query = sa.select(*[table.c[name] for name in Finding._fields])
        with self.reading() as connection:
            found = connection.execute(query.where(table.c.version_id.in_(version_ids))).all()
        return sorted(Finding(*row) for row in found)

    def heads(self, dataset: Dataset[Any], scope: str | None = None, seq: int | None = None) -> dict[Key, int]:
        """{key: version_id} of a dataset."""
        versions = schema.VERSIONS
        query = sa.select(versions.c.scope, versions.c.period, versions.c.version_id)
        query = query.where(versions.c.dataset == dataset.name, is_current(seq))
        if scope is not None:
            query = query.where(versions.c.scope == scope)
        with self.reading() as connection:
            return {Key(dataset.name, at, period): int(v) for at, period, v in connection.execute(query)}

    def stale(self, dataset: Dataset[Any]) -> list[Key]:
        """Keys whose version was made of something else than what its inputs' keys hold now."""
        versions, inputs, current = schema.VERSIONS, schema.VERSION_INPUTS, schema.VERSIONS.alias("current")
        query = (
            sa.select(versions.c.scope, versions.c.period)
            .distinct()
            .select_from(versions)
            .join(inputs, inputs.c.version_id == versions.c.version_id)
            .outerjoin(
                current,
                sa.and_(
                    current.c.dataset == inputs.c.dataset,
                    current.c.scope == inputs.c.scope,
                    current.c.period == inputs.c.period,
                    current.c.until_seq.is_(None),
                ),
            )
            .where(
                versions.c.dataset == dataset.name,
                versions.c.until_seq.is_(None),
                sa.func.coalesce(current.c.version_id, 0) != inputs.c.input_id,
            )
        )
        with self.reading() as connection:
            return sorted(Key(dataset.name, *row) for row in connection.execute(query))

    def inputs(self, version_id: int) -> dict[Key, int]:
        """What a version was made of; id 0 is "there was none"."""
        table = schema.VERSION_INPUTS
        query = sa.select(table.c.dataset, table.c.scope, table.c.period, table.c.input_id)
        with self.reading() as connection:
            return {Key(*row[:3]): row[3] for row in connection.execute(query.where(table.c.version_id == version_id))}

    def fingerprint(self) -> str:
        """One hash of all booked content, read from the rows themselves.

        Ids, times, journals and empty versions are left out: it is the same on both stores, after any
        number of runs, after a kill, and after a computation from nothing.
        """
        lines = []
        for dataset in DATASETS.values():
            if not dataset.fact:
                continue
            for key, version_id in self.heads(dataset).items():
                with self.reading() as connection:
                    rows = self._table_rows(connection, dataset, version_id)
                findings = self.findings([version_id])
                if rows or findings:
                    lines.append(" ".join([*key, content_hash(dataset, rows, findings)]))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    def versions_made(self, after_seq: int) -> int:
        """How many versions were booked after a commit."""
        with self.reading() as connection:
            query = sa.select(sa.func.count()).where(schema.VERSIONS.c.from_seq > after_seq)
            return int(connection.execute(query).scalar_one())

    def gather(self) -> "Gather":
        """A reader that notes what it read, as of one commit."""
        return Gather(self)

    def _rows(self, connection: sa.Connection, dataset: Dataset[Row], version_id: int) -> list[Row]:
        if version_id in self._kept:
            self._kept.move_to_end(version_id)
            return list(self._kept[version_id])
        made: Any = dataset.record
        rows = self._table_rows(connection, dataset, version_id)
        if dataset.pooled:
            pools = self._pools(connection, dataset, version_id)
            records = [made(pools[row[0]], *row[1:]) for row in rows]
        else:
            records = [made(*row) for row in rows]
        if not dataset.daily:
            self._kept[version_id] = records
            if len(self._kept) > _KEPT_VERSIONS:
                self._kept.popitem(last=False)
        return list(records)

    def _table_rows(self, connection: sa.Connection, dataset: Dataset[Any], version_id: int) -> list[tuple[Any, ...]]:
        table = schema.FACTS[dataset.table]
        query = sa.select(*[table.c[name] for name in dataset.columns]).where(table.c.version_id == version_id)
        return [tuple(row) for row in connection.execute(query)]

    def _pools(self, connection: sa.Connection, dataset: Dataset[Any], version_id: int) -> Mapping[int, Pool]:
        facts, pools = schema.FACTS[dataset.table], schema.POOLS
        used = sa.select(facts.c.pool_id).where(facts.c.version_id == version_id)
        query = sa.select(pools).where(pools.c.pool_id.in_(used))
        return {row[0]: Pool(*row[1:]) for row in connection.execute(query)}


class Gather:
    """Reads as of one commit and notes, by itself, what it read: nobody lists inputs by hand."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.seq = ledger.seq()
        self.inputs: dict[Key, int] = {}

    def read(self, dataset: Dataset[Row], scope: str, period: str) -> list[Row]:
        """The rows of a key; a key without a version is noted as 0, so that its first version counts."""
        key = Key(dataset.name, scope, period)
        with self._ledger.reading() as connection:
            head = read_heads(connection, [key], self.seq).get(key)
            self.inputs[key] = head.version_id if head else 0
            return self._ledger._rows(connection, dataset, head.version_id) if head else []  # noqa: SLF001

    def has(self, dataset: Dataset[Any], scope: str, period: str) -> bool:
        """Whether the key has a version, an empty one included; noted as read."""
        self.read(dataset, scope, period)
        return self.inputs[Key(dataset.name, scope, period)] != 0


__all__ = ["Gather", "Ledger", "LedgerError", "utc_now"]
