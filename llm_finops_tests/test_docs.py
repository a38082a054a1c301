"""The pages that people rely on say what the program does."""

import re
from pathlib import Path

import pytest

from llm_finops.ledger import schema

ROOT = Path(__file__).parents[1]


def _documented() -> dict[str, set[str]]:
    """{table: the words in backticks of its line} of docs/schema.md."""
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    found = {}
    for line in page.splitlines():
        if match := re.match(r"\| `(\w+)` \|", line):
            found[match[1]] = set(re.findall(r"`(\w+)`", line))
    return found


@pytest.mark.parametrize("table", sorted(schema.METADATA.tables))
def test_every_table_and_column_is_documented(table: str) -> None:
    documented = _documented()
    assert table in documented, f"docs/schema.md says nothing of {table}"
    told = set(documented[table])
    if table == "priced_usage":
        told |= documented["usage"]
    columns = set(schema.METADATA.tables[table].columns.keys()) - {"version_id", "day"}
    assert columns - told == set()


def test_no_table_is_documented_that_is_not_there() -> None:
    assert set(_documented()) == set(schema.METADATA.tables)
