"""Versions: which one a key holds, now or as of a commit; what it was made of; when it is stale."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from llm_finops.ledger.bulk import insert_rows
from llm_finops.ledger.schema import VERSION_INPUTS, VERSIONS


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


def is_current(seq: int | None) -> sa.ColumnElement[bool]:
    """Open now, or open at commit `seq`."""
    if seq is None:
        return VERSIONS.c.until_seq.is_(None)
    return sa.and_(VERSIONS.c.from_seq <= seq, sa.or_(VERSIONS.c.until_seq.is_(None), VERSIONS.c.until_seq > seq))


def is_within(day: sa.ColumnElement[str], first: str, last: str) -> sa.ColumnElement[bool]:
    """A day of first..last, both inclusive."""
    # Not `between`: PostgreSQL's grammar takes no COLLATE, which our text carries, inside it.
    return sa.and_(day >= first, day <= last)


def is_of(key: Key) -> sa.ColumnElement[bool]:
    """A version of the key."""
    return sa.and_(*(VERSIONS.c[name] == value for name, value in key._asdict().items()))


def read_heads(connection: sa.Connection, keys: Sequence[Key], seq: int | None = None) -> dict[Key, Head]:
    """The current versions of the keys that have one, or those of commit `seq`.

    A query a key: a commit books a handful, and the index finds each at once.
    """
    found = {}
    for key in keys:
        query = sa.select(VERSIONS.c.version_id, VERSIONS.c.content_hash, VERSIONS.c.rows)
        if row := connection.execute(query.where(is_of(key), is_current(seq))).one_or_none():
            found[key] = Head(*row)
    return found


def read_inputs(connection: sa.Connection, version_id: int) -> dict[Key, int]:
    """What a version was made of: {key: version, or 0 for "there was none"}."""
    table = VERSION_INPUTS
    query = sa.select(table.c.dataset, table.c.scope, table.c.period, table.c.input_id)
    return {Key(*row[:3]): row[3] for row in connection.execute(query.where(table.c.version_id == version_id))}


def note_inputs(connection: sa.Connection, version_id: int, inputs: Mapping[Key, int]) -> None:
    """Record what a version was made of, as of now; nothing is written where it is what was recorded."""
    if read_inputs(connection, version_id) == inputs:
        return
    connection.execute(VERSION_INPUTS.delete().where(VERSION_INPUTS.c.version_id == version_id))
    insert_rows(connection, VERSION_INPUTS, [(version_id, *key, used) for key, used in sorted(inputs.items())])


def stale_keys(connection: sa.Connection, dataset: str) -> list[Key]:
    """Keys whose version was made of something else than what its inputs' keys hold now, sorted."""
    found = connection.execute(stale_of([dataset]))
    return sorted(Key(dataset, scope, period) for _, scope, period in found)


def stale_of(datasets: Sequence[str]) -> sa.Select[Any]:
    """The same as a query of (dataset, scope, period), of some datasets."""
    inputs, current = VERSION_INPUTS, VERSIONS.alias("current")
    is_input = sa.and_(
        current.c.dataset == inputs.c.dataset,
        current.c.scope == inputs.c.scope,
        current.c.period == inputs.c.period,
        current.c.until_seq.is_(None),
    )
    return (
        sa.select(VERSIONS.c.dataset, VERSIONS.c.scope, VERSIONS.c.period)
        .distinct()
        .select_from(VERSIONS)
        .join(inputs, inputs.c.version_id == VERSIONS.c.version_id)
        .outerjoin(current, is_input)
        .where(VERSIONS.c.dataset.in_(datasets), is_current(None))
        .where(sa.func.coalesce(current.c.version_id, 0) != inputs.c.input_id)
    )
