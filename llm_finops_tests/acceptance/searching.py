"""Looking for a secret in every byte: files as they are, cells of databases, what is packed in them."""

import base64
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

_ANY_PACKING = 47  # zlib's word for: zlib or gzip, find out
_SYSTEM = ("information_schema", "pg_catalog", "pg_toast")


def forms(secrets: Mapping[str, str]) -> dict[str, bytes]:
    """A secret as it is, as URLs spell it, and as headers of basic authentication pack it."""
    found = {}
    for name, secret in secrets.items():
        found[name] = secret.encode()
        found[f"{name}, quoted"] = quote(secret, safe="").encode()
        for shift in range(3):  # base64 looks different at each of three places
            packed = base64.b64encode(b"x" * shift + secret.encode())
            found[f"{name}, base64 {shift}"] = packed[4 if shift else 0 : -4]
    return found


def places(looked_for: Mapping[str, bytes], content: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Where which form of a secret is."""
    return [(place, name) for place, data in content.items() for name, form in looked_for.items() if form in data]


def files(root: Path) -> dict[str, bytes]:
    """Every file below a folder; of SQLite files also every cell, since a long one is cut over pages."""
    found: dict[str, bytes] = {}
    for path in root.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(root))
            found[name] = unpacked(path.read_bytes())
            if found[name].startswith(b"SQLite format 3"):
                found[f"{name}, cells"] = b"\n".join(_sqlite_cells(path))
    return found


def database(url: str) -> dict[str, bytes]:
    """Every table of every schema, cell by cell."""
    engine = sa.create_engine(url.replace("postgresql", "postgresql+psycopg", 1))
    found = {}
    with engine.connect() as connection:
        look = sa.inspect(connection)
        for schema in set(look.get_schema_names()) - {*_SYSTEM}:
            for table in look.get_table_names(schema):
                rows = connection.execute(sa.text(f'select * from "{schema}"."{table}"'))
                found[f"{schema}.{table}"] = b"\n".join(_cells(rows))
    engine.dispose()
    return found


def _sqlite_cells(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(path)) as connection:
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            yield from _cells(connection.execute(f'select * from "{table}"'))


def _cells(rows: object) -> Iterator[bytes]:
    for row in rows:  # type: ignore[attr-defined]
        for cell in row:
            yield unpacked(bytes(cell)) if isinstance(cell, bytes | memoryview) else str(cell).encode()


def unpacked(data: bytes) -> bytes:
    """With what is packed in it, if it is packed."""
    try:
        return data + zlib.decompressobj(_ANY_PACKING).decompress(data)
    except zlib.error:
        return data
