"""What moved of a day, when that is worth an answer, and how it is said."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.digest import (
    Cause,
    Change,
    CurrencyFigures,
    Figures,
    Message,
    Threshold,
    changes,
    plain,
    restated,
    restated_together,
)
from llm_finops_tests.core.test_digest import DOLLAR, assert_harmless, assert_within_limits

HALF_PERCENT = Threshold(5_000, DOLLAR)
DAY = "2026-11-21"


def figures(**money: Any) -> Figures:
    return Figures(DAY, (CurrencyFigures("USD", **{"cost_nano": 100 * DOLLAR, **money}),))


@pytest.mark.parametrize(
    ("before", "after", "is_over"),
    [
        (100 * DOLLAR, 101 * DOLLAR, True),
        (100 * DOLLAR, 101 * DOLLAR - 1, False),  # under 1.00
        (200 * DOLLAR, 199 * DOLLAR, True),
        (200 * DOLLAR + 1, 199 * DOLLAR + 1, False),  # under 0.5 %
        (-200 * DOLLAR, -201 * DOLLAR, True),
        (0, DOLLAR, True),
        (None, DOLLAR, True),
        (DOLLAR, None, True),
        (None, DOLLAR - 1, False),
    ],
)
def test_a_change_is_news_if_it_reaches_both_parts(before: int | None, after: int | None, is_over: bool) -> None:
    assert Change("cost", "USD", before, after).reaches(HALF_PERCENT) is is_over


def test_only_what_moved_is_named_and_currencies_stay_apart() -> None:
    before = figures(revenue_nano=150 * DOLLAR, cogs_nano=100 * DOLLAR, unallocated_nano=5)
    euros = CurrencyFigures("EUR", 7, unallocated_nano=7)
    after = replace(before, currencies=(euros, replace(before.currencies[0], unallocated_nano=3)))

    assert changes(before, before) == ()
    assert changes(before, after) == (
        Change("cost", "EUR", None, 7),
        Change("unallocated", "EUR", None, 7),
        Change("unallocated", "USD", 5, 3),
    )
    text = plain(restated(DAY, changes(before, after), [Cause("prices", "*", "changed")]))
    assert "not known  0.000000007 EUR                 cost, EUR\n" in text
    assert "$0.000000005     $0.000000003  −$0.000000002  unallocated, USD\n" in text


def test_rates_of_exchange_are_of_nobody() -> None:
    text = plain(restated(DAY, [], [Cause("fx_rates", "*", "changed")]))
    assert "Why: the rates of exchange have changed." in text


def test_what_is_unknown_is_in_no_sum_and_is_said() -> None:
    moved = {
        "2026-11-20": [Change("cost", "USD", 3 * DOLLAR, 5 * DOLLAR)],
        "2026-11-21": [Change("cost", "USD", None, 5 * DOLLAR)],
        "2026-12-01": [Change("cost", "USD", 3 * DOLLAR, 4 * DOLLAR)],
    }
    message = restated_together(moved, [Cause("cost_lines", "a`b", "changed"), Cause("usage", "x", "gone")])
    text = plain(message)

    assert "$6.00  $9.00  +$3.00  cost\n" in text
    assert "Days (UTC): 20 November to 21 November, 1 December" in text
    assert "A figure of 1 day was or is not known and not in these sums: 21 November." in text
    assert "Why: the cost report of a\u02cbb was restated; the usage report of x was taken out." in text
    assert_harmless(message)


names = st.text(max_size=40) | st.sampled_from(["*", "<!channel>", "a`*b_", "&" * 40])
nanos = st.none() | st.integers(-(2**63), 2**63)
moves = st.lists(
    st.builds(Change, st.sampled_from(["cost", "gross margin", "unallocated"]), st.just("USD"), nanos, nanos),
    max_size=3,
)
causes_ = st.lists(
    st.builds(
        Cause,
        st.sampled_from("cost_lines usage log_days revenue true_ups prices settings names".split()),
        names,
        st.sampled_from(["arrived", "changed", "gone"]),
    ),
    max_size=40,
)
days_ = st.dictionaries(st.dates().map(str), moves, min_size=1, max_size=60)


@given(moves, causes_, days_, st.randoms())
def test_whatever_moved_the_message_fits_is_harmless_and_knows_no_order(
    moved: list[Change], causes: list[Cause], days: dict[str, list[Change]], chance: Any
) -> None:
    shuffled = chance.sample(causes, len(causes))
    other_days = dict(chance.sample(list(days.items()), len(days)))
    for message, again in (
        (restated(DAY, moved, causes), restated(DAY, moved, shuffled)),
        (restated_together(days, causes), restated_together(other_days, shuffled)),
    ):
        assert_within_limits(message)
        assert_harmless(message)
        assert isinstance(again, Message)
        assert message == again
