"""The files that the company gives the pipeline: its request log, its revenue and its price book.

Writing them again changes nothing where nothing is new, deletes nothing, and never leaves half a file. A later
window adds days, months and prices to what an earlier one wrote; it takes nothing back.
"""

import csv
import io
import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llm_finops.demo.billing import Fee, fees_of_month, metered, month_of
from llm_finops.demo.invoices import INVOICE_COLUMNS, invoice_rows, invoiced, spent
from llm_finops.demo.log import LogRow, log_rows
from llm_finops.demo.prices import PriceRow, price_rows
from llm_finops.demo.world import Window

REQUESTS, REVENUE, INVOICES, PRICES = "requests", "revenue", "invoices", "prices.csv"
PRIVATE = 0o600
UNFINISHED = ".new"  # how the name of a file ends until it is whole

_LOG_SCHEMA = pa.schema(
    [(name, pa.int64() if name.endswith("tokens") else pa.string()) for name in LogRow._fields],
)
_REVENUE_COLUMNS = ("customer", "feature", "amount", "currency", "from", "until")
_PRICE_COLUMNS = (
    *("provider", "model", "service_tier", "context_band", "meter", "price_per_million", "currency", "from", "until"),
)


def write_files(home: Path, window: Window, *, logged: bool = True) -> list[Path]:
    """Write what the window needs below `home`; the files that are new or changed.

    `requests/2026-11-23.parquet` a day (if the company is `logged`), `revenue/2026-11.csv` a month,
    `invoices/openai-2026-10.csv` a month that is over, and `prices.csv`.
    """
    contents: Iterator[tuple[Path, bytes]] = _contents(home, window, logged=logged)
    return [path for path, content in contents if write_if_changed(path, content)]


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file whole, or leave it alone where it holds this already; whether it was written. It is its user's."""
    if path.is_file() and path.read_bytes() == content:
        path.chmod(PRIVATE)  # an earlier version wrote it for everybody
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
    written.touch(PRIVATE)
    written.write_bytes(content)
    written.replace(path)
    return True


def clear_unfinished(home: Path) -> None:
    """Take away what a killed writer has left half-written; nobody else may be writing now."""
    for folder in (home, home / REQUESTS, home / REVENUE, home / INVOICES):
        for path in folder.glob(f"*{UNFINISHED}"):
            path.unlink(missing_ok=True)


def _contents(home: Path, window: Window, *, logged: bool) -> Iterator[tuple[Path, bytes]]:
    for day in window.dates():
        metered(day)  # kept for the month's files: a day is made once while it is at hand
        spent(day)
        if logged:
            yield home / REQUESTS / f"{day.isoformat()}.parquet", _parquet(log_rows(day))
    for month in sorted({month_of(day)[0] for day in window.dates()}):
        fees = fees_of_month(month, window.until)
        yield home / REVENUE / f"{month:%Y-%m}.csv", _csv(_REVENUE_COLUMNS, map(_revenue, fees))
    for month, provider in invoiced(window):
        rows = invoice_rows(month, provider)
        yield home / INVOICES / f"{provider}-{month:%Y-%m}.csv", _csv(INVOICE_COLUMNS, rows)
    yield home / PRICES, _csv(_PRICE_COLUMNS, map(_price, price_rows(window.until)))


def _parquet(rows: list[LogRow]) -> bytes:
    columns = list(zip(*rows, strict=True)) or [()] * len(LogRow._fields)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _LOG_SCHEMA, strict=True)]
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=_LOG_SCHEMA), buffer, compression="zstd")
    return buffer.getvalue()


def _csv(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _revenue(fee: Fee) -> tuple[str, ...]:
    amount = f"{fee.cents // 100}.{fee.cents % 100:02d}"
    return fee.customer, fee.feature or "", amount, "USD", _day(fee.since), _day(fee.until)


def _price(row: PriceRow) -> tuple[str, ...]:
    dollars = f"{row.nano // 10**9}.{row.nano % 10**9:09d}".rstrip("0").rstrip(".")
    return row.provider, row.model, row.tier, "", row.meter, dollars, "USD", _day(row.since), _day(row.until)


def _day(day: date) -> str:
    return day.isoformat()
