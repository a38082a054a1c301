"""What runs have booked, and how often they booked a day anew."""

from typing import NamedTuple

import sqlalchemy as sa

from llm_finops.ledger.queries.reader import Reader
from llm_finops.ledger.schema import COMMITS, VERSIONS
from llm_finops.ledger.versions import Key, is_within


class Run(NamedTuple):
    """A run of the pipeline: its first and its last commit (times UTC). `run_id` is '' for what no run booked."""

    run_id: str
    first_at: str
    last_at: str
    commits: int


class RestatedCount(NamedTuple):
    """How many versions of a dataset replaced another, and of how many days (or months)."""

    dataset: str
    versions: int
    periods: int


def last_runs(reader: Reader, limit: int) -> tuple[Run, ...]:
    """The runs that booked last, the newest first."""
    at = COMMITS.c.at_utc
    counted = [sa.func.min(at), sa.func.max(at), sa.func.count()]
    query = sa.select(COMMITS.c.run_id, *counted).group_by(COMMITS.c.run_id)
    rows = reader.rows(query.order_by(sa.func.max(COMMITS.c.seq).desc()).limit(limit))
    return tuple(Run(*row) for row in rows)


def restated_by(reader: Reader, first: str, last: str) -> tuple[RestatedCount, ...]:
    """Versions of the period's days that replaced another, by dataset, sorted."""
    new, old = VERSIONS.alias("new"), VERSIONS.alias("old")
    same = sa.and_(*(new.c[name] == old.c[name] for name in Key._fields), old.c.until_seq == new.c.from_seq)
    counted = [sa.func.count(), sa.func.count(sa.distinct(new.c.period))]
    query = sa.select(new.c.dataset, *counted).join_from(new, old, same).where(is_within(new.c.period, first, last))
    return tuple(sorted(RestatedCount(*row) for row in reader.rows(query.group_by(new.c.dataset))))
