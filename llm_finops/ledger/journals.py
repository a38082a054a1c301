"""Journals: loads, messages to send, files seen. They may grow; no figure is made of them."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from llm_finops.ledger import schema
from llm_finops.ledger.bulk import insert_rows
from llm_finops.ledger.clock import utc_now
from llm_finops.ledger.datasets import COST_LINES, USAGE
from llm_finops.ledger.limits import storable

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger

DUE, SENDING, UNKNOWN, SENT, PRINTED, FOLDED = "due", "sending", "unknown", "sent", "printed", "folded"
REFUSED = "refused"  # Slack will not have it: stated, and not tried again
SUMMARY, EDIT, ANSWER, RESTATED, CHART = "summary", "edit", "answer", "restated", "chart"


class Digest(NamedTuple):
    """One call to Slack: due until it is done; `unknown` where Slack's answer was lost.

    Revision 1 of a day is its message (`summary`). What it last said is as of commit `seq`: of a PARTIAL, up to
    the incomplete day `partial`.
    """

    day: str
    revision: int
    state: str
    figures_hash: str
    attempt: int
    next_at: str
    channel: str | None
    ts: str | None
    kind: str = SUMMARY
    seq: int | None = None
    before_seq: int | None = None
    partial: str = ""
    done_at: str = ""
    detail: str = ""


class SourceFile(NamedTuple):
    """A file of a source as it was last surveyed: which days it holds."""

    path: str
    size: int
    sha256: str
    days: dict[str, Any]


class Journals:
    """The append-only side of the ledger, each entry in its own short transaction."""

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger

    def begin_load(
        self, source: str, dataset: str, first: str, last: str, *, read_at: str = "", replay_of: int | None = None
    ) -> int:
        """Note that a load of days first..last began; its number. `read_at`: when it was read, if not now."""
        row = {
            "source": source,
            "dataset": dataset,
            "range_from": first,
            "range_until": last,
            "started_at": read_at or self._ledger.now(),
            "outcome": "running",
            "calls": 0,
            "detail": "",
            "replay_of": replay_of,
        }
        with self._ledger.writing() as connection:
            made = connection.execute(schema.LOADS.insert().values(row).returning(schema.LOADS.c.load_id))
            return int(made.scalar_one())

    def end_load(self, load_id: int, outcome: str, calls: int = 0, detail: str = "") -> None:
        """Note how a load ended: `whole`, `part` (some days rejected) or `failed`."""
        loads = schema.LOADS
        values = {"finished_at": self._ledger.now(), "outcome": outcome, "calls": calls, "detail": storable(detail)}
        with self._ledger.writing() as connection:
            connection.execute(loads.update().where(loads.c.load_id == load_id).values(values))

    def read_at(self, dataset: str, scope: str) -> dict[str, str]:
        """{period: when it was last read whole} of a source; what is not there is missing.

        A day that was not over for the provider was not read whole, whatever the hour.
        """
        loads, periods = schema.LOADS, schema.LOAD_PERIODS
        query = (
            sa.select(periods.c.period, sa.func.max(loads.c.started_at))
            .join(loads, loads.c.load_id == periods.c.load_id)
            .where(periods.c.dataset == dataset, periods.c.scope == scope, periods.c.clipped.is_(None))
            .group_by(periods.c.period)
        )
        with self._ledger.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def was_tried(self, day: str, since: str) -> bool:
        """Whether a load of usage or cost that began at or after an instant had the day in its range, however it ended.

        Rates and invoices are read for whole months, whatever the run is of.
        """
        loads = schema.LOADS.c
        is_it = sa.and_(loads.range_from <= day, loads.range_until >= day, loads.started_at >= since)
        is_it &= loads.dataset.in_([COST_LINES.name, USAGE.name])
        with self._ledger.reading() as connection:
            return connection.execute(sa.select(loads.load_id).where(is_it).limit(1)).first() is not None

    def loads_of(self, version_id: int) -> list[dict[str, Any]]:
        """The loads that made or confirmed a version, oldest first."""
        loads, periods = schema.LOADS, schema.LOAD_PERIODS
        query = (
            sa.select(loads, periods.c.content_hash, periods.c.rows, periods.c.duplicates, periods.c.quarantined)
            .join(periods, loads.c.load_id == periods.c.load_id)
            .where(periods.c.version_id == version_id)
            .order_by(loads.c.load_id)
        )
        with self._ledger.reading() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001

    def files(self, source: str, reading: str | None = None) -> dict[str, SourceFile]:
        """The files of a source as surveyed under this way of reading, or whatever way they were last read."""
        table = schema.SOURCE_FILES
        query = sa.select(table.c.path, table.c.size, table.c.sha256, table.c.days).where(table.c.source == source)
        if reading is not None:
            query = query.where(table.c.reading == reading)
        with self._ledger.reading() as connection:
            return {row[0]: SourceFile(row[0], row[1], row[2], json.loads(row[3])) for row in connection.execute(query)}

    def keep_files(self, source: str, reading: str, files: Sequence[SourceFile]) -> None:
        """Replace what is known of a source's files: a cache, so it is overwritten."""
        table = schema.SOURCE_FILES
        rows = [(source, f.path, f.size, f.sha256, reading, json.dumps(f.days, sort_keys=True)) for f in files]
        with self._ledger.writing() as connection:
            lock(connection)  # two surveys at once would both insert what neither saw
            connection.execute(table.delete().where(table.c.source == source))
            insert_rows(connection, table, rows)

    def digests(self, *states: str) -> list[Digest]:
        """Messages in the given states (all, if none is given), oldest day first."""
        table = schema.DIGESTS
        query = sa.select(table).order_by(table.c.day, table.c.revision)
        if states:
            query = query.where(table.c.state.in_(states))
        with self._ledger.reading() as connection:
            return [Digest(*row) for row in connection.execute(query)]

    def make_due(self, day: str, figures_hash: str, partial: str = "") -> bool:
        """Make a day's message due if it is newer than all there; whether it was. `partial`: see `Digest`.

        An older message that Slack has certainly not taken is `folded`: it becomes a line of the newer one.
        """
        table = schema.DIGESTS
        with self._ledger.writing() as connection:
            lock(connection)  # two runs ending at once make one message due
            newest = connection.execute(sa.select(sa.func.max(table.c.day))).scalar()
            if newest is not None and newest >= day:
                return False
            is_older = sa.and_(table.c.state == DUE, table.c.kind == SUMMARY)
            connection.execute(table.update().where(is_older).values(state=FOLDED))
            row = Digest(day, 1, DUE, figures_hash, 0, "", None, None, partial=partial)
            connection.execute(table.insert().values(row._asdict()))
            return True

    def claim(self, day: str, revision: int, attempt: int, lease_until: str) -> bool:
        """Compare and set: take the next attempt at a due or unknown message, or one whose lease is over.

        `attempt` is the number being taken: the row must stand at the one before. True for exactly one
        caller. Leases go by the wall clock, whatever clock the figures go by.
        """
        table = schema.DIGESTS
        free = sa.or_(table.c.state.in_([DUE, UNKNOWN]), sa.and_(table.c.state == SENDING, table.c.next_at < utc_now()))
        is_it = sa.and_(table.c.day == day, table.c.revision == revision, table.c.attempt == attempt - 1, free)
        values = {"state": SENDING, "attempt": attempt, "next_at": lease_until}
        with self._ledger.writing() as connection:
            return connection.execute(table.update().where(is_it).values(values)).rowcount == 1

    def mark(
        self,
        day: str,
        revision: int,
        state: str,
        attempt: int,
        *,
        next_at: str | None = None,
        channel: str | None = None,
        ts: str | None = None,
        figures_hash: str | None = None,
        seq: int | None = None,
        partial: str | None = None,
        detail: str | None = None,
        answer_since: int | None = None,
        charts: bool = False,
    ) -> None:
        """Write how an attempt ended, unless a later one has been claimed since.

        What is None stays as it is, but for the place (channel, ts). In the same transaction are made due, with
        `answer_since`, an answer to what the day was told as of that commit; with `charts`, the day's one chart.
        """
        table = schema.DIGESTS
        changes: dict[str, Any] = {"state": state, "next_at": next_at or "", "channel": channel, "ts": ts}
        given = {"figures_hash": figures_hash, "seq": seq, "partial": partial, "detail": detail}
        changes |= {name: value for name, value in given.items() if value is not None}
        if state in {SENT, PRINTED, FOLDED, REFUSED}:
            changes["done_at"] = utc_now()
        is_it = sa.and_(table.c.day == day, table.c.revision == revision, table.c.attempt == attempt)
        with self._ledger.writing() as connection:
            marked = connection.execute(table.update().where(is_it).values(changes)).rowcount
            if marked and answer_since is not None:
                _follow(connection, Digest(day, 0, DUE, "", 0, "", None, None, ANSWER, seq, answer_since))
            if marked and charts:
                _follow(connection, Digest(day, 0, DUE, "", 0, "", None, None, CHART))

    def abandon(self) -> None:
        """Take every message out of the hands of a sender that is known to be dead: its outcome is unknown."""
        table = schema.DIGESTS
        with self._ledger.writing() as connection:
            values = {"state": UNKNOWN, "next_at": ""}
            connection.execute(table.update().where(table.c.state == SENDING).values(values))


def _follow(connection: sa.Connection, row: Digest) -> None:
    """What comes after a day's message, as its next revision; one chart a day."""
    table = schema.DIGESTS
    of_day = connection.execute(sa.select(table.c.revision, table.c.kind).where(table.c.day == row.day)).all()
    if row.kind == CHART and any(kind == CHART for _, kind in of_day):
        return
    following = row._replace(revision=max(revision for revision, _ in of_day) + 1)
    connection.execute(table.insert().values(following._asdict()))


def lock(connection: sa.Connection) -> None:
    """The lock of bookings, until the transaction ends; its number stays."""
    connection.execute(schema.CLOCK.update().values(seq=schema.CLOCK.c.seq))
