"""What a month comes to at its pace: by the days that are booked, whoever was there on them."""

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal

import httpx
import pytest

from llm_finops_tests.dashboard import days as made
from llm_finops_tests.dashboard.books import text_of, tiles
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import environment

BOOKED = [f"2026-11-{day:02d}" for day in (*range(2, 8), *range(9, 26))]  # 23 of the month's first 25 days
SELDOM = BOOKED[4:6]


@pytest.fixture(scope="module")
def november(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A customer of every booked day but one, and one of two days."""
    folder = tmp_path_factory.mktemp("november")
    ledger = made.opened(folder)
    for day in BOOKED:
        by = {"often": (made.DOLLAR, 0)} if day != BOOKED[0] else {}
        made.margins(ledger, day, by | ({"seldom": (10 * made.DOLLAR, 0)} if day in SELDOM else {}))
    ledger.close()
    with served(environment(folder)) as client:
        yield client


@pytest.mark.parametrize(("customer", "cost"), [("often", 22), ("seldom", 20), ("", 42)])
def test_the_pace_is_by_the_days_that_are_booked(november: httpx.Client, customer: str, cost: int) -> None:
    text = text_of(november, "/", customer=customer)
    whole = (Decimal(cost) * 30 / 23).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    assert tiles(text)["Month to date"] == f"${cost}.00"
    assert f"23 of 30 days of 2026-11; at this pace ${whole}" in text


def test_of_a_currency_without_a_day_no_pace_is_known(november: httpx.Client) -> None:
    text = text_of(november, "/", currency="EUR")
    assert tiles(text)["Month to date"] == "not known"
    assert "nothing booked of 2026-11 in EUR" in text
