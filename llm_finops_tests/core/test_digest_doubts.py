"""What a message says of its own weaknesses, and how it compares with the days before."""

from dataclasses import replace

import pytest

from llm_finops.core.digest import (
    CurrencyFigures,
    Doubts,
    Figures,
    HeldDay,
    Owner,
    Part,
    PriceDiffers,
    Uncosted,
    Unpriced,
    digest,
    plain,
)
from llm_finops_tests.core.test_digest import DOLLAR, figures


def test_a_report_of_zero_is_told_as_zero_and_beside_it_what_was_used() -> None:
    money = CurrencyFigures("USD", 0, revenue_nano=5_400_000_000, reported_nano=0, day_before_nano=4 * DOLLAR)
    day = Figures("2026-11-23", (money,), used=True, uncosted=(Uncosted("paper", "USD", 4_100_000_000),))

    assert digest(day).text == (
        "LLM costs on Monday 23 November 2026: $0.00 (−100.0 % on the day before), gross margin $5.40 (100.0 %); "
        "usage worth $4.10 at list has no cost."
    )
    assert "• No cost reported: usage worth $4.10 at list has no cost (paper)." in plain(digest(day))
    assert "$0.00 reported · " in plain(digest(day))


def test_a_held_day_is_told_with_what_stands_what_was_said_and_how_to_accept_it() -> None:
    rows = (
        HeldDay("paper", "2026-11-19", "USD", 4_100_000_000, 500_000_000, 7),
        HeldDay("paper", "2026-11-20", "input_uncached", 210_000, 9, 12),
    )

    assert (
        "• Held: paper 20 November, load 12 says 9 input_uncached where 210,000 input_uncached is booked; if it is "
        "right, llm-finops accept 12. paper 19 November, load 7 says $0.50 where $4.10 is booked; if it is right, "
        "llm-finops accept 7."
    ) in plain(digest(figures(held=rows))).replace("`", "")
    assert "Held" not in plain(digest(figures()))


def test_requests_that_no_provider_has_seen_are_told() -> None:
    money = CurrencyFigures("USD", 0, revenue_nano=DOLLAR, requests=4)
    text = plain(digest(Figures("2026-11-23", (money,), used=False, requests=4, covered=0, quantity=0)))

    assert "• No usage reported, although 4 requests were logged." in text
    assert "no requests" not in text


def test_what_is_excluded_is_named_apart_from_what_nobody_owns() -> None:
    money = {"reported_nano": 14_100_000_000, "unallocated_nano": 700_000_000, "excluded_nano": 10 * DOLLAR}
    text = plain(digest(figures(money=money)))

    assert "$14.10 reported · $0.70 unallocated · $10.00 excluded (tax, credit) · " in text


def test_findings_are_named_the_most_first_with_their_largest_amount() -> None:
    found = (
        Doubts("priced as standard", 9),
        Doubts("log above usage", 2, (("tokens", 12_000),)),
        Doubts("usage and cost differ", 3, (("USD", 410_000_000), ("EUR", 5))),
        Doubts("report incomplete", 1, (("lines", 4),)),
        Doubts("line without usage", 1, (("USD", 3 * DOLLAR),)),
        Doubts("low coverage", 1, (("tokens", 5),)),
    )

    assert plain(digest(figures(findings=found))).endswith(
        "17 findings: usage and cost differ 3 (up to $0.41), log above usage 2 (up to 12,000 tokens), "
        "line without usage 1 ($3.00), 11 others\n"
    )


def test_what_is_the_same_every_morning_is_named_only_where_nothing_else_is() -> None:
    usual, told = Doubts("priced as standard", 2), Doubts("usage without cost", 1, (("USD", 5 * DOLLAR),))

    assert plain(digest(figures(findings=(usual, told)))).endswith("\n3 findings: priced as standard 2, 1 other\n")
    assert plain(digest(figures(findings=(told,)))).endswith("\n1 finding\n")


def test_unpriced_models_are_named_and_whether_the_total_is_without_them() -> None:
    rows = tuple(Unpriced(f"gpt-{i}", "tokens", i * 1_000_000, in_total=False) for i in range(1, 6))
    reported = Unpriced("claude-9", "sessions", 2, in_total=True)
    text = plain(digest(figures(unpriced=(*rows, reported))))

    assert (
        "• Unpriced: gpt-5 (5,000,000 tokens), gpt-4 (4,000,000 tokens), gpt-3 (3,000,000 tokens), 2 more. "
        "No price is known, and the total is without it.\n"
        "• Unpriced: claude-9 (2 sessions). In the total as reported; without a price its split goes by quantity.\n"
    ) in text


def test_quarantined_rows_are_counted() -> None:
    assert " · 3 rows quarantined · no findings\n" in plain(digest(figures(quarantined=3)))
    assert "quarantined" not in plain(digest(figures()))


@pytest.mark.parametrize(
    ("before", "week", "expected"),
    [
        (None, None, "\nno earlier day to compare with\n"),
        (4000 * DOLLAR, None, "\n+5.3 % on the day before\n"),
        (None, 4000 * DOLLAR, "\nnot known on the day before · +5.3 % on Monday last week\n"),
        (-5 * DOLLAR, 0, "\nwas −$5.00 on the day before · was $0.00 on Monday last week\n"),
    ],
)
def test_the_day_is_compared_with_days_that_are_there(before: int | None, week: int | None, expected: str) -> None:
    message = digest(figures(money={"day_before_nano": before, "week_before_nano": week}))

    assert expected in plain(message)
    assert (week is None and before is None) == ("on the day before" not in message.text)


def test_a_month_that_began_before_us_says_since_when() -> None:
    month = {"month_to_date_nano": 99 * DOLLAR, "month_since": "2026-11-17"}

    assert "Month to date $99.00, since 17 November\n" in plain(digest(figures(money=month)))
    gap = plain(digest(figures(money={**month, "month_days_unknown": 2})))
    assert "Month to date $99.00, since 17 November (2 days not known)\n" in gap


def test_who_names_no_model_or_feature_is_told_in_words_and_a_residue_stays_narrow() -> None:
    money = {
        "models": (Part("gpt-5", 100 * DOLLAR), Part("(none)", 1)),
        "features": (Owner("chat", 100 * DOLLAR, None), Owner("(none)", 5, None), Owner("(all)", -5, None)),
        "cost_nano": 100 * DOLLAR,
        "cogs_nano": 100 * DOLLAR,
        "unallocated_nano": 5,
    }
    message = digest(figures(money=money))

    assert "$100.00  100.0 %  gpt-5\n <$0.01    0.0 %  (no model named)\n" in plain(message)
    assert " <$0.01    0.0 %  (no feature named)\n>−$0.01    0.0 %  (all features)\n" in plain(message)
    assert "<$0.01 unallocated" in plain(message)
    assert all("<" not in str(block) for block in message.blocks)


def test_a_day_that_is_not_known_at_all_says_only_that() -> None:
    day = replace(figures(money={"cost_nano": None, "revenue_nano": None}), findings=(Doubts("late source", 1),))

    assert "USD: the cost of this day is not known, no source covers it yet." in plain(digest(day))
    assert "no earlier day" not in plain(digest(day))
    nothing = plain(digest(Figures("2026-11-23", (), covered=70, quantity=100)))
    assert "\n\nThe cost of this day is not known, no source covers it yet.\n\n70.0 % of tokens" in nothing


def test_a_price_that_differs_since_this_day_is_told_with_both_and_the_reason() -> None:
    rows = [PriceDiffers(f"m{n}", "output", "USD", n * DOLLAR, 100 * n * DOLLAR, "factor 100") for n in range(1, 6)]
    text = plain(digest(figures(new_prices=tuple(rows))))

    assert (
        "• Price differs from bill since this day: m5 output 5 USD a million, 500 in the book (factor 100), "
        "m4 output 4 USD a million, 400 in the book (factor 100), "
        "m3 output 3 USD a million, 300 in the book (factor 100), "
    ) in text
    assert "m2 output" not in text
    assert text == plain(digest(figures(new_prices=tuple(rows[::-1]))))


@pytest.mark.parametrize(("lost", "told"), [(0, False), (99, False), (100, True), (2_500, True)])
def test_failed_requests_are_told_from_a_hundredth_of_what_the_logs_found(lost: int, told: bool) -> None:
    text = plain(digest(figures(money={"lost_nano": lost * DOLLAR // 1000, "logged_cost_nano": 10 * DOLLAR})))

    assert ("• Failed and retried requests cost $" in text) == told
    if lost == 2_500:
        assert "• Failed and retried requests cost $2.50, 25.0 % of what request logs found." in text
