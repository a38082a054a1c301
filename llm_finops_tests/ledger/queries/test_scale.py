"""Customers by usage: sums of their rows, what of the revenue is a flat fee, and tenths that depend on no order."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from llm_finops.core.records import Margin
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import Asked, Scaled, is_whole, margins_of, scaled, snapshot
from llm_finops.ledger.rolling import roll_up
from llm_finops_tests.ledger.queries import company as little
from llm_finops_tests.ledger.queries.reckoned import grouped, rows_of
from llm_finops_tests.ledger.queries.test_money import ALL, ASKED
from llm_finops_tests.ledger.queries.test_money import margins_of as reckoned_margins

DAYS = ("2026-11-01", "2026-11-02")


@pytest.mark.parametrize("asked", [of for of in ASKED if of.feature is None], ids=str)
def test_customers_are_the_sums_of_their_rows(company: Ledger, asked: Asked) -> None:
    every = replace(asked, provider=None, environment=None)
    expected = reckoned_margins(company, every, "customer")
    rows = [at for at in rows_of(company, d.MARGINS, every) if at[-1].currency == asked.currency]
    flat = grouped(
        [at for at in rows if at[-1].feature == "(all)"], lambda *at: at[-1].customer, lambda m: (m.revenue_nano or 0,)
    )
    with snapshot(company) as reader:
        found = scaled(reader, asked)
    assert [row.customer for row in found] == sorted(expected)
    for row in found:
        of = expected[row.customer]
        assert (row.cost_nano, row.revenue_nano, row.margin_nano) == (of.cost_nano, of.revenue_nano, of.margin_nano)
        assert (row.revenue_unknown, row.logged_cost_nano) == (of.revenue_unknown, of.logged_cost_nano)
        assert row.operations == of.operations
        assert (row.flat_nano,) == flat.get(row.customer, (0,))
        assert (row.decile > 0) == (of.operations > 0 and row.customer != "(unallocated)")


def test_the_flat_fee_of_the_company_is_one_customers(company: Ledger) -> None:
    with snapshot(company) as reader:
        flat = {row.customer: row.flat_nano for row in scaled(reader, ALL)}
    assert {name: nano for name, nano in flat.items() if nano} == {"acme": 4 * 9000}


def test_margins_of_some_customers_are_those_of_all(company: Ledger) -> None:
    with snapshot(company) as reader:
        every, one = margins_of(reader, ALL, None), margins_of(reader, ALL, ["acme", "nobody"])
        none = margins_of(reader, ALL, [])
    assert every == reckoned_margins(company, ALL, "customer")
    assert one == {"acme": every["acme"]}
    assert none == {}


def test_a_period_is_whole_where_each_day_is_there(company: Ledger) -> None:
    with snapshot(company) as reader:
        assert is_whole(reader, little.DAYS[0], little.DAYS[-1])
        assert not is_whole(reader, "2026-10-29", little.DAYS[-1])
        assert not is_whole(reader, little.DAYS[0], "2026-11-03")


def book(ledger: Ledger, operations: dict[str, int], order: random.Random) -> None:
    """Two days of these operations by customer, in any order; and what nobody owns."""
    for day in DAYS:
        rows = [Margin(name, "chat", "USD", 5, 3, 3, n, n) for name, n in operations.items()]
        rows += [Margin("(unallocated)", "(none)", "USD", 0, 7, 0, 0, 0)]
        order.shuffle(rows)
        with ledger.commit("a day") as commit:
            commit.book(d.MARGINS, "*", day, rows)


def deciles(ledger: Ledger, customer: str | None = None) -> dict[str, int]:
    with snapshot(ledger) as reader:
        found: tuple[Scaled, ...] = scaled(reader, Asked(DAYS[0], DAYS[-1], "USD", customer=customer))
    return {row.customer: row.decile for row in found}


@pytest.mark.parametrize("seed", range(2))
def test_tenths_are_as_equal_as_can_be_and_equals_go_by_name(ledger: Ledger, seed: int) -> None:
    order = random.Random(seed)
    names = [f"customer {n}" for n in range(19)] + ["Ärger", "a_%", "Z", "é"]
    operations = {name: 1 + order.randrange(4) for name in names}
    book(ledger, {**operations, "idle": 0}, order)
    before = deciles(ledger)
    roll_up(ledger)
    assert deciles(ledger) == before
    ranked = sorted(names, key=lambda name: (operations[name], name.encode()))
    # Three tenths of three, seven of two: 23 in all.
    sizes = [3] * 3 + [2] * 7
    expected = {
        name: tenth for tenth, size in enumerate(sizes, start=1) for name in [ranked.pop(0) for _ in range(size)]
    }
    assert before == {**expected, "idle": 0, "(unallocated)": 0}
    assert deciles(ledger, "Z") == {"Z": expected["Z"]}


def test_fewer_than_ten_customers_are_a_tenth_each(ledger: Ledger) -> None:
    book(ledger, {"a": 3, "b": 1, "c": 2}, random.Random(1))
    assert Counter(deciles(ledger)) == {"b": 1, "c": 2, "a": 3, "(unallocated)": 0}
