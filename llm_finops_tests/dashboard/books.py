"""A test's own reckoning of what a page shows: tables as files, and sums of base rows by plain SQL."""

import csv
import io
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import httpx

FIRST, LAST = "2026-09-27", "2026-10-02"  # the demo's days
Key = tuple[Any, ...]


def table(client: httpx.Client, page: str, name: str, **asked: str) -> list[dict[str, str]]:
    """All rows of a page's table, as its CSV has them."""
    answer = client.get("/file", params={"page": page, "table": name, "as": "csv", **asked})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def text_of(client: httpx.Client, page: str, **asked: str) -> str:
    """A page as people get it, entities resolved."""
    answer = client.get(page, params=asked)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def nano(text: str) -> int | None:
    """An amount of a file in nano-units; None where it is not known."""
    return int(Decimal(text) * 10**9) if text else None


def by(rows: list[dict[str, str]], keys: str, *amounts: str) -> dict[Key, Key]:
    """{values of `keys`: amounts in nano-units, or counts}; no key may be there twice."""
    found = {}
    for row in rows:
        key = tuple(row[name] for name in keys.split())
        assert key not in found, key
        found[key] = tuple(nano(row[name]) if name.endswith("_usd") else int(row[name]) for name in amounts)
    return found


def base(file: Path, view: str, keys: str, sums: str, where: Mapping[str, Any] | None = None) -> dict[Key, Key]:
    """The same of a view's rows of the demo's days; `where` is {column: its value}."""
    where = {"currency": "USD", **(where or {})}
    wanted = " and ".join(f"{name} = :{name}" for name in where)
    columns = keys.split()
    grouped = f"group by {', '.join(columns)}" if columns else ""
    question = f"""select {", ".join([*columns, sums])} from current_{view}
                    where day between :first and :last and {wanted} {grouped}"""
    rows = rows_of(file, question, {**where, "first": where.get("day", FIRST), "last": where.get("day", LAST)})
    return {row[: len(columns)]: row[len(columns) :] for row in rows}


def rows_of(file: Path, question: str, values: Any = ()) -> list[tuple[Any, ...]]:
    """What the ledger's file answers."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(question, values).fetchall()


def tiles(text: str) -> dict[str, str]:
    """The figures at the top of a page, by their labels."""
    return dict(re.findall(r"<dt>([^<]+)</dt><dd class=\"figure\">(?:<a[^>]*>)?([^<]+)<", text))
