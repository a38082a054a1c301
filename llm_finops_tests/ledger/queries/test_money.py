"""Cost and margin, against the base rows added up in Python."""

import itertools
from dataclasses import replace
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import (
    COST_DIMS,
    Asked,
    Margins,
    cost_by,
    margin_by,
    margin_days,
    margin_ends,
    margin_total,
    rows_read,
    snapshot,
)
from llm_finops_tests.ledger.queries import company as little
from llm_finops_tests.ledger.queries.reckoned import applies, grouped, key_of, rows_of

ALL = Asked(little.DAYS[0], little.DAYS[-1], "USD")
ASKED = [
    ALL,
    replace(ALL, currency="EUR"),
    replace(ALL, first="2026-10-31", last="2026-11-01"),
    replace(ALL, customer="acme"),
    replace(ALL, feature="chat", customer="zeta_2"),
    replace(ALL, provider="anthropic"),
    replace(ALL, environment="staging"),
    replace(ALL, first="2027-01-01", last="2027-01-31"),
]


def margins_of(ledger: Ledger, asked: Asked, by: str) -> dict[str, Margins]:
    """By day, customer or feature, or '' for all."""
    keys = {"": lambda *_: "", "day": lambda _, day, __: day}
    key: Any = keys.get(by, lambda *at: getattr(at[-1], by))
    rows = [at for at in rows_of(ledger, d.MARGINS, asked) if applies(asked, at[-1])]
    sums = grouped(
        rows,
        key,
        lambda m: (
            m.cost_nano,
            m.revenue_nano or 0,
            int(m.revenue_nano is None),
            m.logged_cost_nano,
            m.requests,
            m.operations,
            1,
        ),
    )
    return {at: Margins(at, *of) for at, of in sums.items()}


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_margins_are_the_sums_of_their_rows(company: Ledger, asked: Asked) -> None:
    with snapshot(company) as reader:
        assert margin_total(reader, asked) == margins_of(company, asked, "").get("", Margins("", *[0] * 7))
        assert {row.key: row for row in margin_days(reader, asked)} == margins_of(company, asked, "day")
        for by in ("customer", "feature"):
            ranked = margin_by(reader, asked, by)
            expected = margins_of(company, asked, by)
            assert {row.key: row for row in ranked.rows} == expected
            assert ranked.keys == len(expected)
            assert ranked.total == margin_total(reader, asked)
            known = [row.margin_nano for name, row in expected.items() if name != "(unallocated)"]
            assert ranked.unknown == known.count(None)
            assert ranked.below_zero == sum(nano is not None and nano < 0 for nano in known)


def test_the_restated_day_counts_once_and_a_flat_fee_is_its_own_key(company: Ledger) -> None:
    day = little.DAYS[1]
    with snapshot(company) as reader:
        of_day = margin_total(reader, replace(ALL, first=day, last=day, feature="chat"))
        by_feature = margin_by(reader, ALL, "feature")
    assert of_day.cost_nano == sum(m.cost_nano for m in little.margins(day, 3) if (m.feature, m.currency) == CHAT)
    fee = next(row for row in by_feature.rows if row.key == "(all)")
    assert (fee.cost_nano, fee.revenue_nano, fee.requests) == (0, 4 * 9000, 0)


CHAT = ("chat", "USD")


@pytest.mark.parametrize("order", ["margin", "cost", "revenue", "requests", "key"])
@pytest.mark.parametrize("descending", [True, False])
def test_a_ranking_is_whole_however_it_is_paged(
    company: Ledger, order: Literal["margin", "cost", "revenue", "requests", "key"], descending: bool
) -> None:
    with snapshot(company) as reader:
        whole = margin_by(reader, ALL, "customer", order=order, descending=descending)
        pages = [
            margin_by(reader, ALL, "customer", order=order, descending=descending, limit=2, offset=at)
            for at in range(0, 6, 2)
        ]
    assert tuple(itertools.chain.from_iterable(page.rows for page in pages)) == whole.rows
    assert {page[1:] for page in pages} == {whole[1:]}
    sign = -1 if descending else 1
    by: dict[str, Any] = {
        "margin": lambda row: (row.margin_nano is None, sign * (row.revenue_nano - row.cost_nano), row.key.encode()),
        "cost": lambda row: (sign * row.cost_nano, row.key.encode()),
        "revenue": lambda row: (sign * row.revenue_nano, row.key.encode()),
        "requests": lambda row: (sign * row.requests, row.key.encode()),
        "key": lambda row: tuple(sign * byte for byte in row.key.encode()),
    }
    assert list(whole.rows) == sorted(whole.rows, key=by[order])


@pytest.mark.parametrize("text", ["z", "ZETA", "0%", "_", "a", "(un", "nobody"])
def test_a_ranking_of_names_that_hold_a_text_is_of_them_alone(company: Ledger, text: str) -> None:
    expected = {at: of for at, of in margins_of(company, ALL, "customer").items() if text.lower() in at.lower()}
    with snapshot(company) as reader:
        whole = margin_by(reader, ALL, "customer", holding=text)
        pages = [margin_by(reader, ALL, "customer", holding=text, limit=2, offset=at) for at in range(0, 6, 2)]
    assert {row.key: row for row in whole.rows} == expected
    assert whole.total[1:] == tuple(map(sum, zip(*(row[1:] for row in expected.values()), strict=True))) or not expected
    assert tuple(itertools.chain.from_iterable(page.rows for page in pages)) == whole.rows
    assert {page[1:] for page in pages} == {whole[1:]}
    assert whole.keys == len(expected)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_the_ends_of_a_ranking_are_its_known_margins(company: Ledger, count: int) -> None:
    for asked in ASKED:
        sums = margins_of(company, asked, "customer")
        margins = [(at, of.revenue_nano - of.cost_nano) for at, of in sums.items() if not of.revenue_unknown]
        with snapshot(company) as reader:
            lowest, highest = margin_ends(reader, asked, "customer", count)
        assert list(lowest) == sorted(margins, key=lambda at: (at[1], at[0].encode()))[:count]
        assert list(highest) == sorted(margins, key=lambda at: (-at[1], at[0].encode()))[:count]


# Of each way to answer one: by model, by pool, by customer, and from the rows alone.
DIMS: list[tuple[Any, ...]] = [(), ("day",), ("month", "model"), ("api_key",), ("customer",), COST_DIMS]


def test_what_must_be_added_up_is_known_beforehand(company: Ledger) -> None:
    """All rows, where no kept sum knows the columns; else those of versions that have none. A customer's are sought."""
    kept = set(read_numbers(company, "select version_id from rolled_up"))
    every = read_numbers(company, "select version_id from current_allocations")
    lacking = sum(at not in kept for at in every)
    provider = replace(ALL, provider="openai")
    with snapshot(company) as reader:
        assert rows_read(reader, ALL, "model") == rows_read(reader, provider, "customer") == lacking
        assert rows_read(reader, ALL, "customer", "model") == len(every)
        assert rows_read(reader, replace(provider, feature="chat"), "customer") == len(every)
        assert rows_read(reader, replace(provider, feature="chat"), "model") == lacking
        assert rows_read(reader, replace(ALL, customer="acme"), "model", "rule", "api_key") == 0
        assert rows_read(reader, replace(ALL, first="2027-01-01", last="2027-01-31"), "customer", "model") == 0


def read_numbers(ledger: Ledger, question: str) -> list[int]:
    with ledger.reading() as connection:
        return [int(row[0]) for row in connection.execute(sa.text(question))]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_costs_are_the_sums_of_their_allocations(company: Ledger, asked: Asked) -> None:
    rows = [at for at in rows_of(company, d.ALLOCATIONS, asked) if applies(asked, at[-1])]
    cogs = [at for at in rows if at[-1].cost_class == "cogs"]
    with snapshot(company) as reader:
        for dims, (classes, of) in itertools.product(DIMS, [(("cogs",), cogs), (None, rows)]):
            found = cost_by(reader, asked, *dims, cost_classes=classes)
            expected = grouped(of, key_of(dims), lambda a: (a.cost_nano,))
            assert {row.key: (row.cost_nano,) for row in found} == expected, dims
            assert list(found) == sorted(found)
