"""The pass over request logs against a bare scan of the same files: seconds, ratios, peak memory.

    python benchmarks/request_pass.py --rows 1000000 --files 1

Asserts no time; the day's sums are checked against the data it made.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from llm_finops.core.records import BEGINNING, FOREVER, NONE, Price
from llm_finops.core.settings import RequestSource
from llm_finops.engine import DayTotals, Workspace, survey, totals

DAY = "2026-09-01"
NOON = f"{DAY}T12:00:00Z"
TEXTS = ("provider", "project", "api_key", "model", "tier", "customer", "feature", "status")
SOURCE = RequestSource(
    "gateway",
    {
        "id": "id",
        "time": "ts",
        "provider": "provider",
        "project": "project",
        "api_key": "api_key",
        "model": "model",
        "service_tier": "tier",
        "customer": "customer",
        "feature": "feature",
        "operation": "operation",
        "status": "status",
        "input_total": "prompt",
        "input_cache_read": "cached",
        "output": "completion",
    },
    accounts={"openai": "openai", "anthropic": "anthropic"},
)


def table(rows: int, seed: int) -> pa.Table:
    """A day of requests: 5,000 customers (zipf), 20 features, 12 models, a tenth of them retries."""
    draw = np.random.default_rng([20260101, seed])
    customer = np.minimum(draw.zipf(1.1, rows), 5_000)
    feature = (draw.integers(0, 3, rows) * 7 + customer) % 20
    model = (draw.integers(0, 3, rows) + feature) % 12
    start = np.datetime64(f"{DAY}T00:00:00", "us")
    moments = start + np.sort(draw.integers(0, 86_400_000_000, rows)).astype("timedelta64[us]")
    prompt = draw.lognormal(7, 1.5, rows).astype(np.int64) + 500
    return pa.table(
        {
            "id": named(f"r{seed}_", np.arange(rows)),
            "ts": pa.array(moments, pa.timestamp("us", "UTC")),
            "provider": np.array(["openai", "anthropic"])[model % 2],
            "project": named("p", customer % 10),
            "api_key": named("k", customer % 40),
            "model": named("m", model),
            "tier": np.array(["standard", "batch", "priority"])[draw.choice(3, rows, p=[0.9, 0.07, 0.03])],
            "customer": named("customer-", customer),
            "feature": named("feature-", feature),
            "operation": named(f"o{seed}_", np.arange(rows) - (draw.random(rows) < 0.1)),
            "status": np.array(["ok", "error"])[draw.choice(2, rows, p=[0.97, 0.03])],
            "prompt": prompt,
            "cached": draw.integers(0, 500, rows),
            "completion": draw.lognormal(5, 1, rows).astype(np.int64),
        }
    )


def make(file: Path, rows: int, seed: int) -> int:
    """Write a file; the sum of its output tokens."""
    made = table(rows, seed)
    pq.write_table(made, file, row_group_size=125_000)
    return int(sum(made["completion"].to_pylist()))


def named(prefix: str, numbers: Any) -> Any:
    return np.char.add(prefix, numbers.astype(str))


def prices() -> list[Price]:
    """Every model, tier and meter; a third of the models change their price at noon, a third have bands."""
    dollars = {"input_uncached": 3, "input_cache_read": 1, "output": 15}
    rows = []
    for number in range(12):
        for tier in ("standard", "batch", "priority"):
            for meter, price in dollars.items():
                row = Price("", f"m{number}", tier, NONE, meter, "USD", price * 10**9, BEGINNING, FOREVER, "made")
                row = row._replace(provider=("openai", "anthropic")[number % 2])
                rows += [
                    [row],
                    [row._replace(valid_until=NOON), row._replace(valid_from=NOON, price_nano=price * 10**9 + 1)],
                    [
                        row._replace(context_band="0-200k"),
                        row._replace(context_band="200k-", price_nano=price * 2 * 10**9),
                    ],
                ][number % 3]
    return rows


def timed(what: str, act: Callable[[], Any], scan_s: float | None = None) -> tuple[Any, float]:
    begin = time.perf_counter()
    answer = act()
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)
    ratio = f"{took / scan_s:6.1f} x scan" if scan_s else "   bare scan"
    print(f"{what:10} {took:8.2f} s {ratio}   peak {peak} MB")
    return answer, took


def scan(files: list[Path]) -> None:
    hashed = ", ".join(f"bit_xor(hash({name}))" for name in TEXTS)
    duckdb.execute(
        f"select {hashed}, max(ts), sum(prompt), sum(cached), sum(completion) from read_parquet($files)",
        {"files": [str(file) for file in files]},
    ).fetchall()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="a file")
    arguments.add_argument("--files", type=int, default=1)
    arguments.add_argument("--memory", type=int, default=512, help="limit, MiB")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.parquet" for number in range(asked.files)]
        with ProcessPoolExecutor(1) as apart:  # so that its memory is not counted
            made = sum(apart.map(make, files, [asked.rows] * asked.files, range(asked.files)))
        space = Workspace(Path(folder) / "scratch", asked.memory * 2**20)
        scan(files)
        _, scan_s = timed("scan", lambda: scan(files))
        timed("survey", lambda: survey(SOURCE, files, space), scan_s)
        days, _ = timed("totals", lambda: list(totals(SOURCE, files, [DAY], prices(), {}, space)), scan_s)
        check(days[0], asked.rows * asked.files, made)


def check(day: DayTotals, rows: int, completion: int) -> None:
    booked = sum(json.loads(total.meters).get("output", [0])[0] for total in day.totals)
    assert (day.rows, sum(total.requests for total in day.totals), booked) == (rows, rows, completion)  # noqa: S101
    print(f"{day.rows} requests, {len(day.totals)} rows of totals, {len(day.quantiles)} of quantiles")


if __name__ == "__main__":
    main()
