"""What was told and has changed since: edits and the message of many days made due, and what moved them."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from llm_finops.ledger import schema
from llm_finops.ledger.clock import utc_now
from llm_finops.ledger.journals import DUE, EDIT, FOLDED, REFUSED, RESTATED, SENDING, SENT, UNKNOWN, Digest, lock
from llm_finops.ledger.versions import is_current

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger

# What is given to us, and by whom: everything else is computed of it.
_GIVEN = (
    *("cost_lines", "usage", "log_days", "revenue", "invoices", "true_ups", "prices", "fx_rates", "settings", "names"),
)


class Moved(NamedTuple):
    """A version that is another one at the later of two commits: `arrived`, `changed` or `gone`."""

    dataset: str
    scope: str
    how: str


def touched(ledger: "Ledger", after_seq: int) -> dict[str, int]:
    """{period: the newest commit that began or ended a version of it}, of those after a commit."""
    versions = schema.VERSIONS
    newest = sa.func.max(sa.func.coalesce(versions.c.until_seq, versions.c.from_seq))
    is_later = sa.or_(versions.c.from_seq > after_seq, versions.c.until_seq > after_seq)
    query = sa.select(versions.c.period, newest).where(is_later).group_by(versions.c.period)
    with ledger.reading() as connection:
        return {period: int(seq) for period, seq in connection.execute(query)}


def moved(ledger: "Ledger", day: str, before_seq: int, seq: int) -> list[Moved]:
    """Which given inputs of a day hold other content at `seq` than at `before_seq`, in their declared order."""
    before, after = (_contents(ledger, day, at) for at in (before_seq, seq))
    found = []
    for dataset, scope in sorted(before.keys() | after.keys(), key=lambda at: (_GIVEN.index(at[0]), at[1].encode())):
        was, now = before.get((dataset, scope), set()), after.get((dataset, scope), set())
        if was != now:
            found.append(Moved(dataset, scope, "changed" if was and now else "arrived" if now else "gone"))
    return found


def _contents(ledger: "Ledger", day: str, seq: int) -> dict[tuple[str, str], set[tuple[str, str]]]:
    versions = schema.VERSIONS
    query = sa.select(versions.c.dataset, versions.c.scope, versions.c.period, versions.c.content_hash).where(
        versions.c.dataset.in_(_GIVEN), versions.c.period.in_([day, day[:7], "*"]), is_current(seq)
    )
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    with ledger.reading() as connection:
        for dataset, scope, period, content in connection.execute(query):
            found.setdefault((dataset, scope), set()).add((period, content))
    return found


def ask_edit(ledger: "Ledger", day: str) -> bool:
    """Make an edit of a day's message due: at once, or tomorrow (UTC) if it was edited today; whether it was.

    One that waits already says, when it is sent, what is newest then; one in mid-send may not.
    """
    with ledger.writing() as connection:
        lock(connection)
        rows = _rows(connection, schema.DIGESTS.c.day == day)
        edits = [row for row in rows if row.kind == EDIT]
        if not rows or any(row.state == DUE for row in edits):
            return False
        is_under_way = any(row.state in {SENDING, UNKNOWN} for row in edits)
        next_at = _tomorrow() if is_under_way or _done_today(edits) else ""
        _insert(connection, Digest(day, rows[-1].revision + 1, DUE, "", 0, next_at, None, None, EDIT))
        return True


def ask_restated(ledger: "Ledger", days: Mapping[str, int], seq: int) -> None:
    """Make one message about many days due, each with the commit as of which it was told; one a day (UTC).

    One that waits and was never tried is folded into it. `seq`: the commit as of which there is something to tell,
    which is what an attempt whose end nobody knows has told, if any.
    """
    table = schema.DIGESTS
    with ledger.writing() as connection:
        lock(connection)
        rows = _rows(connection, table.c.kind == RESTATED)
        told = dict(days)
        for row in rows:
            if row.state == DUE and row.attempt == 0:
                told |= restated_days(row)
                is_it = sa.and_(table.c.day == row.day, table.c.revision == row.revision)
                connection.execute(table.update().where(is_it).values(state=FOLDED))
        day = max(told)
        revision = _rows(connection, table.c.day == day)[-1].revision + 1
        next_at = _tomorrow() if _done_today(rows) else ""
        detail = json.dumps(told, sort_keys=True)
        _insert(connection, Digest(day, revision, DUE, "", 0, next_at, None, None, RESTATED, seq, detail=detail))


def restated_days(row: Digest) -> dict[str, int]:
    """The days a message about many is of, each with the commit as of which it was told before."""
    return dict(json.loads(row.detail)) if row.kind == RESTATED and row.detail else {}


def confirm(ledger: "Ledger", row: Digest, seq: int) -> None:
    """Note that as of a later commit the message would still be the same."""
    table = schema.DIGESTS
    is_it = sa.and_(table.c.day == row.day, table.c.revision == row.revision, table.c.state == row.state)
    with ledger.writing() as connection:  # a run that began later may have looked further
        connection.execute(table.update().where(is_it, table.c.seq < seq).values(seq=seq))


def _rows(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Digest]:
    table = schema.DIGESTS
    query = sa.select(table).where(where).order_by(table.c.day, table.c.revision)
    return [Digest(*row) for row in connection.execute(query)]


def _insert(connection: sa.Connection, row: Digest) -> None:
    connection.execute(schema.DIGESTS.insert().values(row._asdict()))


def _done_today(rows: list[Digest]) -> bool:
    return any(row.done_at[:10] == utc_now()[:10] and row.state in {SENT, REFUSED} for row in rows)


def _tomorrow() -> str:
    return f"{date.fromisoformat(utc_now()[:10]) + timedelta(days=1)}T00:00:00Z"
