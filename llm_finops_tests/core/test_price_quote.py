"""What one request costs, unrounded, and what is said where it cannot be known."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.price import PriceBook, Quote, UnknownPrice, list_cost, quote
from llm_finops.core.records import BEGINNING, FOREVER, NONE, Price

AT = "2026-09-01T12:00:00Z"
PER_MILLION = {
    "input_uncached": 3_000_000_000,
    "input_cache_read": 300_000_000,
    "input_cache_write_5m": 3_750_000_000,
    "input_cache_write_1h": 6_000_000_000,
    "output": 15_000_000_000,
}


def price(meter: str, nano: int, **more: str) -> Price:
    usual = Price("anthropic", "claude", "standard", NONE, meter, "USD", nano, BEGINNING, FOREVER, "contract:x.csv")
    return usual._replace(**more)  # type: ignore[arg-type]


ROWS = [price(meter, nano) for meter, nano in PER_MILLION.items()]
BOOK = PriceBook(ROWS)


def ask(book: PriceBook = BOOK, **meters: int) -> Quote:
    return quote(book, "anthropic", "claude", "standard", AT, meters)


def refusal(book: PriceBook, provider: str, model: str, tier: str = "standard", **meters: int) -> str:
    with pytest.raises(UnknownPrice) as error:
        quote(book, provider, model, tier, AT, meters)
    return str(error.value)


def test_real_requests_cost_what_their_provider_charged() -> None:
    assert ask(input_uncached=3, input_cache_write_5m=12_304, output=550).total == Decimal("0.054399")
    assert ask(input_cache_write_5m=56, input_cache_write_1h=13_999).total == Decimal("0.084204")


@given(st.dictionaries(st.sampled_from(sorted(PER_MILLION)), st.integers(0, 10**17), min_size=1))
def test_a_quote_is_exact_however_large_and_each_meter_rounds_to_its_list_cost(meters: dict[str, int]) -> None:
    made = quote(BOOK, "anthropic", "claude", "standard", AT, meters)
    exact = {meter: Fraction(quantity * PER_MILLION[meter], 10**15) for meter, quantity in meters.items()}
    assert Fraction(made.total) == sum(exact.values())
    assert {meter: Fraction(amount) for meter, amount in made.meters.items()} == exact
    assert Fraction(made.text(made.total)) == sum(exact.values())
    for meter, quantity in meters.items():
        if quantity < 10**8:
            assert list_cost(quantity, made.prices[meter]) == round(exact[meter] * 10**9)


def test_the_whole_input_decides_the_band_of_every_meter() -> None:
    low = [row._replace(context_band="0-200k") for row in ROWS]
    high = [row._replace(context_band="200k-", price_nano=row.price_nano * 2) for row in ROWS]
    book = PriceBook([*low, *high])
    assert ask(book, input_uncached=1_000, input_cache_read=199_000, output=1_000).total == Decimal("0.0777")
    assert ask(book, input_uncached=1_001, input_cache_read=199_000, output=1_000).total == Decimal("0.155406")


def test_output_may_have_one_price_where_input_has_bands() -> None:
    book = PriceBook([price("input_uncached", 10**9, context_band="200k-"), price("output", 10**9)])
    assert ask(book, input_uncached=200_001, output=1).prices.keys() == {"input_uncached", "output"}
    assert "no price of input_uncached" in refusal(book, "anthropic", "claude", input_uncached=200_000)


def test_nothing_of_a_meter_costs_nothing_whether_it_has_a_price_or_not() -> None:
    made = ask(output=0, web_search=0)
    assert (made.total, made.currency, sorted(made.prices)) == (Decimal(0), "USD", ["output"])
    assert quote(BOOK, "anthropic", "claude", "standard", AT, {}).currency == NONE


def test_an_unknown_model_is_refused_with_the_nearest_names() -> None:
    book = PriceBook([price("output", 1, model="claude-sonnet-5"), price("output", 1, model="claude-opus-5")])
    said = refusal(book, "anthropic", "claude-sonet-5", output=1)
    assert "anthropic claude-sonet-5" in said
    assert "nearest are claude-sonnet-5" in said
    assert "[models]" in said


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    said = refusal(BOOK, "antropic", "claude", output=1)
    assert "no provider 'antropic'; it has anthropic" in said


def test_a_tier_that_is_not_known_yet_is_refused_and_its_first_day_named() -> None:
    batch = price("output", 1, service_tier="batch", valid_from="2026-10-14T00:00:00Z")
    book = PriceBook([*ROWS, batch])
    said = refusal(book, "anthropic", "claude", "batch", output=1)
    assert f"no batch price for anthropic claude at {AT}: tiers known then are standard" in said
    assert "; batch is known from 2026-10-14 on;" in said
    assert quote(book, "anthropic", "claude", "batch", "2026-10-14T00:00:00Z", {"output": 1}).prices["output"] == batch


def test_a_meter_without_a_price_is_refused_with_those_that_have_one() -> None:
    said = refusal(BOOK, "anthropic", "claude", output=1, input_audio=5)
    assert "no price of input_audio for anthropic claude (standard)" in said
    assert "input_cache_read" in said


def test_currencies_are_never_added() -> None:
    book = PriceBook([price("input_uncached", 1), price("output", 1, currency="EUR")])
    said = refusal(book, "anthropic", "claude", input_uncached=1, output=1)
    assert "input_uncached in USD, output in EUR" in said


def test_json_holds_amounts_and_prices_as_decimal_text() -> None:
    told = json.loads(json.dumps(ask(input_uncached=3, output=550).as_json()))
    assert told["total"] == "0.008259"
    assert told["meters"] == {"input_uncached": "0.000009", "output": "0.00825"}
    assert told["prices"]["output"]["price_per_million"] == "15"
    assert told["prices"]["output"]["source"] == "contract:x.csv"
