"""From a figure down to the lines and loads it came by."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from llm_finops.core.allocate import Share
from llm_finops.core.explain import Explanation
from llm_finops.core.records import CostLine
from llm_finops.ledger.explaining import explain_customer, traced_shares
from llm_finops.ledger.loads import Load, loads_of
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import COST_LINES
from llm_finops.ledger.queries.reader import Reader
from llm_finops.ledger.schema import COMMITS, LOAD_PAGES, LOAD_PERIODS, LOADS, VERSIONS
from llm_finops.ledger.versions import is_current

_LINE = [COST_LINES.table.c[name] for name in CostLine._fields]


class Line(NamedTuple):
    """A cost line that holds now, and the version that says so."""

    day: str
    dataset: str  # cost_lines | estimates | true_ups
    version_id: int
    line: CostLine


class Version(NamedTuple):
    """One of the versions that a line's day has had; times UTC."""

    version_id: int
    at_utc: str
    reason: str
    is_current: bool
    rows: int


class LoadedBy(NamedTuple):
    """A load that made or confirmed a version."""

    load_id: int
    started_at: str
    outcome: str
    content_hash: str


class LineTrace(NamedTuple):
    """A line, its day's versions (newest first), and the loads behind the one that holds (newest first).

    An estimate and a true-up were not loaded, but reckoned: no load is there.
    """

    line: Line
    versions: tuple[Version, ...]
    loads: tuple[LoadedBy, ...]


class Period(NamedTuple):
    """A period that a load booked or confirmed."""

    dataset: str
    scope: str
    period: str
    version_id: int
    content_hash: str
    rows: int
    duplicates: int
    quarantined: int
    is_current: bool  # what it booked still holds


class LoadTrace(NamedTuple):
    """A load, with its counts, and what it booked."""

    load: Load
    periods: tuple[Period, ...]


class KeptPage(NamedTuple):
    """One answer of a provider that is kept, without its body."""

    load_id: int  # the load that fetched it: another than the one asked for where that one read it again
    position: int
    request: str  # method, path and query
    fetched_at: str
    status: int
    bytes: int


def lines_of(
    reader: Reader, asked: Asked, day: str, account: str | None = None, limit: int | None = None
) -> tuple[Line, ...]:
    """The cost lines of a day, the largest amounts first, by line_id among equals; only provider filters."""
    query = _lines(day).where(COST_LINES.table.c.currency == asked.currency)
    if account is not None:
        query = query.where(COST_LINES.table.c.account == account)
    if asked.provider is not None:
        query = query.where(COST_LINES.table.c.provider == asked.provider)
    amount = sa.func.abs(COST_LINES.table.c.amount_nano)
    query = query.order_by(amount.desc(), COST_LINES.table.c.line_id, COST_LINES.table.c.account).limit(limit)
    return tuple(_line(row) for row in reader.rows(query))


def line(reader: Reader, line_id: str, day: str) -> LineTrace | None:
    """A line of a day and where it came from; None where no such line holds now."""
    rows = reader.rows(_lines(day).where(COST_LINES.table.c.line_id == line_id))
    if not rows:
        return None
    found = _line(rows[0])
    return LineTrace(found, _versions(reader, found.version_id), _loads(reader, found.version_id))


def line_shares(reader: Reader, line_id: str, day: str) -> tuple[Share, ...]:
    """Whom a line of a day was split among, and by what: the shares add up to its amount. () where it is not there.

    They are reckoned again from the very versions that the day's allocations were made of.
    """
    found = line(reader, line_id, day)
    if found is None:
        return ()
    return tuple(traced_shares(reader.ledger, found.line.line, day, reader.seq))


def customer_day(reader: Reader, customer: str, day: str) -> tuple[Explanation, list[dict[str, Any]]]:
    """The tree of a customer's day, every step added up again, and the loads behind it; ExplainError where it is not.

    Raises `core.explain.ExplainError` also where the customer has neither cost nor revenue that day.
    """
    return explain_customer(reader.ledger, customer, day, reader.seq)


def load(reader: Reader, load_id: int) -> LoadTrace | None:
    """A load and what it booked, its pages counted; None where there is no such load."""
    found = loads_of(reader.connection, sa.select(LOADS).where(LOADS.c.load_id == load_id))
    if not found:
        return None
    columns = [LOAD_PERIODS.c[name] for name in Period._fields[:-1]]
    query = sa.select(*columns, VERSIONS.c.until_seq.is_(None)).where(LOAD_PERIODS.c.load_id == load_id)
    query = query.join_from(LOAD_PERIODS, VERSIONS, VERSIONS.c.version_id == LOAD_PERIODS.c.version_id, isouter=True)
    rows = reader.rows(query.add_columns(VERSIONS.c.version_id))
    return LoadTrace(found[0], tuple(sorted(Period._make((*row[:-2], bool(row[-2] and row[-1]))) for row in rows)))


def load_pages(reader: Reader, load_id: int) -> tuple[KeptPage, ...]:
    """The pages of a load that are kept, in their order; those of the load that it read again, if it has none."""
    pages, again = LOAD_PAGES.c, sa.select(LOADS.c.replay_of).where(LOADS.c.load_id == load_id)
    columns = [pages[name] for name in KeptPage._fields]
    for at in (load_id, reader.connection.execute(again).scalar()):
        rows = reader.rows(sa.select(*columns).where(pages.load_id == at).order_by(pages.position))
        if rows:
            return tuple(KeptPage(*row) for row in rows)
    return ()


def _lines(day: str) -> sa.Select[Any]:
    query = sa.select(COST_LINES.table.c.day, VERSIONS.c.dataset, VERSIONS.c.version_id, *_LINE)
    query = query.join_from(COST_LINES.table, VERSIONS, VERSIONS.c.version_id == COST_LINES.table.c.version_id)
    return query.where(is_current(None), COST_LINES.table.c.day == day)


def _line(row: Any) -> Line:
    return Line(row[0], row[1], int(row[2]), CostLine(*row[3:]))


def _versions(reader: Reader, version_id: int) -> tuple[Version, ...]:
    own, other = VERSIONS.alias("own"), VERSIONS.alias("other")
    same = sa.and_(*(own.c[name] == other.c[name] for name in ("dataset", "scope", "period")))
    query = (
        sa.select(other.c.version_id, COMMITS.c.at_utc, COMMITS.c.reason, other.c.until_seq, other.c.rows)
        .join_from(own, other, same)
        .join(COMMITS, COMMITS.c.seq == other.c.from_seq)
        .where(own.c.version_id == version_id)
        .order_by(other.c.from_seq.desc())
    )
    return tuple(Version._make((*row[:3], row[3] is None, row[4])) for row in reader.rows(query))


def _loads(reader: Reader, version_id: int) -> tuple[LoadedBy, ...]:
    query = sa.select(LOADS.c.load_id, LOADS.c.started_at, LOADS.c.outcome, LOAD_PERIODS.c.content_hash)
    query = query.join_from(LOADS, LOAD_PERIODS, LOAD_PERIODS.c.load_id == LOADS.c.load_id)
    query = query.where(LOAD_PERIODS.c.version_id == version_id).order_by(LOADS.c.load_id.desc())
    return tuple(LoadedBy(*row) for row in reader.rows(query))
