"""Builders: a request log's rows as people write them, in every format, and the engine's answer."""

import csv
import gzip
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llm_finops.core.records import BEGINNING, FOREVER, NONE, Price
from llm_finops.core.settings import RequestSource
from llm_finops.engine import DayTotals, PriceLookup, Workspace, totals

Row = Mapping[str, str | None]

DAY = "2026-09-01"
NOON = f"{DAY}T12:00:00Z"
COLUMNS: Mapping[str, str | Mapping[str, str]] = {
    "id": "request_id",
    "time": "ts",
    "provider": "provider",
    "project": "project",
    "model": "model",
    "service_tier": "tier",
    "customer": "customer",
    "feature": "feature",
    "operation": "op",
    "status": "status",
    "input_total": "prompt",
    "input_cache_read": "cached",
    "output": "completion",
}
ACCOUNTS = {"openai": "openai-eu", "anthropic": "anthropic"}
THEIRS = ("request_id", "ts", "provider", "project", "model", "tier", "customer", "feature", "op", "status")
COUNTED = ("prompt", "cached", "completion")


def source(columns: Mapping[str, str | Mapping[str, str]] = COLUMNS, **more: object) -> RequestSource:
    return RequestSource("gateway", columns, **{"accounts": ACCOUNTS, **more})  # type: ignore[arg-type]


def row(**said: str | int | None) -> Row:
    """A good row; name only what the test is about."""
    usual: dict[str, str | int | None] = {
        "request_id": "r1",
        "ts": f"{DAY}T10:00:00Z",
        "provider": "openai",
        "project": "p1",
        "model": "gpt",
        "tier": "standard",
        "customer": "acme",
        "feature": "chat",
        "op": None,
        "status": "ok",
        "prompt": 100,
        "cached": 0,
        "completion": 10,
    }
    return {name: None if value is None else str(value) for name, value in {**usual, **said}.items()}


def price(meter: str, dollars: int, model: str = "gpt", **more: str) -> Price:
    """A price in whole dollars per million."""
    usual = Price("openai", model, "standard", NONE, meter, "USD", dollars * 10**9, BEGINNING, FOREVER, "contract:x")
    return usual._replace(**more)  # type: ignore[arg-type]


PRICES = [price("input_uncached", 3), price("input_cache_read", 1), price("output", 15)]


def write(path: Path, rows: Sequence[Row]) -> Path:
    """The rows in the format the suffix names; None is an empty cell, an absent key, a null."""
    if path.name.endswith(".parquet"):
        names = sorted({name for one in rows for name in one} | {*THEIRS, *COUNTED})
        pq.write_table(pa.table({name: pa.array([one.get(name) for one in rows], pa.string()) for name in names}), path)
    elif ".csv" in path.name:
        _write_text(path, _csv(rows))
    else:
        lines = [json.dumps({k: v for k, v in one.items() if v is not None}, ensure_ascii=False) for one in rows]
        _write_text(path, "".join(line + "\n" for line in lines))
    return path


def _csv(rows: Sequence[Row]) -> str:
    import io

    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*THEIRS, *COUNTED], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()) if path.name.endswith(".gz") else text.encode())


def run(
    tmp_path: Path,
    files: Iterable[Path],
    days: Collection[str] = (DAY,),
    prices: Sequence[Price] | PriceLookup = PRICES,
    **more: object,
) -> list[DayTotals]:
    """The engine's answer; `more`: source, aliases, workspace."""
    known = {"source": source(), "aliases": {}, "workspace": Workspace(tmp_path / "scratch", threads=2), **more}
    of, aliases, workspace = known["source"], known["aliases"], known["workspace"]
    return list(totals(of, list(files), days, prices, aliases, workspace))  # type: ignore[arg-type]


def one_day(tmp_path: Path, rows: Sequence[Row], **more: object) -> DayTotals:
    """The answer for DAY of a CSV of these rows."""
    (answer,) = run(tmp_path, [write(tmp_path / "log.csv", rows)], **more)  # type: ignore[arg-type]
    return answer
