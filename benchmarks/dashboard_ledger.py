"""A made-up ledger for `dashboard_queries.py`: a day by the ledger's own bulk path, the others copied from it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from llm_finops.core.records import ALL, BEGINNING, FOREVER, NONE, Pool
from llm_finops.ledger import Ledger, schema
from llm_finops.ledger.booking import tick
from llm_finops.ledger.bulk import insert_rows, write_pools

FIRST = date(2026, 8, 1)
MODELS = {
    "openai": ("gpt-6", "gpt-6-mini", "gpt-6-nano", "gpt-5", "gpt-5-mini"),
    "anthropic": ("claude-opus-6", "claude-sonnet-6", "claude-haiku-6"),
}
METERS = ("input_uncached", "input_cache_read", "input_cache_write_5m", "output", "web_search")
KEYS = 10
POOLS = [
    Pool(provider, provider, "proj", f"key-{k}", model, "standard", "USD")
    for provider, models in MODELS.items()
    for model in models
    for k in range(KEYS)
]
Rows = dict[tuple[str, str], list[tuple[Any, ...]]]  # by dataset and scope, without version and day


def customer(n: int) -> str:
    return f"customer-{n:05d}"


def feature(n: int) -> str:
    return f"feature-{n:02d}"


def days_of(days: int) -> list[str]:
    return [str(FIRST + timedelta(days=n)) for n in range(days)]


def rows_of_a_day(customers: int, features: int) -> Rows:
    """Every customer pays a flat fee and uses every feature, each by a pool; a tenth of the requests also failed."""
    rows: Rows = {("margins", "*"): [], ("request_costs", "*"): [], ("request_totals", "gateway"): []}
    rows |= {("allocations", provider): [] for provider in MODELS}
    numbers = [pool.pool_id for pool in POOLS]
    rows["margins", "*"] += [(customer(c), ALL, "USD", 100_000_000 * (c % 40), 0, 0, 0, 0) for c in range(customers)]
    for f in range(features):
        for c in range(customers):
            of, at = (customer(c), feature(f)), (c * 7 + f * 3) % len(POOLS)
            nano = 1_000_000 * (1 + (c * 31 + f * 17) % 97)
            revenue = None if c % 50 == 7 else nano + 300_000 * (c % 11 - 3)
            requests = 1 + nano // 10_000_000
            rows["margins", "*"].append((*of, "USD", revenue, nano, nano * 9 // 10, requests, requests))
            how = ("production", "cogs", "USD", "reported", "request_log", NONE, nano)
            rows["allocations", POOLS[at].account].append((numbers[at], *of, *how))
            rows["request_costs", "*"].append((*of, "USD", "productive", requests, nano * 8 // 10))
            named = (numbers[at], NONE, *of, "production", NONE)
            counts = (requests, requests, nano, '{"output": [1000, 900]}', None)
            rows["request_totals", "gateway"].append((*named, "ok", *counts))
            if (c + f) % 10 == 0:
                rows["request_costs", "*"].append((*of, "USD", "failed", 1, nano // 10))
                rows["request_totals", "gateway"].append((*named, "error", *counts))
    return rows | _small_rows(customers, features)


def _small_rows(customers: int, features: int) -> Rows:
    named = [("customer", customer(n)) for n in range(customers)] + [("feature", feature(n)) for n in range(features)]
    named += [("model", model) for models in MODELS.values() for model in models] + [("all", "(all)")]
    spread = [(*at, "USD", 100, 1_000, 5_000, 9_000, 20_000) for at in named]
    rows: Rows = {("request_quantiles", "gateway"): spread}
    for provider, models in MODELS.items():
        own = [pool for pool in POOLS if pool.account == provider]
        key = [(*pool[:4], NONE, *pool[4:6], NONE, m, "tokens", 10_000_000) for pool in own for m in METERS]
        rows["priced_usage", provider] = [(*k, 25_000_000, "USD") for k in key]
        rows["coverage", provider] = [(*k, 9_000_000) for k in key]
        rows["cost_lines", provider] = [_line(n, pool, m) for n, pool in enumerate(own) for m in METERS]
        state = (10**6, 2 * 10**6, 2 * 10**6, 2 * 10**6, 2 * 10**6, None, "matched", NONE)
        rows["implied_prices", provider] = [
            (provider, model, "standard", NONE, meter, "tokens", "USD", *state) for model in models for meter in METERS
        ]
    return rows


def _line(n: int, pool: Pool, meter: str) -> tuple[Any, ...]:
    known = (f"{pool.account}-{n}-{meter}", *pool[:4], *pool[4:6], NONE, f"{pool.model}, {meter}", meter)
    money = ("usage", NONE, "reported", "USD", 25_000_000, 25_000_000, None, "0.025", "{}", "", "", None)
    return (*known, 10_000_000, "tokens", *money)


def prices() -> list[tuple[Any, ...]]:
    return [
        (provider, model, "standard", NONE, meter, "USD", 2_000_000_000, BEGINNING, FOREVER, "list:made up")
        for provider, models in MODELS.items()
        for model in models
        for meter in METERS
    ]


def write(ledger: Ledger, days: int, customers: int, features: int) -> Iterator[str]:
    """Write every day, each in a transaction; yields each when it is there."""
    first, *others = days_of(days)
    rows = rows_of_a_day(customers, features)
    with ledger.writing() as connection:
        write_pools(connection, POOLS)
        _write_versions(connection, "*", {("prices", "*"): prices()})
        began = _write_versions(connection, first, rows)
    yield first
    for day in others:
        load = ledger.journals.begin_load("openai", "cost_lines", day, day)
        with ledger.writing() as connection:
            _copy_versions(connection, day, rows, began)
        ledger.journals.end_load(load, "whole", 1)
        yield day


def _write_versions(connection: sa.Connection, period: str, rows: Rows) -> int:
    """The rows of a period; the number of the first version."""
    seq, began = tick(connection)
    for version_id, ((dataset, _), of) in enumerate(rows.items(), start=began):
        at = () if period == "*" else (period,)
        insert_rows(connection, schema.FACTS[dataset], [(version_id, *at, *row) for row in of])
        if dataset == "margins":
            doubts = [(version_id, period, "openai", "unpriced", f"model {n}", "tokens", n, "") for n in range(20)]
            insert_rows(connection, schema.FINDINGS, doubts)
    _mark(connection, period, rows, seq, began)
    return began


def _copy_versions(connection: sa.Connection, day: str, rows: Rows, of: int) -> None:
    """Another day of the same rows, copied inside the database: many times as fast."""
    seq, began = tick(connection)
    for n, (dataset, _) in enumerate(rows):
        for table in (schema.FACTS[dataset], *([schema.FINDINGS] if dataset == "margins" else [])):
            new = {"version_id": sa.literal(began + n, sa.BigInteger), "day": sa.literal(day)}
            columns = [new.get(column.name, column) for column in table.columns]
            query = sa.select(*columns).where(table.c.version_id == of + n)
            connection.execute(table.insert().from_select(table.columns.keys(), query))
    _mark(connection, day, rows, seq, began)


def _mark(connection: sa.Connection, period: str, rows: Rows, seq: int, began: int) -> None:
    marks = [(n, *key, period, seq, None, "-", len(of)) for n, (key, of) in enumerate(rows.items(), start=began)]
    insert_rows(connection, schema.VERSIONS, marks)
    connection.execute(schema.CLOCK.update().values(next_version=began + len(rows)))
    insert_rows(connection, schema.COMMITS, [(seq, f"{FIRST}T00:00:00Z", f"made up: {period}", "")])
