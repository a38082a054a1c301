"""Converting margins: exact, conserved, dated, and nothing added up that has no rate."""

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.convert import DAYS_MAX, Found, Rates, convert_margins
from llm_finops.core.currencies import ConvertedMargin, FxRate
from llm_finops.core.money import MoneyError
from llm_finops.core.records import ALL, Margin

DAY = "2026-11-23"  # a Monday


def rate(base: str, quote: str, text: str, date: str = DAY, source: str = "ecb") -> FxRate:
    return FxRate(source, date, base, quote, text)


def euros(*rows: Margin, rates: Any = (), elsewhere: Any = (), currency: str = "EUR") -> Any:
    return convert_margins(DAY, rows, Rates(rates), currency, elsewhere)


def found(rates: Any, base: str, quote: str, day: str = DAY) -> Found:
    answer = Rates(rates).find(base, quote, day)
    assert answer is not None
    return answer


USD = rate("EUR", "USD", "1.25")


def test_revenue_in_euros_less_cost_in_dollars_is_a_margin() -> None:
    paid = Margin("ada", ALL, "EUR", 5_000_000_000, 0, 0, 0, 0)
    cost = Margin("ada", "chat", "USD", None, 1_250_000_000, 1_000_000_000, 3, 2)
    rows, findings = euros(paid, cost, rates=[USD], elsewhere={("ada", "USD")})

    assert rows == [
        ConvertedMargin("ada", ALL, "EUR", 5_000_000_000, 0, 0, 0, 0),
        ConvertedMargin("ada", "chat", "EUR", 0, 1_000_000_000, 800_000_000, 3, 2),
    ]
    assert findings == []


def test_one_row_a_customer_and_feature_adds_its_currencies() -> None:
    rows, findings = euros(
        Margin("ada", "chat", "EUR", 10, 7, 7, 1, 1), Margin("ada", "chat", "USD", 25, 50, 0, 2, 1), rates=[USD]
    )
    assert rows == [ConvertedMargin("ada", "chat", "EUR", 10 + 20, 7 + 40, 7, 3, 2)]
    assert findings == []


def test_revenue_that_is_not_loaded_stays_unknown() -> None:
    rows, _ = euros(Margin("ada", "chat", "USD", None, 50, 50, 1, 1), rates=[USD])
    assert rows == [ConvertedMargin("ada", "chat", "EUR", None, 40, 40, 1, 1)]


def test_without_a_rate_nothing_is_added_up_and_it_is_told_with_its_amount() -> None:
    rows, findings = euros(
        Margin("ada", "chat", "EUR", 10, 7, 7, 1, 1),
        Margin("ada", "chat", "JPY", 3_000_000_000, 2_000_000_000, 0, 1, 1),
        Margin("bob", "chat", "JPY", 0, 1_000_000_000, 0, 0, 0),
        rates=[USD],
    )
    assert rows == [
        ConvertedMargin("ada", "chat", "EUR", None, None, 7, 2, 2),
        ConvertedMargin("bob", "chat", "EUR", 0, None, 0, 0, 0),
    ]
    assert [(f.day, f.account, f.kind, f.subject, f.unit, f.amount) for f in findings] == [
        (DAY, ALL, "no rate", "JPY→EUR", "JPY", 3_000_000_000),
        (DAY, ALL, "no rate", "JPY→EUR", "JPY", 3_000_000_000),
    ]
    assert sorted(f.detail.partition(":")[0] for f in findings) == [
        "cost of 3 JPY is not added up",
        "revenue of 3 JPY is not added up",
    ]
    assert "no rate of 2026-11-16 to 2026-11-23" in findings[0].detail


def test_an_amount_of_zero_needs_no_rate() -> None:
    rows, findings = euros(Margin("ada", "chat", "JPY", 0, 0, 0, 4, 4))
    assert rows == [ConvertedMargin("ada", "chat", "EUR", 0, 0, 0, 4, 4)]
    assert findings == []


def test_a_weekend_is_bridged_and_the_eighth_day_is_not() -> None:
    friday = [rate("EUR", "USD", "1.25", "2026-11-20"), rate("EUR", "USD", "1.5", "2026-11-13")]
    assert found(friday, "USD", "EUR", "2026-11-22").rate == Fraction(4, 5)
    assert found(friday, "USD", "EUR", "2026-11-19").rate == Fraction(2, 3)
    assert found(friday, "EUR", "USD", "2026-11-27").date == "2026-11-20"
    assert Rates(friday).find("EUR", "USD", "2026-11-28") is None
    assert DAYS_MAX == 7
    assert Rates(friday).find("EUR", "USD", "2026-11-12") is None, "a later rate is not of an earlier day"


def test_direct_before_inverse_before_cross_and_how_it_was_found_is_said() -> None:
    book = [USD, rate("EUR", "GBP", "0.8")]
    assert str(found(book, "EUR", "USD")) == "direct: 1 EUR = 1.25 USD (ecb, 2026-11-23)"
    assert str(found(book, "USD", "EUR")) == "inverse: 1 EUR = 1.25 USD (ecb, 2026-11-23)"
    cross = found(book, "USD", "GBP")
    assert cross.rate == Fraction("0.8") / Fraction("1.25")
    assert str(cross) == ("cross via EUR: 1 EUR = 1.25 USD (ecb, 2026-11-23), 1 EUR = 0.8 GBP (ecb, 2026-11-23)")
    both = [*book, rate("USD", "EUR", "0.79"), rate("USD", "GBP", "0.7", "2026-11-19")]
    assert (found(both, "USD", "EUR").how, found(both, "USD", "EUR").rate) == ("direct", Fraction("0.79"))
    assert (found(both, "EUR", "USD").how, found(both, "EUR", "USD").rate) == ("direct", Fraction("1.25"))
    assert (found(both, "USD", "GBP").how, found(both, "USD", "GBP").date) == ("direct", "2026-11-19")
    assert Rates(book).find("JPY", "EUR", DAY) is None
    chain = [rate("USD", "AAA", "2"), rate("AAA", "BBB", "2"), rate("BBB", "EUR", "2")]
    assert Rates(chain).find("USD", "EUR", DAY) is None, "through one currency, not two"


def test_of_two_sources_the_first_by_name_and_of_two_crosses_the_newer_then_the_first() -> None:
    two = [rate("EUR", "USD", "1.2", "2026-11-19", "a-house"), rate("EUR", "USD", "1.25", DAY, "b-ecb")]
    assert found(two, "EUR", "USD").rate == Fraction("1.2")
    assert found(two, "EUR", "USD", "2026-11-27").rate == Fraction("1.25"), "the first one is too old"

    crosses = [rate("USD", "CHF", "2"), rate("CHF", "EUR", "2", "2026-11-20")]
    crosses += [rate("USD", "GBP", "3"), rate("GBP", "EUR", "3"), rate("USD", "JPY", "5"), rate("JPY", "EUR", "5")]
    assert (found(crosses, "USD", "EUR").via, found(crosses, "USD", "EUR").date) == ("GBP", DAY)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(MoneyError, match="64-bit"):
        euros(Margin("ada", "chat", "EUR", 2**62, 0, 0, 0, 0), rates=[rate("EUR", "JPY", "160")], currency="JPY")


_nano = st.integers(-(10**13), 10**13)
_rates = st.decimals("0.0001", "9999", places=5).map(str)


def _rows(currency: str, customers: str) -> st.SearchStrategy[list[Margin]]:
    row = st.builds(
        Margin,
        st.sampled_from(customers),
        st.sampled_from(["chat", "rag", ALL]),
        st.just(currency),
        st.none() | _nano,
        _nano,
        _nano,
        st.integers(0, 9),
        st.integers(0, 9),
    )
    return st.lists(row, max_size=6, unique_by=lambda r: (r.customer, r.feature))


@given(_rows("USD", "abc"), _rates, st.randoms(use_true_random=False))
def test_the_rows_add_up_to_the_conversion_of_their_sum_each_within_a_nano(
    rows: list[Margin], text: str, shuffled: random.Random
) -> None:
    book = [rate("EUR", "USD", text)]
    made, findings = euros(*rows, rates=book)
    converted = {(row.customer, row.feature): row for row in made}
    assert findings == []
    for name in ("cost_nano", "logged_cost_nano", "revenue_nano"):
        known = [row for row in rows if getattr(row, name) is not None]
        whole = Fraction(sum(getattr(row, name) for row in known)) / Fraction(text)
        parts = [getattr(converted[row.customer, row.feature], name) for row in known]
        assert sum(parts) == round(whole)  # halves to even, as Python rounds a fraction
        for row, part in zip(known, parts, strict=True):
            assert abs(Fraction(getattr(row, name)) / Fraction(text) - part) < 1
            assert part == 0 or getattr(row, name) != 0
    shuffled.shuffle(rows)
    assert euros(*rows, rates=book)[0] == made


@given(_rows("USD", "ab"), _rows("JPY", "ab"))
def test_where_one_currency_has_no_rate_no_part_of_a_figure_is_shown(dollars: list[Margin], yen: list[Margin]) -> None:
    made, findings = euros(*dollars, *yen, rates=[USD])
    lost = {name: {(r.customer, r.feature) for r in yen if getattr(r, name)} for name in ("cost_nano", "revenue_nano")}
    for row in made:
        assert (row.cost_nano is None) == ((row.customer, row.feature) in lost["cost_nano"])
        if (row.customer, row.feature) in lost["revenue_nano"]:
            assert row.revenue_nano is None
    assert len(findings) == sum(bool(rows) for rows in lost.values())
    assert sum(f.amount for f in findings) == sum(r.cost_nano + (r.revenue_nano or 0) for r in yen)


@given(
    st.permutations(
        [
            USD,
            rate("EUR", "USD", "1.5", "2026-11-20"),
            rate("EUR", "GBP", "0.8"),
            rate("USD", "CHF", "2"),
            rate("GBP", "CHF", "3"),
            rate("EUR", "USD", "1.1", DAY, "house"),
        ]
    )
)
def test_the_order_of_rates_does_not_matter(book: list[FxRate]) -> None:
    assert found(book, "USD", "EUR").steps == (USD,)
    assert found(book, "USD", "GBP").via == "CHF"
