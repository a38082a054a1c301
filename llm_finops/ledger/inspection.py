"""Looking at a ledger without changing it: is it there, of which schema, and does every row belong to a version."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from llm_finops.ledger import schema
from llm_finops.ledger.errors import LedgerError
from llm_finops.ledger.store import SCHEMA, open_engine, parsed_url, revision_of


class Inspection(NamedTuple):
    """What was seen. `revision` is None where nobody has opened the ledger yet; it is not made by looking."""

    revision: str | None
    versions: int = 0
    orphans: int = 0  # rows of no version: never read by anybody, and a sign of a hand in the database

    @property
    def is_ours(self) -> bool:
        """Whether this program reads and writes it as it is."""
        return self.revision == SCHEMA


def inspect_revision(url: str) -> str | None:
    """The schema of the ledger; None where there is none. Nothing is made or changed by looking."""
    if _is_missing(url):
        return None
    engine = open_engine(url, announced=False)
    try:
        return revision_of(engine)
    finally:
        engine.dispose()


def inspect_ledger(url: str) -> Inspection:
    """Look; LedgerError where the database cannot be reached, in words without its password."""
    if _is_missing(url):
        return Inspection(None)
    engine = open_engine(url)
    try:
        revision = revision_of(engine)
        if revision != SCHEMA:
            return Inspection(revision)
        with engine.connect() as connection:
            versions = int(connection.execute(sa.select(sa.func.count()).select_from(schema.VERSIONS)).scalar_one())
            return Inspection(revision, versions, sum(_orphans(connection)))
    except sa.exc.DBAPIError as error:
        said = " ".join(str(error.orig).split())
        raise LedgerError(f"the ledger's database cannot be read: {said}") from None
    finally:
        engine.dispose()


def _is_missing(url: str) -> bool:
    """Whether it is a SQLite file that is not there; opening would make it."""
    parsed = parsed_url(url)
    return parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists()


def _orphans(connection: sa.Connection) -> Iterator[int]:
    """How many rows of each table belong to no version."""
    known = sa.select(schema.VERSIONS.c.version_id)
    for table in (*schema.FACTS.values(), schema.FINDINGS, schema.VERSION_INPUTS):
        query = sa.select(sa.func.count()).select_from(table).where(table.c.version_id.not_in(known))
        yield int(connection.execute(query).scalar_one())
