"""Sums asked of the database are exact whole numbers, or an error; never a wrap, never a float."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.money import BIGINT
from llm_finops.ledger import Ledger, LedgerError, findings_by_kind, sums, unconserved
from llm_finops.ledger.datasets import ALLOCATIONS, COST_LINES, MARGINS
from llm_finops_tests.ledger import facts as f

DAYS = (f.DAY, f.DAY)
AMOUNTS = st.lists(st.integers(-BIGINT // 8, BIGINT // 8), min_size=1, max_size=8)


@f.law(25)
@given(amounts=AMOUNTS)
def test_a_sum_over_nano_columns_is_exact(ledger: Ledger, amounts: list[int]) -> None:
    customer = f.new_scope()
    with ledger.commit("shares") as commit:
        commit.book(ALLOCATIONS, customer, f.DAY, [f.allocation(amount, customer) for amount in amounts])
    where = {"customer": customer}
    found = sums(ledger, "allocations", ["account", "currency"], ["cost_nano", "rows"], DAYS, where=where)
    assert found == {("openai", "USD"): (sum(amounts), len(amounts))}
    assert {type(value) for value in found["openai", "USD"]} == {int}


def test_a_sum_that_does_not_fit_is_an_error_on_both_stores(ledger: Ledger) -> None:
    with ledger.commit("too much") as commit:
        commit.book(ALLOCATIONS, "openai", f.DAY, [f.allocation(BIGINT, "a"), f.allocation(1, "b")])
    with pytest.raises(LedgerError, match=r"a sum of cost_nano in allocations over .* does not fit 64 bits"):
        sums(ledger, "allocations", ["account"], ["cost_nano"], DAYS)
    assert sums(ledger, "allocations", ["customer"], ["cost_nano"], DAYS) == {("a",): (BIGINT,), ("b",): (1,)}


@f.law(15)
@given(amounts=AMOUNTS)
def test_a_line_and_its_mirror_are_both_kept_and_net_to_zero(ledger: Ledger, amounts: list[int]) -> None:
    scope = f.new_scope()
    lines = [f.line(sign * amount, f"{scope} {i} {sign}") for i, amount in enumerate(amounts) for sign in (1, -1)]
    with ledger.commit("costs and their reversal") as commit:
        commit.book(COST_LINES, scope, f.DAY, lines)
    assert len(ledger.read(COST_LINES, scope, f.DAY)) == 2 * len(amounts)
    found = sums(ledger, "cost_lines", ["account"], ["amount_nano", "billed_nano"], DAYS)
    assert found == {("openai",): (0, 0)}


def test_sums_are_of_what_is_current_or_was(ledger: Ledger) -> None:
    for cost in (5, 7):
        with ledger.commit("shares") as commit:
            commit.book(ALLOCATIONS, "openai", f.DAY, [f.allocation(cost)])
    now, then = (sums(ledger, "allocations", ["model"], ["cost_nano"], DAYS, seq) for seq in (None, 1))
    assert (now, then) == ({("gpt-5",): (7,)}, {("gpt-5",): (5,)})
    assert sums(ledger, "allocations", ["model"], ["cost_nano"], ("2026-09-13", "2026-09-30")) == {}
    with ledger.commit("margins") as commit:
        commit.book(MARGINS, "*", f.DAY, [f.margin(None, 3), f.margin(4, 1)])
    absent = sums(ledger, "margins", ["customer"], ["rows", "cost_nano"], DAYS, where={"revenue_nano": None})
    assert absent == {("acme",): (1, 3)}


def test_what_does_not_conserve_is_named(ledger: Ledger) -> None:
    shares = [f.allocation(6), f.allocation(4, "zeta")]
    with ledger.commit("a day") as commit:
        commit.book(COST_LINES, "openai", f.DAY, [f.line(10)])
        commit.book(ALLOCATIONS, "openai", f.DAY, shares, findings=[f.finding(), f.finding()])
    assert unconserved(ledger, DAYS) == {}
    assert findings_by_kind(ledger, DAYS) == {(f.DAY, "unpriced"): 2}
    with ledger.commit("a share is lost") as commit:
        commit.book(ALLOCATIONS, "openai", f.DAY, [f.allocation(6)])
    assert unconserved(ledger, DAYS) == {(f.DAY, "openai", "USD", "reported"): -4}
    assert unconserved(ledger, DAYS, seq=1) == {}
    assert findings_by_kind(ledger, DAYS) == {}
