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
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import sqlalchemy as sa

from llm_finops.core.records import Finding, Pool, Quarantined
from llm_finops.ledger import schema
from llm_finops.ledger.bulk import insert_rows, write_pools
from llm_finops.ledger.content import content_hash, laid, table_rows
from llm_finops.ledger.datasets import Dataset, Row, comes_before
from llm_finops.ledger.errors import LedgerError, WrongInput
from llm_finops.ledger.limits import check_rows, check_text, storable
from llm_finops.ledger.overtaken import Moment, is_overtaken
from llm_finops.ledger.versions import Key, is_current, is_of, note_inputs, read_heads

if TYPE_CHECKING:
    from llm_finops.ledger.gather import Gather
    from llm_finops.ledger.ledger import Ledger


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
    inputs: Mapping[Key, int]
    content_hash: str


@dataclass(slots=True)
class _LoadPeriod:
    load_id: int
    key: Key
    duplicates: int
    quarantined: Sequence[Quarantined]
    clipped: bool
    moment: Moment | None


@dataclass
class Commit:
    """One transaction in the making; nothing is written before the block ends well.

    `made_of` is what its rows were computed from. Where another run has booked some of that by now, the commit books
    nothing and is `outdated`: whoever computed it computes it again.
    """

    ledger: "Ledger"
    reason: str
    run_id: str = ""
    made_of: "Gather | None" = None
    outdated: bool = False
    booked: dict[Key, Booked] = field(default_factory=dict)
    overtaken: bool = False  # by a later reading, that is: nothing was booked
    _bookings: dict[Key, _Booking] = field(default_factory=dict)
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
        does not come earlier in the declared order: a computation would read its own output. LedgerError
        for what no database can hold exactly, and for a key booked twice in one commit.
        """
        key = Key(dataset.name, scope, period)
        records = list(rows)
        table = table_rows(dataset, records)
        pools: set[Pool] = {row[0] for row in records} if dataset.pooled else set()  # type: ignore[index]
        used = dict(inputs or {})
        self._refuse(key, used)
        _check(dataset, key, table, pools, findings)
        hashed = content_hash(dataset, table, findings)  # before the transaction: it is half of the work
        self._bookings[key] = _Booking(key, dataset, table, pools, findings, used, hashed)

    def loaded(
        self,
        load_id: int,
        dataset: Dataset[Any],
        scope: str,
        period: str,
        duplicates: int,
        bad: Sequence[Quarantined],
        *,
        clipped: bool = False,
        moment: Moment | None = None,
    ) -> None:
        """Note in the journal that a load confirmed or made what this commit books for the key.

        `clipped`: the provider itself says that the period was not yet whole, so it was not read for good.
        `moment`: when it was read. Where a later reading of the key is booked by now, the commit books nothing.
        """
        self._loaded.append(_LoadPeriod(load_id, Key(dataset.name, scope, period), duplicates, bad, clipped, moment))

    def _refuse(self, key: Key, inputs: Iterable[Key]) -> None:
        if key in self._bookings:
            raise LedgerError(f"{' '.join(key)} is booked twice in one commit: book all its rows at once")
        for used in inputs:
            if not comes_before(used.dataset, key.dataset):
                raise WrongInput(f"{' '.join(key)} cannot be made of {used.dataset}, which does not come before it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if error is None and (self._bookings or self._loaded):
            for load in self._loaded:
                if load.key not in self._bookings:
                    raise LedgerError(f"load {load.load_id} of {' '.join(load.key)}: this commit books no such key")
            self.booked = self._apply()

    def _apply(self) -> dict[Key, Booked]:
        with self.ledger.writing() as connection:
            seq, version = tick(connection)
            # Only under the lock is it certain what is current.
            heads = read_heads(connection, list(self._bookings))
            done = {key: Booked(head.version_id, is_new=False, rows=head.rows) for key, head in heads.items()}
            self.overtaken = any(
                load.moment and is_overtaken(connection, load.key, load.moment) for load in self._loaded
            )
            self.outdated = self.made_of is not None and _is_outdated(connection, self.made_of, seq)
            if self.overtaken or self.outdated:
                self._settle(connection, seq, 0)
                return done
            changed = [
                b for b in self._bookings.values() if b.key not in heads or heads[b.key].content_hash != b.content_hash
            ]
            for version_id, booking in enumerate(changed, start=version):
                _write(connection, booking, version_id, seq)
                done[booking.key] = Booked(version_id, is_new=True, rows=len(booking.rows))
            for booking in self._bookings.values():
                # Ids of this commit replace what was gathered before it.
                inputs = {key: done[key].version_id if key in done else used for key, used in booking.inputs.items()}
                note_inputs(connection, done[booking.key].version_id, inputs)
            self._journal(connection, done)
            self._settle(connection, seq, len(changed))
        return done

    def _journal(self, connection: sa.Connection, done: Mapping[Key, Booked]) -> None:
        for load in self._loaded:
            booked, booking = done[load.key], self._bookings[load.key]
            counts = (booked.version_id, booking.content_hash, booked.rows, load.duplicates, len(load.quarantined))
            row = (load.load_id, *load.key, *counts, 1 if load.clipped else None)
            insert_rows(connection, schema.LOAD_PERIODS, [row])
            bad = [(load.load_id, *load.key, *map(storable, row)) for row in load.quarantined]
            insert_rows(connection, schema.QUARANTINE, bad)

    def _settle(self, connection: sa.Connection, seq: int, made: int) -> None:
        """Journal the commit; a commit that made nothing gives its number back."""
        clock, commits = schema.CLOCK, schema.COMMITS
        if not made:
            connection.execute(clock.update().values(seq=clock.c.seq - 1))
            return
        connection.execute(clock.update().values(next_version=clock.c.next_version + made))
        last = connection.execute(sa.select(commits.c.at_utc).order_by(commits.c.seq.desc()).limit(1)).scalar()
        at = max(self.ledger.now(), last or "")  # two hosts' clocks differ: as-of needs one order
        insert_rows(connection, commits, [(seq, at, storable(self.reason), self.run_id)])


def tick(connection: sa.Connection) -> tuple[int, int]:
    """Take the lock, until the transaction ends; the number of this commit and of its first version."""
    clock = schema.CLOCK
    ticked = clock.update().values(seq=clock.c.seq + 1).returning(clock.c.seq, clock.c.next_version)
    seq, version = connection.execute(ticked).one()
    return int(seq), int(version)


def _is_outdated(connection: sa.Connection, read: "Gather", seq: int) -> bool:
    """Whether a key that was read holds something else by now. Certain only under the lock of commit `seq`."""
    if read.seq == seq - 1:  # nobody has booked anything since: as good as always
        return False
    heads = read_heads(connection, list(read.inputs))
    return any(used != (heads[key].version_id if key in heads else 0) for key, used in read.inputs.items())


def _check(
    dataset: Dataset[Any], key: Key, rows: list[tuple[Any, ...]], pools: set[Pool], findings: Sequence[Finding]
) -> None:
    where = " ".join(key)
    check_text(f"the key {where!a}", *key)
    check_rows(where, schema.FACTS[dataset.table], dataset.columns, rows)
    check_rows(where, schema.POOLS, Pool._fields, list(pools))
    check_rows(where, schema.FINDINGS, Finding._fields, findings)


def _write(connection: sa.Connection, booking: _Booking, version_id: int, seq: int) -> None:
    write_pools(connection, booking.pools)
    day = (booking.key.period,) if booking.dataset.daily else ()
    rows = laid(booking.dataset, booking.rows)
    insert_rows(connection, schema.FACTS[booking.dataset.table], [(version_id, *day, *row) for row in rows])
    insert_rows(connection, schema.FINDINGS, [(version_id, *finding) for finding in booking.findings])
    versions = schema.VERSIONS
    connection.execute(versions.update().where(is_of(booking.key), is_current(None)).values(until_seq=seq))
    row = (version_id, *booking.key, seq, None, booking.content_hash, len(booking.rows))
    insert_rows(connection, versions, [row])
