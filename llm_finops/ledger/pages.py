"""The pages of loads, and the days whose new reading is held: journals, of which no figure is made."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from llm_finops.core.pages import Page
from llm_finops.ledger.bulk import insert_rows
from llm_finops.ledger.journals import lock
from llm_finops.ledger.limits import storable
from llm_finops.ledger.schema import HELD, LOAD_PAGES, LOAD_PERIODS, LOADS, root_of
from llm_finops.ledger.versions import Key

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger


class Held(NamedTuple):
    """A final day that a load would have shrunk by more than half; what is booked stays until somebody accepts it."""

    load_id: int
    dataset: str
    scope: str
    period: str
    version_id: int  # what stays
    subject: str  # a currency, whose amounts are nano; or a meter
    before: int
    after: int


class Kept(NamedTuple):
    """A load whose pages are there, and what came of its days."""

    load_id: int
    read_at: str
    first: str
    last: str
    ended: bool  # False: killed before all its days were booked
    booked: frozenset[str]
    held: frozenset[str]  # and not accepted


_ROOT = root_of(LOADS)


def keep_pages(ledger: "Ledger", load_id: int, pages: Sequence[Page]) -> None:
    """Keep all pages of a load, in one transaction: a kill leaves all of them or none."""
    with ledger.writing() as connection:
        _insert_pages(connection, load_id, pages)


def _insert_pages(connection: sa.Connection, load_id: int, pages: Sequence[Page]) -> None:
    rows = [(load_id, i, storable(kept.request), *kept[1:]) for i, kept in enumerate(pages, start=1)]
    insert_rows(connection, LOAD_PAGES, rows)


def pages_of(ledger: "Ledger", load_id: int) -> list[Page]:
    """The pages of a load, of the one it replayed if it has none of its own; [] where none are kept."""
    load = LOADS.alias()
    with ledger.reading() as connection:
        query = sa.select(load.c.replay_of).where(load.c.load_id == load_id)
        for at in (load_id, connection.execute(query).scalar()):
            rows = sa.select(LOAD_PAGES).where(LOAD_PAGES.c.load_id == at).order_by(LOAD_PAGES.c.position)
            if found := [Page(*row[2:]) for row in connection.execute(rows)]:
                return found
    return []


def prune_pages(ledger: "Ledger", before: str) -> int:
    """Drop the pages of loads that read before a time, but for those of days that are held; how many."""
    with ledger.reading() as connection:
        if not _forgettable(connection, before):
            return 0  # no lock for nothing
    with ledger.writing() as connection:
        lock(connection)  # else a day might be held after it was looked at, and its pages be gone
        return sum(
            connection.execute(LOAD_PAGES.delete().where(LOAD_PAGES.c.load_id == load_id)).rowcount
            for load_id in _forgettable(connection, before)
        )


def _forgettable(connection: sa.Connection, before: str) -> list[int]:
    spared = {root for root, _ in _held_roots(connection)}
    old = sa.select(LOADS.c.load_id).where(LOADS.c.started_at < before)
    query = sa.select(LOAD_PAGES.c.load_id).distinct().where(LOAD_PAGES.c.load_id.in_(old))
    return [load_id for (load_id,) in connection.execute(query) if load_id not in spared]


def hold(ledger: "Ledger", held: Held, pages: Sequence[Page] = ()) -> None:
    """Note that a day is held; with the pages of its load, where they are not kept yet, in the same transaction."""
    with ledger.writing() as connection:
        lock(connection)
        _insert_pages(connection, held.load_id, pages)
        insert_rows(connection, HELD, [tuple(held)])


def held_days(ledger: "Ledger", until: str = "") -> list[Held]:
    """The days that are held now, by dataset, scope and day: the newest of each, if nothing was booked since.

    `until`: by loads that were read before that time only.
    """
    with ledger.reading() as connection:
        return [held for _, held in _held_roots(connection, until)]


def held_of(connection: sa.Connection) -> list[Held]:
    """The same, in somebody's transaction."""
    return [held for _, held in _held_roots(connection)]


def holds_of(ledger: "Ledger", load_id: int) -> frozenset[Key]:
    """The days that a load held when it was read, whatever became of them."""
    query = sa.select(*(HELD.c[name] for name in Key._fields)).where(HELD.c.load_id == load_id)
    with ledger.reading() as connection:
        return frozenset(Key(*row) for row in connection.execute(query))


def kept_loads(ledger: "Ledger", source: str, dataset: str) -> list[Kept]:
    """The loads of a source whose pages are there, newest first."""
    has_pages = sa.exists().where(LOAD_PAGES.c.load_id == LOADS.c.load_id)
    columns = (LOADS.c.load_id, LOADS.c.started_at, LOADS.c.range_from, LOADS.c.range_until, LOADS.c.finished_at)
    query = sa.select(*columns).where(LOADS.c.source == source, LOADS.c.dataset == dataset, has_pages)
    key = (source, dataset)
    with ledger.reading() as connection:
        booked, held = (_days_by_root(connection, table, key) for table in (LOAD_PERIODS, HELD))
        rows = connection.execute(query).all()
    found = []
    for load_id, at, first, last, finished in rows:
        days = booked.get(load_id, frozenset())
        found.append(Kept(load_id, at, first, last, finished is not None, days, held.get(load_id, frozenset()) - days))
    return sorted(found, key=lambda kept: (kept.read_at, kept.load_id), reverse=True)


def standing(ledger: "Ledger", source: str, dataset: str) -> dict[str, tuple[str, int]]:
    """{period: when what is booked now was read, and by which load's pages}, be it that the day was not over."""
    query = (
        sa.select(LOAD_PERIODS.c.period, LOADS.c.started_at, _ROOT)
        .join(LOADS, LOADS.c.load_id == LOAD_PERIODS.c.load_id)
        .where(LOAD_PERIODS.c.dataset == dataset, LOAD_PERIODS.c.scope == source)
    )
    found: dict[str, tuple[str, int]] = {}
    with ledger.reading() as connection:
        for period, at, root in connection.execute(query):
            found[period] = max(found.get(period, ("", 0)), (at, root))
    return found


def _held_roots(connection: sa.Connection, until: str = "") -> list[tuple[int, Held]]:
    """Of each day the newest hold, unless it was booked since: by a later reading, or by having been accepted."""
    booked, of = LOAD_PERIODS, LOADS.alias("of")
    since = (
        sa.exists()
        .where(of.c.load_id == booked.c.load_id, *(booked.c[name] == HELD.c[name] for name in Key._fields))
        .where(of.c.started_at >= LOADS.c.started_at, root_of(of) >= _ROOT)
    )
    query = sa.select(_ROOT, HELD).join(LOADS, LOADS.c.load_id == HELD.c.load_id).where(~since)
    query = query.where(LOADS.c.started_at < until) if until else query
    rows = connection.execute(query.order_by(HELD.c.load_id)).all()
    newest = {Key(*row[2:5]): (row[0], Held(*row[1:])) for row in rows}
    return [held for _, held in sorted(newest.items())]


def _days_by_root(connection: sa.Connection, table: sa.Table, key: tuple[str, str]) -> dict[int, frozenset[str]]:
    source, dataset = key
    query: sa.Select[Any] = (
        sa.select(_ROOT, table.c.period)
        .join(LOADS, LOADS.c.load_id == table.c.load_id)
        .where(table.c.scope == source, table.c.dataset == dataset)
    )
    found: dict[int, set[str]] = {}
    for root, period in connection.execute(query):
        found.setdefault(root, set()).add(period)
    return {root: frozenset(days) for root, days in found.items()}
