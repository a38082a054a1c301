"""A made-up day that was truly allocated, for the traces of `dashboard_queries.py`: every row leads to its lines."""

import json
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from dashboard_ledger import METERS, MODELS, POOLS, customer, feature

from llm_finops.core.allocate import allocate
from llm_finops.core.records import ALL, NONE, Allocation, CostLine, PricedUsage, RequestTotal
from llm_finops.core.settings import Account, RequestSource, Settings, Spread, to_rows
from llm_finops.ledger import Ledger, schema
from llm_finops.ledger.booking import tick
from llm_finops.ledger.bulk import insert_rows, write_pools
from llm_finops.ledger.content import table_rows
from llm_finops.ledger.datasets import DATASETS

_MAPPED = ("project", "api_key", "model", "service_tier")
FEES = "datadog"
FEES_LINE = "traced-fee"
SETTINGS = Settings(
    accounts=(*(Account(name, name) for name in MODELS), Account(FEES, FEES, "costs")),
    requests=(RequestSource("gateway", {name: name for name in _MAPPED}),),
    spreads=(Spread("fees", {"account": FEES}),),
)
_PRICE = 2_000  # nano-units a token, as `prices` has it


def write_traced(ledger: Ledger, day: str, customers: int, features: int) -> None:
    """Every customer uses every feature, three meters each; a twentieth of the usage is in no log."""
    totals = list(_totals(customers, features))
    found: dict[tuple[str, str], list[Any]] = {("settings", "*"): [*to_rows(SETTINGS)]}
    found["request_totals", "gateway"] = [*totals]
    given: list[Allocation] = []
    for account in (*MODELS, FEES):
        usage = _usage(account, totals)
        lines = [_line(row) for row in usage] or [_fee()]
        asked = {"gateway": totals}
        done = allocate(day, account, lines, usage, asked, settings=SETTINGS, names={})
        found |= {("priced_usage", account): [*usage], ("cost_lines", account): [*lines]}
        found["allocations", account] = [*done.allocations]
        given += done.allocations
    costs: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for row in given:
        costs[row.customer, row.feature, row.currency] += row.cost_nano
    found["margins", "*"] = [(*at, nano if at[1] != ALL else None, nano, nano, 1, 1) for at, nano in costs.items()]
    _write(ledger, day, found)


def _totals(customers: int, features: int) -> list[RequestTotal]:
    rows = []
    for c in range(customers):
        for f in range(features):
            tokens = [100 + (c * 31 + f * 17 + n) % 9_973 for n in range(3)]
            meters = ",".join(f'"{m}":[{t},{t * _PRICE}]' for m, t in zip(METERS, tokens, strict=False))
            named = (NONE, customer(c), feature(f), "production", NONE, "ok", 2, 2, sum(tokens) * _PRICE)
            rows.append(RequestTotal(POOLS[(c * 7 + f * 3) % len(POOLS)], *named, f"{{{meters}}}"))
    return rows


def _usage(account: str, totals: list[RequestTotal]) -> list[PricedUsage]:
    sums: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for row in totals:
        if row.pool.account == account:
            for meter, (quantity, _) in json.loads(row.meters).items():
                sums[*row.pool[:4], NONE, *row.pool[4:6], NONE, meter, "tokens"] += quantity
    return [PricedUsage(*at, n * 21 // 20, n * 21 // 20 * _PRICE, "USD") for at, n in sums.items()]  # type: ignore[arg-type]


def _line(of: PricedUsage) -> CostLine:
    known = (of.account, of.provider, of.project, of.api_key, of.model, of.service_tier, of.context_band)
    nano = (of.list_cost_nano or 0) * 93 // 100
    money = ("usage", NONE, "reported", "USD", nano, nano, None, "", "{}", "", "", None)
    line_id = "-".join(("traced", *known, of.meter))
    return CostLine(line_id, *known, f"{of.model}, {of.meter}", of.meter, of.quantity, "tokens", *money)


def _fee() -> CostLine:
    known = (FEES, FEES, NONE, NONE, NONE, NONE, NONE, "monthly fee", NONE, None, None)
    money = ("usage", NONE, "reported", "USD", 10**11 + 7, 10**11 + 7, None, "", "{}", "", "", None)
    return CostLine(FEES_LINE, *known, *money)


def _write(ledger: Ledger, day: str, found: dict[tuple[str, str], list[Any]]) -> None:
    """Each version, made of all that stand before it and of the prices."""
    with ledger.writing() as connection:
        write_pools(connection, {*POOLS, *(row.pool for row in found["allocations", FEES])})
        book = connection.execute(sa.select(schema.VERSIONS.c.version_id).where(schema.VERSIONS.c.dataset == "prices"))
        made = [(book.scalar_one(), "prices", "*", "*")]
        seq, at = tick(connection)
        for version_id, ((name, scope), rows) in enumerate(found.items(), start=at):
            dataset = DATASETS[name]
            head = (version_id, day) if dataset.daily else (version_id,)
            written = [(*head, *row) for row in table_rows(dataset, rows)]
            insert_rows(connection, schema.FACTS[dataset.table], written)
            inputs = [(version_id, *key, used) for used, *key in made]
            insert_rows(connection, schema.VERSION_INPUTS, inputs)
            made.append((version_id, name, scope, day if dataset.daily else "*"))
        marks = [(*one, seq, None, "-", 1) for one in made[1:]]
        insert_rows(connection, schema.VERSIONS, marks)
        connection.execute(schema.CLOCK.update().values(next_version=at + len(found)))
        insert_rows(connection, schema.COMMITS, [(seq, f"{day}T00:00:00Z", f"made up: {day}", "")])
