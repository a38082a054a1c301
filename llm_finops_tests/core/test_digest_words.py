"""Amounts, changes and names as a message writes them."""

import pytest

from llm_finops.core.digest import shown
from llm_finops.core.digest.words import amount_text, change_text, percent_text, price_text, short_text

HARMLESS = {
    "<!channel>": "&lt;!channel&gt;",
    "<@U123>": "&lt;@U123&gt;",
    "<http://evil|Invoice>": "&lt;http://evil|Invoice&gt;",
    "&lt;": "&amp;lt;",
    "a```b`c": "aˋˋˋbˋc",
    "left\u202eright": "left[U+202E]right",
    "zero\u200bwidth\ufeff": "zerowidth",
    "two\nlines\r\n\ttabs\u2028": "two lines tabs",
    "bell\x07": "bell[U+0007]",
    "half\ud800": "half[U+D800]",
    "\u200b": "(blank)",
    "": "(blank)",
    "Hooli International Holdings and Subsidiaries Ltd": "Hooli Internati…Subsidiaries Ltd",
    "café שלום 株式会社": "café שלום 株式会社",
}


@pytest.mark.parametrize(("name", "expected"), HARMLESS.items())
def test_a_name_stays_readable_and_does_nothing(name: str, expected: str) -> None:
    assert shown(name) == expected


@pytest.mark.parametrize(
    ("nano", "currency", "expected"),
    [
        (1_234_560_000_000, "USD", "$1,234.56"),
        (-12_300_000_000, "USD", "−$12.30"),
        (5_000_000, "USD", "$0.00500"),
        (-1, "EUR", "−0.000000001 EUR"),
        (15_000_000, "USD", "$0.02"),
        (0, "USD", "$0.00"),
        (1_234_000_000_000, "JPY", "1,234 JPY"),
        (1_234_567_000_000, "KWD", "1,234.567 KWD"),
    ],
)
def test_amounts_are_written_to_their_minor_unit_and_never_vanish(nano: int, currency: str, expected: str) -> None:
    assert amount_text(nano, currency) == expected


def test_a_request_that_costs_less_than_a_cent_shows_three_digits() -> None:
    assert price_text(3_120_000, "USD") == "$0.00312"
    assert price_text(31_200_000, "USD") == "$0.0312"
    assert price_text(31_200_000, "EUR") == "0.0312 EUR"
    assert price_text(1_500_000_000, "USD") == "$1.50"
    assert price_text(1, "USD") == "$0.000000001"


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (110, 100, "+10.0 %"),
        (90, 100, "−10.0 %"),
        (100, 100, "no change"),
        (5 * 10**9, 0, "was $0.00"),
        (5 * 10**9, -5 * 10**9, "was −$5.00"),
        (-5 * 10**9, 100 * 10**9, "was $100.00"),
        (-5 * 10**9, -4 * 10**9, "was −$4.00"),
        (0, 100, "−100.0 %"),
        (0, 0, "no change"),
        (None, 5, "not known"),
        (5, None, "not known"),
    ],
)
def test_a_change_is_a_percentage_or_where_none_tells_the_amount(
    now: int | None, before: int | None, expected: str
) -> None:
    assert change_text(now, before, "USD") == expected


@pytest.mark.parametrize(
    ("nano", "currency", "expected"),
    [
        (5, "USD", "<$0.01"),
        (9_999_999, "USD", "<$0.01"),
        (10_000_000, "USD", "$0.01"),
        (-5, "EUR", ">−0.01 EUR"),
        (5, "JPY", "<1 JPY"),
        (0, "USD", "$0.00"),
    ],
)
def test_among_others_less_than_a_cent_is_less_than_a_cent_and_never_zero(
    nano: int, currency: str, expected: str
) -> None:
    assert short_text(nano, currency) == expected


def test_a_percentage_rounds_half_even_and_keeps_its_sign() -> None:
    assert percent_text(12_345, 100_000) == "12.3 %"
    assert percent_text(25, 20_000) == "0.1 %"
    assert percent_text(5, 20_000) == "0.0 %"
    assert percent_text(-1, 3) == "−33.3 %"
    assert percent_text(-1, 1_000_000) == "0.0 %"
    assert percent_text(1, 0) == "n/a"
