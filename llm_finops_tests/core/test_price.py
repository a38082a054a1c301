"""The price book: contract before list, dates, bands and names; against a plain reading of the rows."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_finops.core.money import BIGINT, MoneyError
from llm_finops.core.price import (
    PriceBook,
    PriceBookError,
    band_bounds,
    band_label,
    is_contract,
    list_cost,
    overlapping,
    spellings,
)
from llm_finops.core.records import ANY, BEGINNING, FOREVER, NONE, Price
from llm_finops.engine.segments import micros, segments

LIST, CONTRACT = "list:genai-prices 0.2.3", "contract:ours.csv"
DAYS = [f"2026-09-{day:02d}T00:00:00Z" for day in (1, 5, 9, 13, 17)]
TIMES = [BEGINNING, *DAYS, FOREVER]
BANDS = (NONE, "0-200k", "200k-")
METERS = ("input_uncached", "input_cache_write", "input_cache_write_5m", "output")
TIERS = ("standard", "batch")


def price(meter: str = "output", nano: int = 10**9, source: str = LIST, **more: str) -> Price:
    usual = Price("openai", "gpt", "standard", NONE, meter, "USD", nano, BEGINNING, FOREVER, source)
    return usual._replace(**more)  # type: ignore[arg-type]


def covers(row: Price, at: str, total: int) -> bool:
    in_band = {NONE: True, "0-200k": total <= 200_000, "200k-": total > 200_000}[row.context_band]
    return row.valid_from <= at < row.valid_until and in_band


def expected(rows: Sequence[Price], tier: str, meter: str, at: str, total: int) -> Price | None:
    """What holds, read off the rows: the company's own, else the list's; an unsaid life of a write is 5 minutes."""
    for asked in [meter, "input_cache_write_5m"] if meter == "input_cache_write" else [meter]:
        here = [row for row in rows if (row.service_tier, row.meter) == (tier, asked) and covers(row, at, total)]
        for kind in (True, False):
            found = [row for row in here if is_contract(row) == kind]
            if found:
                return found[0]
    return None


def instants() -> list[str]:
    moments = [datetime.fromisoformat(day) for day in DAYS]
    near = [moment + timedelta(seconds=s) for moment in moments for s in (-1, 0)]
    return [moment.isoformat().replace("+00:00", "Z") for moment in near]


POINTS = list(product(TIERS, METERS, instants(), (0, 1, 200_000, 200_001)))


@st.composite
def given_rows(draw: st.DrawFn) -> list[Price]:
    """Rows that do not contradict each other within their kind: made one by one, the contradictory left out."""
    rows: list[Price] = []
    for number in range(draw(st.integers(0, 14))):
        start = draw(st.integers(0, len(TIMES) - 2))
        end = draw(st.integers(start + 1, len(TIMES) - 1))
        row = price(
            draw(st.sampled_from(METERS)),
            (number + 1) * 10**6,
            draw(st.sampled_from((LIST, CONTRACT))),
            service_tier=draw(st.sampled_from(TIERS)),
            context_band=draw(st.sampled_from(BANDS)),
            valid_from=TIMES[start],
            valid_until=TIMES[end],
        )
        alike = [r for r in rows if (r.service_tier, r.meter, r.source) == (row.service_tier, row.meter, row.source)]
        clash = any(covers(r, at, n) and covers(row, at, n) for r in alike for at in TIMES[:-1] for n in (0, 200_001))
        rows += [] if clash else [row]
    return rows


@settings(max_examples=60, deadline=None)
@given(given_rows())
def test_every_point_has_the_price_that_a_plain_reading_of_the_rows_gives(rows: list[Price]) -> None:
    book = PriceBook(rows)
    for tier, meter, at, total in POINTS:
        want = expected(rows, tier, meter, at, total)
        band = "0-200k" if total <= 200_000 else "200k-1M"
        found = book.find("openai", "gpt", tier, band, meter, at)
        assert (found and (found.price_nano, found.source)) == (want and (want.price_nano, want.source))


@settings(max_examples=60, deadline=None)
@given(given_rows())
def test_a_list_price_never_holds_where_a_contract_does(rows: list[Price]) -> None:
    own = [row for row in rows if is_contract(row)]
    for row in PriceBook(rows).rows:
        if not is_contract(row):
            for other in own:
                if (other.service_tier, other.meter) == (row.service_tier, row.meter):
                    assert not any(covers(other, at, n) and covers(row, at, n) for at in TIMES for n in (0, 200_001))


@settings(max_examples=60, deadline=None)
@given(given_rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing_and_a_book_of_a_books_rows_is_the_same(
    rows: list[Price], shuffler: random.Random
) -> None:
    book = PriceBook(rows)
    shuffled = rows * 2
    shuffler.shuffle(shuffled)
    again, settled = PriceBook(shuffled), PriceBook(book.rows)
    assert book.rows == again.rows == settled.rows
    pair = [("openai", "gpt")]
    assert book.rows_for(pair) == again.rows_for(pair) == settled.rows_for(pair)


@settings(max_examples=60, deadline=None)
@given(given_rows())
def test_at_most_one_joined_row_holds_at_any_point_and_it_is_the_one_found(rows: list[Price]) -> None:
    book = PriceBook(rows)
    joined = book.rows_for([("openai", "gpt")])
    assert overlapping(joined) is None
    for tier, meter, at, total in POINTS:
        held = [r for r in joined if (r.service_tier, r.meter) == (tier, meter) and covers(r, at, total)]
        band = "0-200k" if total <= 200_000 else "200k-"
        assert held == [r for r in [book.find("openai", "gpt", tier, band, meter, at)] if r]


@settings(max_examples=60, deadline=None)
@given(given_rows())
def test_the_engines_segments_hold_the_prices_and_the_band_that_the_book_finds(rows: list[Price]) -> None:
    book = PriceBook(rows)
    cut = segments(book.rows_for([("openai", "gpt")]), METERS)
    for tier, at, total in product(TIERS, instants(), (0, 200_000, 200_001)):
        held = [
            s
            for s in cut
            if s.tier == tier and s.from_micros <= micros(at) < s.until_micros and s.low < total <= s.high
        ]
        band = "0-200k" if total <= 200_000 else "200k-"
        found = [book.find("openai", "gpt", tier, band, meter, at) for meter in METERS]
        assert [s.prices for s in held] == [tuple(p and p.price_nano for p in found)] * any(found)
        assert book.band("openai", "gpt", tier, at, total) == (held[0].band if held else NONE)


def test_a_contract_cuts_the_list_before_after_below_and_above_itself() -> None:
    listed = price("input_uncached", 3)
    own = price("input_uncached", 2, CONTRACT, valid_from=DAYS[0], valid_until=DAYS[2], context_band="200k-1M")
    assert PriceBook([listed, own]).rows == sorted(
        [
            own,
            listed._replace(valid_until=DAYS[0]),
            listed._replace(valid_from=DAYS[2]),
            listed._replace(valid_from=DAYS[0], valid_until=DAYS[2], context_band="0-200k"),
            listed._replace(valid_from=DAYS[0], valid_until=DAYS[2], context_band="1M-"),
        ]
    )


def test_two_prices_of_one_kind_at_one_time_are_refused_and_both_are_named() -> None:
    one, other = price(nano=1, valid_until=DAYS[1]), price(nano=2, valid_from=DAYS[0], model="GPT")
    with pytest.raises(PriceBookError) as error:
        PriceBook([one, other])
    assert DAYS[1] in str(error.value)
    assert "openai GPT standard" in str(error.value)
    PriceBook([one, other._replace(valid_from=DAYS[1])])  # until is exclusive


def test_usage_that_names_no_band_meets_the_lowest_and_another_providers_bounds_meet_ours_by_their_low_end() -> None:
    low, high = price(nano=1, context_band="0-272k"), price(nano=2, context_band="272k-")
    book = PriceBook([low, high])
    for said, want in ((NONE, low), (ANY, low), ("0-200k", low), ("200k-1M", low), ("272k-1M", high), ("1M-", high)):
        assert book.find("openai", "gpt", "standard", said, "output", DAYS[0]) == want
    assert book.find("openai", "gpt", "standard", "long", "output", DAYS[0]) is None
    assert PriceBook([price()]).find("openai", "gpt", "standard", "long", "output", DAYS[0]) == price()


def test_a_band_is_of_requests_strictly_above_its_low_end() -> None:
    book = PriceBook([price(context_band="0-200k"), price(context_band="200k-")])
    totals = (0, 1, 200_000, 200_001)
    assert [book.band("openai", "gpt", "standard", DAYS[0], n) for n in totals] == ["0-200k"] * 3 + ["200k-"]


def test_bands_are_read_as_they_are_written() -> None:
    for label in (NONE, "0-200k", "200k-1M", "200k-", "0-199999", "199999-", "1M-2M"):
        assert band_label(*band_bounds(label)) == label
    assert band_label(*band_bounds("0-200000")) == "0-200k"
    for wrong in ("", "200k", "200k-100k", "0-0", "-200k", "0-200K", "1.5k-", "٢-"):
        with pytest.raises(PriceBookError, match="context band"):
            band_bounds(wrong)


def test_a_tier_that_is_not_said_is_standard_and_an_unknown_one_has_no_price() -> None:
    book = PriceBook([price()])
    assert book.find("openai", "gpt", NONE, NONE, "output", DAYS[0]) == price()
    assert book.find("openai", "gpt", "batch", NONE, "output", DAYS[0]) is None


def test_an_instant_may_have_a_fraction_or_an_offset() -> None:
    book = PriceBook([price(nano=1, valid_until=DAYS[0]), price(nano=2, valid_from=DAYS[0])])
    for at, nano in (
        ("2026-08-31T23:59:59.999999Z", 1),
        ("2026-09-01T00:00:00.000001Z", 2),
        ("2026-09-01T01:59:59+02:00", 1),
        ("2026-09-01T02:00:00+02:00", 2),
        ("2026-09-01T00:00:00", 2),
    ):
        found = book.find("openai", "gpt", "standard", NONE, "output", at)
        assert found is not None
        assert found.price_nano == nano


def test_a_cache_write_of_unknown_life_falls_back_to_five_minutes_and_no_other_life_falls_back() -> None:
    five = price("input_cache_write_5m", 5)
    book = PriceBook([five])
    assert book.find("openai", "gpt", "standard", NONE, "input_cache_write", DAYS[0]) == five._replace(
        meter="input_cache_write"
    )
    for meter in ("input_cache_write_30m", "input_cache_write_1h", "input_cache_write_12h"):
        assert book.find("openai", "gpt", "standard", NONE, meter, DAYS[0]) is None
    own = price("input_cache_write", 7, valid_from=DAYS[1])
    mixed = PriceBook([five, own])
    nanos = [mixed.find("openai", "gpt", "standard", NONE, "input_cache_write", at) for at in (DAYS[0], DAYS[1])]
    assert [found and found.price_nano for found in nanos] == [5, 7]


@pytest.mark.parametrize(
    "name",
    ["gpt-6-2026-09-01", "GPT-6-20260901", "gpt-6@20260901"],
)
def test_a_dated_snapshot_has_the_price_of_its_pattern_under_its_own_name(name: str) -> None:
    book = PriceBook([price(model="gpt-6-YYYYMMDD")])
    assert book.rows_for([("openai", name)]) == [price(model=name)]
    assert book.rows_for([("azure", name)]) == []


@pytest.mark.parametrize(
    "name", ["gpt-6", "gpt-6-foo", "gpt-6-2026-13-01", "gpt-6-20260230", "gpt-60-20260901", "gpt-6-202609011", "gpt-9"]
)
def test_what_is_no_date_behind_a_known_name_is_another_model(name: str) -> None:
    book = PriceBook([price(model="gpt-6-YYYYMMDD")])
    assert book.rows_for([("openai", name)]) == []


def test_a_pattern_behind_an_at_sign_is_of_names_with_one() -> None:
    book = PriceBook([price(model="claude-4@YYYYMMDD")])
    names = ("claude-4@20260901", "claude-4-20260901", "claude-4-2026-09-01")
    assert [len(book.rows_for([("openai", name)])) for name in names] == [1, 0, 0]


def test_an_exact_name_goes_before_a_pattern_of_a_year_and_that_before_any_date() -> None:
    exact, of_year, any_date = (
        price(model=model, nano=nano)
        for nano, model in enumerate(("gpt-6-2025-08-07", "gpt-6-2025MMDD", "gpt-6-YYYYMMDD"))
    )
    book = PriceBook([exact, of_year, any_date])
    names = ("gpt-6-2025-08-07", "gpt-6-20250807", "gpt-6-2025-08-08", "gpt-6-2026-08-07")
    nanos = [row.price_nano for name in names for row in book.rows_for([("openai", name)])]
    assert nanos == [0, 0, 1, 2]


def test_a_contracts_pattern_goes_before_the_lists_exact_name_and_a_contracts_name_before_its_pattern() -> None:
    listed = price(model="gpt-6-2026-09-01", nano=3)
    pattern = price(model="gpt-6-YYYYMMDD", nano=2, source=CONTRACT)
    exact = price(model="gpt-6-2026-09-01", nano=1, source=CONTRACT, valid_until=DAYS[0])
    found = PriceBook([listed, pattern, exact]).rows_for([("openai", "gpt-6-2026-09-01")])
    assert [(row.price_nano, row.valid_from) for row in found] == [(1, BEGINNING), (2, DAYS[0])]


def test_the_list_prices_of_a_name_and_of_a_pattern_do_not_mix() -> None:
    exact = price("input_uncached", model="gpt-6-2026-09-01")
    book = PriceBook([exact, price("output", model="gpt-6-YYYYMMDD")])
    assert book.rows_for([("openai", "gpt-6-2026-09-01")]) == [exact]


def test_a_fine_tuned_model_and_the_first_revision_on_bedrock_are_priced_by_their_base() -> None:
    assert spellings("ft:gpt-4o-2024-08-06:acme::abc") == [
        "ft:gpt-4o-2024-08-06:acme::abc",
        "ft:gpt-4o-2024-08-06",
        "ft:gpt-4o-2024mmdd",
        "ft:gpt-4o-yyyymmdd",
    ]
    assert spellings("us.anthropic.claude-x-v1:0") == ["us.anthropic.claude-x-v1:0", "us.anthropic.claude-x"]
    assert spellings("us.anthropic.claude-x-v2:0") == ["us.anthropic.claude-x-v2:0"]


@given(st.integers(0, 10**15), st.integers(0, 10**14))
def test_a_list_cost_is_the_exact_product_rounded_once_half_even(quantity: int, nano: int) -> None:
    exact = Decimal(quantity) * Decimal(nano) / 10**6
    if exact < BIGINT:
        assert list_cost(quantity, price(nano=nano)) == int(exact.to_integral_value())
    else:
        with pytest.raises(MoneyError):
            list_cost(quantity, price(nano=nano))


def test_halves_go_to_the_even_neighbour() -> None:
    assert [list_cost(n, price(nano=500_000)) for n in (1, 2, 3, 5)] == [0, 1, 2, 2]
