"""Booking: several versions in one transaction, whole or not at all.

    with ledger.commit("openai usage") as commit:
        commit.book(USAGE, "openai", "2026-09-12", rows, inputs)

Same content as the current version: no new version, only its inputs are noted afresh. Else the rows are
written, the old version is ended and the new one marked, all under one lock: the row of `ledger_clock`,
which is the lock and the counter of commits at once, on both stores.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from llm_finops.core.records import Finding, Pool
from llm_finops.ledger import schema
from llm_finops.ledger.content import content_hash, table_rows
from llm_finops.ledger.datasets import Dataset, Row, comes_before
from llm_finops.ledger.errors import WrongInput

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger


class Key(NamedTuple):
    """What a version is of."""

    dataset: str
    scope: str
    period: str


class Head(NamedTuple):
    """The current version of a key."""

    version_id: int
    content_hash: str
    rows: int


class Booked(NamedTuple):
    """What became of a booking: the version that is current now, and whether this commit made it."""

    version_id: int
    is_new: bool
    rows: int


@dataclass(slots=True)
class _Booking:
    key: Key
    dataset: Dataset[Any]
    rows: list[tuple[Any, ...]]
    pools: set[Pool]
    findings: Sequence[Finding]
    inputs: dict[Key, int]
    content_hash: str


class Quarantined(NamedTuple):
    """A row that could not be booked, and why."""

    reason: str
    file: str
    detail: str


@dataclass(slots=True)
class _LoadPeriod:
    load_id: int
    key: Key
    duplicates: int
    quarantined: Sequence[Quarantined]


@dataclass
class Commit:
    """One transaction in the making; nothing is written before the block ends well."""

    ledger: "Ledger"
    reason: str
    run_id: str = ""
    booked: dict[Key, Booked] = field(default_factory=dict)
    _bookings: list[_Booking] = field(default_factory=list)
    _loaded: list[_LoadPeriod] = field(default_factory=list)

    def book(
        self,
        dataset: Dataset[Row],
        scope: str,
        period: str,
        rows: Iterable[Row],
        inputs: Mapping[Key, int] | None = None,
        findings: Sequence[Finding] = (),
    ) -> None:
        """Book what (dataset, scope, period) holds now; `inputs` is what a `Gather` noted.

        An input that is booked by this very commit counts as its new version. WrongInput where an input
        does not come earlier in the declared order: a computation would read its own output.
        """
        records = list(rows)
        for used in inputs or ():
            if not comes_before(used.dataset, dataset.name):
                raise WrongInput(f"{dataset.name} {scope} {period} cannot be made of {used.dataset}, which comes later")
        table = table_rows(dataset, records)
        pools: set[Pool] = {row[0] for row in records} if dataset.pooled else set()  # type: ignore[index]
        hashed = content_hash(dataset, table, findings)
        key = Key(dataset.name, scope, period)
        self._bookings.append(_Booking(key, dataset, table, pools, findings, dict(inputs or {}), hashed))

    def loaded(
        self, load_id: int, dataset: Dataset[Any], scope: str, period: str, duplicates: int, bad: Sequence[Quarantined]
    ) -> None:
        """Note in the journal that a load confirmed or made what this commit books for the key."""
        self._loaded.append(_LoadPeriod(load_id, Key(dataset.name, scope, period), duplicates, bad))

    def __enter__(self) -> "Commit":
        return self

    def __exit__(self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if error is None and (self._bookings or self._loaded):
            self.booked = self._apply()

    def _apply(self) -> dict[Key, Booked]:
        with self.ledger.writing() as connection:
            seq, version = self._tick(connection)
            heads = read_heads(connection, [booking.key for booking in self._bookings])
            changed = [b for b in self._bookings if b.key not in heads or heads[b.key].content_hash != b.content_hash]
            done = {key: Booked(head.version_id, is_new=False, rows=head.rows) for key, head in heads.items()}
            for version_id, booking in enumerate(changed, start=version):
                self._write(connection, booking, version_id, seq)
                done[booking.key] = Booked(version_id, is_new=True, rows=len(booking.rows))
            for booking in self._bookings:
                note_inputs(connection, booking.inputs, done, done[booking.key].version_id)
            self._journal(connection, done)
            self._settle(connection, seq, len(changed))
        return done

    def _tick(self, connection: sa.Connection) -> tuple[int, int]:
        """Take the lock; the number of this commit and of its first version."""
        clock = schema.CLOCK
        ticked = clock.update().values(seq=clock.c.seq + 1).returning(clock.c.seq, clock.c.next_version)
        seq, version = connection.execute(ticked).one()
        return int(seq), int(version)

    def _write(self, connection: sa.Connection, booking: _Booking, version_id: int, seq: int) -> None:
        write_pools(connection, booking.pools)
        day = (booking.key.period,) if booking.dataset.daily else ()
        insert_rows(connection, schema.FACTS[booking.dataset.table], [(version_id, *day, *row) for row in booking.rows])
        insert_rows(connection, schema.FINDINGS, [(version_id, *finding) for finding in booking.findings])
        versions = schema.VERSIONS
        current = sa.and_(*(versions.c[n] == v for n, v in booking.key._asdict().items()), versions.c.until_seq.is_(None))
        connection.execute(versions.update().where(current).values(until_seq=seq))
        row = (version_id, *booking.key, seq, None, booking.content_hash, len(booking.rows))
        insert_rows(connection, versions, [row])

    def _journal(self, connection: sa.Connection, done: Mapping[Key, Booked]) -> None:
        hashes = {booking.key: booking.content_hash for booking in self._bookings}
        for load in self._loaded:
            booked = done[load.key]
            counts = (booked.version_id, hashes[load.key], booked.rows, load.duplicates, len(load.quarantined))
            insert_rows(connection, schema.LOAD_PERIODS, [(load.load_id, *load.key, *counts)])
            bad = [(load.load_id, *load.key, *row) for row in load.quarantined]
            insert_rows(connection, schema.QUARANTINE, bad)

    def _settle(self, connection: sa.Connection, seq: int, made: int) -> None:
        """Journal the commit; a commit that made nothing gives its number back."""
        clock = schema.CLOCK
        if not made:
            connection.execute(clock.update().values(seq=clock.c.seq - 1))
            return
        connection.execute(clock.update().values(next_version=clock.c.next_version + made))
        last = connection.execute(sa.select(sa.func.max(schema.COMMITS.c.at_utc))).scalar()
        at = max(self.ledger.now(), last or "")  # two hosts' clocks differ: as-of needs one order
        insert_rows(connection, schema.COMMITS, [(seq, at, self.reason, self.run_id)])


def read_heads(connection: sa.Connection, keys: Sequence[Key], seq: int | None = None) -> dict[Key, Head]:
    """The current versions of the keys that have one, or those of commit `seq`."""
    versions = schema.VERSIONS
    found = {}
    for key in keys:
        query = sa.select(versions.c.version_id, versions.c.content_hash, versions.c.rows).where(
            versions.c.dataset == key.dataset,
            versions.c.scope == key.scope,
            versions.c.period == key.period,
            is_current(seq),
        )
        if row := connection.execute(query).one_or_none():
            found[key] = Head(*row)
    return found


def is_current(seq: int | None) -> sa.ColumnElement[bool]:
    """Open now, or open at commit `seq`."""
    versions = schema.VERSIONS
    if seq is None:
        return versions.c.until_seq.is_(None)
    return sa.and_(
        versions.c.from_seq <= seq, sa.or_(versions.c.until_seq.is_(None), versions.c.until_seq > seq)
    )


def note_inputs(connection: sa.Connection, inputs: dict[Key, int], done: Mapping[Key, Booked], version_id: int) -> None:
    """What a version was made of, as of now; ids of this commit replace what was gathered before it."""
    table = schema.VERSION_INPUTS
    fresh = {key: done[key].version_id if key in done else used for key, used in inputs.items()}
    query = sa.select(table.c.dataset, table.c.scope, table.c.period, table.c.input_id)
    noted = {Key(*row[:3]): row[3] for row in connection.execute(query.where(table.c.version_id == version_id))}
    if noted == fresh:
        return
    connection.execute(table.delete().where(table.c.version_id == version_id))
    insert_rows(connection, table, [(version_id, *key, used) for key, used in sorted(fresh.items())])


def write_pools(connection: sa.Connection, pools: Iterable[Pool]) -> None:
    """Add pools to the dictionary; every writer computes the same number, so a second one adds nothing."""
    rows = [(pool.pool_id, *pool) for pool in sorted(pools)]
    if rows:
        columns, marks = _columns(connection, schema.POOLS)
        sql = f"insert into pools ({columns}) values ({marks}) on conflict (pool_id) do nothing"
        connection.exec_driver_sql(sql, rows)


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Bulk insert by the driver's fast path: COPY on PostgreSQL, tuples on SQLite."""
    if not rows:
        return
    columns, marks = _columns(connection, table)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f"copy {table.name} ({columns}) from stdin") as copy:  # type: ignore[attr-defined]
            for row in rows:
                copy.write_row(row)
    else:
        connection.exec_driver_sql(f"insert into {table.name} ({columns}) values ({marks})", list(rows))


def _columns(connection: sa.Connection, table: sa.Table) -> tuple[str, str]:
    # `rows` and `position` are words of SQL: quoted where the dialect asks for it.
    quote = connection.dialect.identifier_preparer.quote
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    given = [c for c in table.columns if c.autoincrement is not True]
    return ", ".join(quote(c.name) for c in given), ", ".join([mark] * len(given))
