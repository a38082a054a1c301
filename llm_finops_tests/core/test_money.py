"""Money is exact: from a provider's text to whole nano-units, no float, no loss, no two currencies added."""

from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.money import (
    BIGINT,
    NANO,
    Money,
    MoneyError,
    currency_code,
    decimal_text,
    exact,
    fits,
    nano_text,
    round_half_even,
    split,
    total,
)

WEIGHTS = st.lists(st.integers(0, 10**15), min_size=1, max_size=12).filter(any)
AMOUNTS = st.integers(-BIGINT, BIGINT)
DECIMALS = st.decimals(-(10**15), 10**15, allow_nan=False, allow_infinity=False, places=12)


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_shares_add_up_have_no_wrong_sign_and_stay_within_a_unit_of_exact(amount: int, weights: list[int]) -> None:
    shares = split(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1
        assert share * amount >= 0
        assert weight or not share


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_a_mirrored_amount_gets_the_mirrored_shares(amount: int, weights: list[int]) -> None:
    assert [a + b for a, b in zip(split(amount, weights), split(-amount, weights), strict=True)] == [0] * len(weights)


@given(amount=AMOUNTS, weights=WEIGHTS, data=st.data())
def test_who_sorts_first_gets_the_same_shares_whatever_the_order(
    amount: int, weights: list[int], data: st.DataObject
) -> None:
    keyed = [(f"{i:02}", weight) for i, weight in enumerate(weights)]
    shuffled = sorted(data.draw(st.permutations(keyed)))
    assert split(amount, [weight for _, weight in shuffled]) == split(amount, weights)


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (-10, [1, 1, 1], [-4, -3, -3]),
        (2, [1, 3], [1, 1]),
        (100, [0, 1], [0, 100]),
        (0, [5, 5], [0, 0]),
        (1, [1] * 5, [1, 0, 0, 0, 0]),
    ],
)
def test_the_largest_remainders_come_first_and_ties_go_to_the_earlier(
    amount: int, weights: list[int], shares: list[int]
) -> None:
    assert split(amount, weights) == shares


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
def test_weights_that_share_nothing_out_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights of at least 0, one of them above"):
        split(5, weights)


@given(number=DECIMALS)
def test_the_text_of_an_amount_says_the_same_number(number: Decimal) -> None:
    assert exact(str(number)) == exact(number) == number
    assert Decimal(decimal_text(number)) == number
    assert "E" not in decimal_text(number)


@given(nano=AMOUNTS)
def test_nano_units_come_back_as_they_were_booked(nano: int) -> None:
    assert Money.of_nano(nano, "USD").nano == nano
    assert Money.of(nano_text(nano), "USD").nano == nano


@pytest.mark.parametrize(
    "seen",
    [1.5, float("nan"), True, None, b"1", "", " 1", "1 ", "1,000", "1_000", "$1", "NaN", "Infinity", "0x1", "١٢"],
)
def test_what_is_no_plain_number_is_refused(seen: object) -> None:
    with pytest.raises(MoneyError, match="expected a decimal number"):
        exact(seen)


@pytest.mark.parametrize("seen", ["1e999", "-1e-999", "9" * 120, 10**80, "1e70", Decimal("1e-70")])
def test_a_number_beyond_all_sense_is_refused_at_once(seen: object) -> None:
    with pytest.raises(MoneyError):
        exact(seen)


def test_numbers_as_providers_write_them_are_read() -> None:
    assert [exact(text) for text in ("+1.50", "-.5", "1.", "2E-3", "007")] == [
        Decimal(text) for text in ("1.50", "-0.5", "1", "0.002", "7")
    ]


@pytest.mark.parametrize(
    ("minor", "currency", "nano"),
    [
        ("123.45", "usd", 1_234_500_000),
        ("5.4399", "USD", 54_399_000),
        ("5", "JPY", 5 * NANO),
        (1234, "KWD", 1_234_000_000),
        ("1", "CLF", 100_000),
    ],
)
def test_minor_units_are_read_by_their_currency(minor: str | int, currency: str, nano: int) -> None:
    money = Money.of_minor(minor, currency)
    assert (money.nano, money.currency) == (nano, currency.upper())


@pytest.mark.parametrize(
    ("text", "nano"),
    [("0.0000000005", 0), ("0.0000000015", 2), ("0.0000000025", 2), ("-0.0000000015", -2), ("0.00000000151", 2)],
)
def test_finer_digits_than_a_nano_are_rounded_half_even(text: str, nano: int) -> None:
    assert Money.of(text, "USD").nano == nano


@given(numerator=st.integers(-(10**30), 10**30), denominator=st.integers(1, 10**12))
def test_a_price_times_a_quantity_is_rounded_half_even(numerator: int, denominator: int) -> None:
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


def test_an_amount_that_64_bits_do_not_hold_is_refused() -> None:
    assert Money.of_nano(BIGINT, "USD").nano == BIGINT == fits(BIGINT)
    assert fits(-BIGINT) == -BIGINT
    for nano in (BIGINT + 1, -BIGINT - 1):
        with pytest.raises(MoneyError, match="do not fit a 64-bit column"):
            fits(nano)
    with pytest.raises(MoneyError, match="do not fit"):
        _ = Money.of("9300000000", "USD").nano


@given(money=DECIMALS, weights=WEIGHTS)
def test_the_shares_of_money_add_up_to_its_last_digit(money: Decimal, weights: list[int]) -> None:
    whole = Money.of(money, "EUR")
    assert total(whole.split(weights), "EUR").amount == whole.amount
    assert total([], "EUR") == Money.of(0, "EUR")


@given(one=DECIMALS, other=DECIMALS)
def test_money_adds_exactly_whatever_the_shared_context(one: Decimal, other: Decimal) -> None:
    getcontext().prec, before = 5, getcontext().prec
    try:
        left, right = Money.of(one, "USD"), Money.of(other, "USD")
        assert Fraction((left + right).amount) == Fraction(one) + Fraction(other)
        assert (left - right + right).amount == one
        assert (-left + left).amount == 0
    finally:
        getcontext().prec = before


def test_two_currencies_are_never_added() -> None:
    dollar, euro = Money.of(1, "USD"), Money.of(1, "EUR")
    for combine in (dollar.__add__, dollar.__sub__):
        with pytest.raises(MoneyError, match=r"cannot combine 1 USD with .*EUR.*: convert at a dated rate first"):
            combine(euro)


@pytest.mark.parametrize("amount", [1.5, 1, "1", Decimal("NaN"), Decimal("Infinity")])
def test_money_itself_takes_a_finite_decimal_only(amount: object) -> None:
    with pytest.raises(MoneyError, match=r"use Money\.of or Money\.of_minor"):
        Money(amount, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["", "US", "USDT", "U$D", "ÜSD", None, 840])
def test_a_currency_is_three_letters(code: object) -> None:
    with pytest.raises(MoneyError, match="three-letter currency code"):
        currency_code(code)


@pytest.mark.parametrize(
    ("nano", "text"),
    [(54_399_000, "0.054399"), (4 * NANO, "4"), (-1_500_000_000, "-1.5"), (0, "0"), (-1, "-0.000000001")],
)
def test_amounts_are_shown_plainly(nano: int, text: str) -> None:
    assert nano_text(nano) == text
    assert str(Money.of_nano(nano, "USD")) == f"{text} USD"
