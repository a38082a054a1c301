"""Prices as segments: one place in time and input meets one segment, and its prices are the book's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.records import BEGINNING, FOREVER, NONE, Price
from llm_finops.engine import EngineError
from llm_finops.engine.segments import band_bounds, micros, segments
from llm_finops_tests.engine.made import NOON, price

METERS = ("input_cache_read", "input_uncached", "output")
DAYS = ["2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z", "2026-09-03T00:00:00Z", FOREVER]
BANDS = ["0-200k", "200k-1M", "1M-"]


@pytest.mark.parametrize(
    ("label", "inside", "outside"),
    [
        (NONE, [0, 10**15], []),
        ("0-200k", [0, 200_000], [200_001]),
        ("200k-", [200_001, 10**15], [200_000]),
        ("200k-1M", [200_001, 1_000_000], [200_000, 1_000_001]),
        ("0-128000", [0, 128_000], [128_001]),
    ],
)
def test_a_band_holds_what_is_strictly_above_its_low_end(label: str, inside: list[int], outside: list[int]) -> None:
    low, high = band_bounds(label)
    assert all(low < total <= high for total in inside)
    assert not any(low < total <= high for total in outside)


@pytest.mark.parametrize("label", ["", "long", "200k", "0-200K", "-200k", "(any)"])
def test_a_band_that_is_none_is_refused(label: str) -> None:
    with pytest.raises(EngineError, match="expected \\(none\\), or such as 0-200k"):
        band_bounds(label)


def disjoint(cuts: list[int], banded: bool, meter: str) -> list[Price]:
    """Prices of one meter that never overlap: a span of time each, whole or in bands."""
    spans = list(zip([BEGINNING, *DAYS], DAYS, strict=False))
    return [
        price(meter, 1, valid_from=start, valid_until=end, context_band=band)._replace(price_nano=cut * 10 + i)
        for cut, (start, end) in zip(cuts, spans, strict=False)
        if cut
        for i, band in enumerate(BANDS if banded else [NONE])
    ]


books = st.tuples(
    *(st.builds(disjoint, st.lists(st.integers(0, 3), max_size=4), st.booleans(), st.just(meter)) for meter in METERS)
).map(lambda groups: [row for group in groups for row in group])
moments = st.integers(-1, 73).map(lambda hour: datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=hour))


@given(books, moments, st.sampled_from([0, 1, 200_000, 200_001, 10**6, 10**6 + 1]))
def test_a_place_meets_one_segment_with_the_book_s_prices(book: list[Price], at: datetime, total: int) -> None:
    moment = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    met = [s for s in segments(book, METERS) if s.from_micros <= moment < s.until_micros and s.low < total <= s.high]
    for i, meter in enumerate(METERS):
        held = [
            row.price_nano
            for row in book
            if row.meter == meter
            and micros(row.valid_from) <= moment < micros(row.valid_until)
            and band_bounds(row.context_band)[0] < total <= band_bounds(row.context_band)[1]
        ]
        assert len(held) <= 1
        assert [segment.prices[i] for segment in met if segment.prices[i] is not None] == held
    assert len(met) <= 1


def test_two_prices_at_once_are_an_error_that_names_both() -> None:
    book = [price("output", 1, source="contract:a.csv"), price("output", 2, valid_from=NOON, source="contract:b.csv")]
    with pytest.raises(
        EngineError, match=r"openai gpt standard output: contract:a.csv .* contract:b.csv from 2026-09-01"
    ):
        segments(book, METERS)


def test_prices_of_meters_that_nobody_logs_are_left_out() -> None:
    assert segments([price("output_audio", 1), price("web_search", 5)], METERS) == []


def test_a_request_is_booked_under_the_band_and_currency_of_its_input() -> None:
    book = [
        price("output", 1, context_band="0-200k", currency="EUR"),
        price("input_cache_read", 2),
        price("output", 3, "b"),
    ]
    of_gpt = [s for s in segments(book, METERS) if s.model == "gpt"]
    assert {(s.band, s.currency, s.prices) for s in of_gpt} == {(NONE, "USD", (2_000_000_000, None, None))}
    (of_b,) = [s for s in segments(book, METERS) if s.model == "b"]
    assert of_b.prices == (None, None, 3_000_000_000)
