"""What both stores can hold: 64-bit whole numbers, and text without NUL or half a surrogate pair.

SQLite would take a float, a bool or a NUL that PostgreSQL refuses. So rows are looked at before any
transaction is opened, and either store refuses the same things in the same words.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from llm_finops.core.money import BIGINT
from llm_finops.ledger.errors import LedgerError

_SHOWN = 80  # characters of a refused value


def check_rows(where: str, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """LedgerError unless every row fits the named columns of the table; `where` begins the message."""
    if any(len(row) != len(names) for row in rows):
        raise LedgerError(f"{where}: expected rows of {len(names)} columns ({', '.join(names)})")
    for name, values in zip(names, zip(*rows, strict=True), strict=False):
        column = table.c[name]
        kind = int if isinstance(column.type, sa.BigInteger) else str
        _check_kind(f"{where}: column {name} of {table.name}", kind, values, nullable=bool(column.nullable))


def check_text(where: str, *texts: str) -> None:
    """LedgerError unless both stores can hold the texts."""
    _check_kind(where, str, texts, nullable=False)


def storable(text: str) -> str:
    """The text as a journal can keep it: a NUL or half a surrogate pair is spelled out, not lost."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _check_kind(where: str, kind: type, values: Iterable[Any], *, nullable: bool) -> None:
    given = [value for value in values if value is not None] if nullable else list(values)
    kinds = set(map(type, given))  # few, however many the values: one look a kind
    if wrong := {k for k in kinds if not issubclass(k, kind) or k is bool}:
        seen = next(value for value in given if type(value) in wrong)
        expected = "a whole number" if kind is int else "text"
        raise LedgerError(f"{where}: expected {expected}, saw {_shown(seen)} ({type(seen).__name__})")
    if kind is int and given and not (min(given) >= -BIGINT and max(given) <= BIGINT):
        seen = next(value for value in given if abs(value) > BIGINT)
        raise LedgerError(f"{where}: expected a number that fits 64 bits, saw {_shown(seen)}")
    if kind is str and not _is_storable("".join(given)):
        seen = next(value for value in given if not _is_storable(value))
        raise LedgerError(
            f"{where}: expected text that every database can hold, saw {_shown(seen)}; "
            "quarantine the row or remove the NUL or unpaired surrogate"
        )


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _shown(value: object) -> str:
    return ascii(value)[:_SHOWN]
