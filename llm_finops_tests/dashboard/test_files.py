"""A table as a file: every digit is there, and a spreadsheet finds no formula."""

import csv
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.dashboard.blocks import Cell, Column, Table
from llm_finops.dashboard.files import as_csv, as_parquet

NANO = st.none() | st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
COLUMNS = [
    Column("name", "Name"),
    Column("cost", "Cost", "money"),
    Column("each", "Each", "price"),
    Column("exact", "Exact", "exact"),
    Column("rows", "Rows", "count"),
    Column("share", "Share", "percent"),
]
ROWS = st.lists(st.tuples(TEXT, NANO, NANO, NANO, NANO, st.tuples(NANO, NANO)), max_size=6)


def table(rows: list[tuple[object, ...]]) -> Table:
    return Table("made", "Made", COLUMNS, [[Cell(row[0], "/x"), *row[1:]] for row in rows])  # type: ignore[arg-type,list-item]


@given(rows=ROWS)
def test_amounts_are_exact_in_csv_and_what_is_not_known_is_empty(rows: list[tuple[object, ...]]) -> None:
    read = list(csv.DictReader(io.StringIO(as_csv(table(rows), "EUR").decode(), newline="")))
    assert len(read) == len(rows)
    for line, (name, cost, each, exact, count, share) in zip(read, rows, strict=True):
        assert line["name"].removeprefix("'") == str(name).removeprefix("'")
        for column, nano in (("cost_eur", cost), ("each_eur", each), ("exact_eur", exact)):
            assert (None if line[column] == "" else Decimal(line[column]) * 10**9) == nano
        assert line["rows"] == ("" if count is None else str(count))
        assert isinstance(share, tuple)
        assert line["share"] == (f"{share[0]}/{share[1]}" if share[0] is not None and share[1] else "")


@given(rows=ROWS)
def test_amounts_are_exact_in_parquet(rows: list[tuple[object, ...]]) -> None:
    read = pq.read_table(pa.BufferReader(as_parquet(table(rows), "USD")))
    assert str(read.schema.field("cost_usd").type) == "decimal128(28, 9)"
    assert [str(row[0]) for row in rows] == read["name"].to_pylist()
    for at, column in ((1, "cost_usd"), (2, "each_usd"), (3, "exact_usd")):
        found = [None if v is None else int(v.scaleb(9)) for v in read[column].to_pylist()]
        assert found == [row[at] for row in rows]
    assert read["rows"].to_pylist() == [row[4] for row in rows]


@given(first=st.sampled_from("=+-@\t\r"), rest=TEXT)
def test_no_text_is_a_formula(first: str, rest: str) -> None:
    name = first + rest
    read = list(csv.reader(io.StringIO(as_csv(table([(name, *[None] * 4, (None, None))]), "USD").decode(), newline="")))
    assert read[1][0] == f"'{name}"


def test_a_negative_amount_is_a_number_and_a_word_is_none() -> None:
    rows: list[tuple[object, ...]] = [("a", -5, "none", "n/a", -3, (-1, 2))]
    assert as_csv(table(rows), "USD").decode().splitlines()[1] == "a,-0.000000005,,,-3,-1/2"
    read = pq.read_table(pa.BufferReader(as_parquet(table(rows), "USD"))).to_pylist()[0]
    assert (read["cost_usd"], read["each_usd"]) == (Decimal("-0.000000005"), None)
