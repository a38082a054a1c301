"""Until zero: the laws of the arithmetic, and what it says of customers that can be reckoned by hand."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llm_finops.dashboard.pages.crossing import days_of, days_until_zero, preceding, stands, until_zero
from llm_finops.ledger.queries import Asked, Margins, Scaled

NANO = st.integers(-(10**15), 10**15)
COST = st.integers(0, 10**15)
USAGE = st.fractions(Fraction(1, 1000), 1000)


def margin_at(usage: Fraction, cost: int, by_usage: int, flat: int) -> Fraction:
    """What is left at so many times today's usage."""
    return flat + usage * by_usage - usage * cost


@given(cost=COST, by_usage=NANO, flat=NANO, usage=USAGE)
def test_at_the_usage_that_is_told_the_margin_is_zero_and_nowhere_else(
    cost: int, by_usage: int, flat: int, usage: Fraction
) -> None:
    until = until_zero(cost, flat + by_usage, flat)
    if until is not None:
        assert until > -1
        assert margin_at(1 + until, cost, by_usage, flat) == 0
    if margin_at(usage, cost, by_usage, flat) == 0 and (cost, flat) != (by_usage, 0):
        assert until == usage - 1


@given(cost=COST, by_usage=NANO, flat=NANO, usage=USAGE)
def test_up_to_there_a_margin_has_the_sign_it_has_today(cost: int, by_usage: int, flat: int, usage: Fraction) -> None:
    until = until_zero(cost, flat + by_usage, flat)
    today, then = margin_at(Fraction(1), cost, by_usage, flat), margin_at(usage, cost, by_usage, flat)
    assume(today != 0)
    if until is None:
        assert today * then > 0
    else:
        before = min(Fraction(1), 1 + until) < usage < max(Fraction(1), 1 + until)
        assert today * then > 0 or not before


@given(cost=COST, by_usage=NANO, flat=st.integers(0, 10**15))
def test_who_pays_by_usage_as_much_as_it_costs_never_crosses(cost: int, by_usage: int, flat: int) -> None:
    assume(by_usage >= cost)
    assert until_zero(cost, flat + by_usage, flat) is None


@pytest.mark.parametrize(
    ("cost", "by_usage", "flat", "until"),
    [
        (80, 0, 100, Fraction(1, 4)),  # a flat fee of 100 pays for a quarter more
        (100, 0, 100, Fraction(0)),  # on the line
        (200, 0, 100, Fraction(-1, 2)),  # half of the usage would be paid for
        (80, 40, 60, Fraction(1, 2)),  # half of the cost is paid by usage: the flat fee lasts longer
        (80, 80, 60, None),  # each use pays for itself
        (80, 90, 60, None),
        (80, 70, 0, None),  # a loss at any usage
        (80, 0, 0, None),
        (0, 0, 100, None),  # nothing is used
        (80, 0, -10, None),  # a refund, and nothing is paid by usage
        (80, 100, -10, Fraction(-1, 2)),  # above zero until the usage halves, where a refund of 10 outweighs it
    ],
)
def test_customers_reckoned_by_hand(cost: int, by_usage: int, flat: int, until: Fraction | None) -> None:
    assert until_zero(cost, flat + by_usage, flat) == until


@pytest.mark.parametrize(
    ("cost", "revenue", "flat", "unknown", "place"),
    [
        (80, 100, 100, 0, "close"),
        (79, 100, 100, 0, "further"),
        (100, 100, 100, 0, "close"),
        (101, 100, 100, 0, "below"),
        (80, 150, 60, 0, "never"),
        (101, 500, 100, 1, "unknown"),
    ],
)
def test_each_customer_stands_in_one_place(cost: int, revenue: int, flat: int, unknown: int, place: str) -> None:
    assert stands(Scaled("acme", cost, revenue, unknown, cost, 5, flat, 1)) == place


def before(cost: int, revenue: int, unknown: int = 0) -> Margins:
    return Margins("acme", cost, revenue, unknown, cost, 1, 1, 1)


@pytest.mark.parametrize(
    ("then", "cost", "revenue", "days"),
    [
        (before(50, 100), 75, 100, 30),  # 50 left, then 25: 25 more go in 30 days
        (before(50, 100), 60, 100, 120),
        (before(50, 100), 60, 105, 270),  # revenue makes up for half of it
        (before(50, 100), 60, 110, None),  # and for all of it
        (before(50, 100), 40, 80, None),  # it falls, but not because usage grows
        (before(60, 100), 60, 100, None),
        (before(50, 100), 100, 100, 0),  # on the line today
        (before(50, 100), 101, 100, None),  # past it
        (before(50, 100, 1), 75, 100, None),  # not known
        (before(50, 100), 93, 100, 5),  # 7 left of 50: 4.9 days
    ],
)
def test_days_until_zero_reckoned_by_hand(then: Margins, cost: int, revenue: int, days: int | None) -> None:
    assert days_until_zero(30, then, cost, revenue - cost) == days


@given(days=st.integers(1, 800), then=NANO, now=st.integers(0, 10**15))
def test_in_so_many_days_it_is_used_up_and_not_a_day_earlier(days: int, then: int, now: int) -> None:
    found = days_until_zero(days, before(0, then), 1, now)
    assert (found is None) == (then <= now)
    if found is not None:
        fell = Fraction(then - now, days)
        assert now - found * fell <= 0
        assert found == 0 or now - (found - 1) * fell > 0


def test_the_period_before_is_as_long() -> None:
    march = Asked("2026-03-01", "2026-03-31", "EUR", customer="acme")
    assert days_of(march) == 31
    assert preceding(march) == Asked("2026-01-29", "2026-02-28", "EUR")
