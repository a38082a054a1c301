"""Moving a ledger to another store: every row of every table, in one transaction, compared before it counts.

The two stores hold the same tables of the same numbers and texts, so rows go over as they are, history and journals
with them. Killed anywhere, the target is an empty ledger, and the next try begins anew; the source is only read.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from llm_finops.ledger import schema
from llm_finops.ledger.bulk import insert_rows
from llm_finops.ledger.errors import LedgerError
from llm_finops.ledger.fingerprint import fingerprint
from llm_finops.ledger.inspection import inspect_ledger
from llm_finops.ledger.presence import alone
from llm_finops.ledger.store import migrate, open_engine, revision_of, shown_url

Progress = Callable[[str, int, int], None]
# So many rows are in memory at once; of a table that holds whole pages, few.
_ROWS, _PAGES = 5_000, 20


@dataclass(frozen=True)
class Contents:
    """What one store holds, as far as it is compared: by table the rows and a hash, by commit a fingerprint."""

    rows: dict[str, int]
    hashes: dict[str, str]
    fingerprints: dict[int, str]  # as of a commit; the last one is now


@dataclass(frozen=True)
class Moved:
    """Both stores after the move. Equal, or nothing was kept at the target."""

    source: Contents
    target: Contents
    differing: list[str] = field(default_factory=list)


def move(source_url: str, target_url: str, progress: Progress = lambda *_: None) -> Moved:
    """Copy all to an empty target; LedgerError where the source is none or in use, or the target is not empty.

    What differs after the copy is in `differing`, and the target is then empty again.
    """
    if inspect_ledger(source_url).revision is None:
        raise LedgerError(f"{shown_url(source_url)} holds no ledger; there is nothing to move")
    with _engine(source_url) as source, _engine(target_url) as target, alone(source):
        migrate(source)
        _refuse_strangers(target, target_url)
        migrate(target)
        with _snapshot(source) as reader, target.connect().execution_options(writes=True) as writer:
            transaction = writer.begin()
            _lock_empty(writer, target_url)
            _copy_all(reader, writer, progress)
            moved = _compared(reader, writer)
            if moved.differing:
                transaction.rollback()
            else:
                transaction.commit()
            return moved


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url, announced=False)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _snapshot(engine: Engine) -> Iterator[sa.Connection]:
    """A connection that sees one moment, however long it reads."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":  # SQLite's transactions do so by themselves
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def _refuse_strangers(engine: Engine, url: str) -> None:
    """A database that is no ledger, but has tables of our names, is somebody else's."""
    if revision_of(engine) is not None:
        return
    with engine.connect() as connection:
        taken = sorted({*sa.inspect(connection).get_table_names()} & {*schema.METADATA.tables})
    if taken:
        raise LedgerError(f"{shown_url(url)} is no ledger, but has tables called {', '.join(taken)}: name an empty one")


def _lock_empty(writer: sa.Connection, url: str) -> None:
    """Take the target's lock and make sure that it holds nothing."""
    writer.execute(schema.CLOCK.update().values(seq=schema.CLOCK.c.seq))
    for table in schema.METADATA.sorted_tables:
        if table is not schema.CLOCK and writer.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise LedgerError(
                f"{shown_url(url)} is not empty: it holds rows of {table.name}. Name an empty database, or a file that "
                "is not there; nothing was changed"
            )
    writer.execute(schema.CLOCK.delete())  # its one row comes with the others


def _copy_all(reader: sa.Connection, writer: sa.Connection, progress: Progress) -> None:
    for table in schema.METADATA.sorted_tables:
        total = reader.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        done = 0
        for rows in _batches(reader, table):
            insert_rows(writer, table, rows)
            progress(table.name, done := done + len(rows), total)
        _go_on_counting(writer, table)


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[list[tuple[Any, ...]]]:
    pages = any(isinstance(column.type, sa.LargeBinary) for column in table.columns)
    size = _PAGES if pages else _ROWS
    query = sa.select(table).execution_options(stream_results=True, yield_per=size)
    for rows in connection.execute(query).partitions():
        yield [tuple(row) for row in rows]


def _go_on_counting(writer: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL's automatic numbers go on after the highest; SQLite's do so by themselves."""
    column = table.autoincrement_column
    if column is None or writer.dialect.name != "postgresql":
        return
    highest = writer.execute(sa.select(sa.func.max(column))).scalar()
    if highest is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        writer.execute(sa.select(sa.func.setval(sequence, highest)))


def _compared(reader: sa.Connection, writer: sa.Connection) -> Moved:
    newest = int(reader.execute(sa.select(schema.CLOCK.c.seq)).scalar_one())
    moments = sorted({seq for seq in (1, newest // 2, newest) if seq > 0} or {newest})
    here, there = _contents(reader, moments), _contents(writer, moments)
    differing = [f"table {name}" for name in here.rows if _of(here, name) != _of(there, name)]
    differing += [f"commit {seq}" for seq in moments if here.fingerprints[seq] != there.fingerprints[seq]]
    return Moved(here, there, differing)


def _of(contents: Contents, table: str) -> tuple[int, str]:
    return contents.rows[table], contents.hashes[table]


def _contents(connection: sa.Connection, moments: Sequence[int]) -> Contents:
    rows, hashes = {}, {}
    for table in schema.METADATA.sorted_tables:
        rows[table.name], hashes[table.name] = _table_hash(connection, table)
    return Contents(rows, hashes, {seq: fingerprint(connection, seq) for seq in moments})


def _table_hash(connection: sa.Connection, table: sa.Table) -> tuple[int, str]:
    """How many rows, and a sum of their hashes: the stores give rows in different orders."""
    count = total = 0
    for rows in _batches(connection, table):
        count += len(rows)
        for row in rows:
            text = json.dumps(row, default=lambda page: bytes(page).hex())
            total += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest())
    return count, f"{total % 2**128:032x}"
