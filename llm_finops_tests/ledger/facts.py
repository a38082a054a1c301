"""Rows to book: a few by name, and any rows of any dataset for laws."""

import itertools
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from llm_finops.core.money import BIGINT
from llm_finops.core.records import Allocation, CostLine, Finding, Margin, Pool, PricedUsage, Usage
from llm_finops.ledger import Ledger
from llm_finops.ledger.datasets import DATASETS, Dataset
from llm_finops.ledger.schema import FACTS, METADATA

DAY = "2026-09-12"
POOL = Pool("openai", "openai", "proj_1", "key_1", "gpt-5", "standard", "USD")

_numbers = itertools.count(1)


def law(examples: int) -> settings:
    """Examples of one law share a ledger (a new one is slow), each in a scope of its own."""
    shared = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, suppress_health_check=shared)


def new_scope() -> str:
    """A scope no other example has used."""
    return f"scope-{next(_numbers)}"


def usage(quantity: int, api_key: str = "key_1") -> Usage:
    return Usage(
        "openai", "openai", "proj_1", api_key, "(none)", "gpt-5", "standard", "(none)", "output", "tokens", quantity
    )


def priced(used: Usage, list_cost_nano: int | None) -> PricedUsage:
    return PricedUsage(*used, list_cost_nano, "USD")


def allocation(cost_nano: int, customer: str = "acme", currency: str = "USD", basis: str = "reported") -> Allocation:
    pool = POOL._replace(currency=currency)
    return Allocation(pool, customer, "chat", "production", "cogs", currency, basis, "request_log", "(none)", cost_nano)


def line(amount_nano: int, line_id: str = "line-1", amount_text: str = "1") -> CostLine:
    known = ("openai", "openai", "proj_1", "key_1", "gpt-5", "standard", "(none)", "gpt-5, output", "output")
    money = ("usage", "(none)", "reported", "USD", amount_nano, amount_nano, None, amount_text, "{}")
    return CostLine(line_id, *known, 7, "tokens", *money, f"{DAY}T00:00:00Z", f"{DAY}T24:00:00Z", None)


def margin(revenue_nano: int | None, cost_nano: int) -> Margin:
    return Margin("acme", "chat", "USD", revenue_nano, cost_nano, 0, 0, 0)


def finding(amount: int = 1, subject: str = "gpt-5") -> Finding:
    return Finding(DAY, "openai", "unpriced", subject, "tokens", amount, "no price is known")


def period_of(dataset: Dataset[Any]) -> str:
    return DAY if dataset.daily else "*"


def row_of(dataset: Dataset[Any], number: int) -> Any:
    """A row whose every cell differs from its neighbours, so that no two columns can be mistaken."""
    table = FACTS[dataset.table]
    pool = Pool(*(f"{name} {number}" for name in Pool._fields))
    cells = [
        number * 100 + i if isinstance(table.c[name].type, sa.BigInteger) else f"{name} {number}"
        for i, name in enumerate(dataset.columns)
    ]
    return dataset.record(pool, *cells[1:]) if dataset.pooled else dataset.record(*cells)


NASTY = [
    "",
    "(none)",
    "\\N",
    "\\.",
    "a\tb\nc\\d\r",
    "Robert'); DROP TABLE versions;--",
    "$$ %s %(x)s ? :x",
    "Zoë",
    "𝔘 💶",
]
TEXT = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
NUMBER = st.sampled_from([0, 1, -1, BIGINT, -BIGINT]) | st.integers(-BIGINT, BIGINT)
FINDINGS = st.lists(st.builds(Finding, TEXT, TEXT, TEXT, TEXT, TEXT, NUMBER, TEXT), max_size=2)


def rows_of(dataset: Dataset[Any], max_size: int = 5) -> st.SearchStrategy[list[Any]]:
    """Any rows the dataset can hold, odd text, extreme numbers and NULLs included."""
    pool = st.builds(Pool, *[TEXT] * len(Pool._fields))
    cells = [pool if name == "pool_id" else _cell(FACTS[dataset.table].c[name]) for name in dataset.columns]
    return st.lists(st.builds(dataset.record, *cells), max_size=max_size)


def _cell(column: sa.Column[Any]) -> st.SearchStrategy[Any]:
    cell: st.SearchStrategy[Any] = NUMBER if isinstance(column.type, sa.BigInteger) else TEXT
    return st.none() | cell if column.nullable else cell


ANY_DATASET = st.sampled_from(list(DATASETS.values()))


@st.composite
def contents(draw: st.DrawFn) -> tuple[Dataset[Any], list[Any]]:
    """A dataset and rows of it."""
    dataset = draw(ANY_DATASET)
    return dataset, draw(rows_of(dataset))


def ordered(rows: list[Any]) -> list[Any]:
    """Rows as a multiset: NULL sorts too."""
    return sorted(rows, key=repr)


def everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, journals included."""
    with ledger.reading() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for name, table in METADATA.tables.items()
        }


def orphans(ledger: Ledger) -> int:
    """Fact rows and findings that belong to no version, versions without their rows."""
    tables = everything(ledger)
    ids = {row[0] for row in tables["versions"]}
    facts = [row[0] for name in (*FACTS, "findings", "version_inputs") for row in tables[name]]
    return sum(version_id not in ids for version_id in facts)
