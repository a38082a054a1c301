"""A table of a page as a file: all its rows, amounts exact."""

import csv
import io
from decimal import Decimal
from typing import Any

from llm_finops.core.money import nano_text
from llm_finops.dashboard.blocks import Cell, Column, Table
from llm_finops.dashboard.words import filed

_AMOUNTS = {"money", "exact", "price"}


def as_csv(table: Table, currency: str) -> bytes:
    """UTF-8, with the names of the columns; amounts in whole units with all digits, not known is empty.

    A column of amounts names its currency. Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO(newline="")  # RFC 4180: so a lone \r within a text is quoted, too
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_name(column, table.currency or currency) for column in table.columns])
    writer.writerows(
        [filed(_raw(value), column) for value, column in zip(row, table.columns, strict=True)] for row in table.rows
    )
    return out.getvalue().encode()


def as_parquet(table: Table, currency: str) -> bytes:
    """Amounts as decimal(28, 9), counts as int64, texts as they are; not known (or no number) is NULL."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    arrays = [_array(column, values) for column, values in zip(table.columns, columns, strict=True)]
    names = [_name(column, table.currency or currency) for column in table.columns]
    out = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, names=names), out)
    found: bytes = out.getvalue().to_pybytes()
    return found


def _array(column: Column, values: Any) -> Any:
    import pyarrow as pa

    raw = [_raw(value) for value in values]
    if column.kind in {*_AMOUNTS, "amount"}:
        return pa.array([Decimal(nano_text(v)) if isinstance(v, int) else None for v in raw], pa.decimal128(28, 9))
    if column.kind == "count":
        return pa.array([v if isinstance(v, int) else None for v in raw], pa.int64())
    if column.kind == "percent":
        return pa.array([filed(v, column) or None for v in raw], pa.string())
    return pa.array(raw, pa.string())


def _name(column: Column, currency: str) -> str:
    return f"{column.name}_{currency.lower()}" if column.kind in _AMOUNTS else column.name


def _raw(value: Any) -> Any:
    return value.value if isinstance(value, Cell) else value
