"""A day's usage at list cost, and what is said of rows whose cost is doubtful."""

import random

from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.price import AS_STANDARD, BAND_UNKNOWN, PRICE_CHANGED, UNPRICED, PriceBook, price_usage
from llm_finops.core.records import BEGINNING, FOREVER, NONE, Price, PricedUsage, Usage

DAY, NOON, NEXT = "2026-09-01", "2026-09-01T12:00:00Z", "2026-09-02T00:00:00Z"


def price(meter: str = "output", nano: int = 15 * 10**9, **more: str) -> Price:
    usual = Price("openai", "gpt", "standard", NONE, meter, "USD", nano, BEGINNING, FOREVER, "contract:ours.csv")
    return usual._replace(**more)  # type: ignore[arg-type]


def usage(quantity: int = 1_000, **more: str) -> Usage:
    usual = Usage("openai-eu", "openai", "p1", "key", NONE, "gpt", "standard", NONE, "output", "tokens", quantity)
    return usual._replace(**more)  # type: ignore[arg-type]


def only(rows: list[Usage], book: list[Price]) -> tuple[PricedUsage, list[tuple[str, str, str, int]]]:
    priced, findings = price_usage(rows, PriceBook(book), DAY)
    assert len(priced) == 1
    assert {finding.day for finding in findings} <= {DAY}
    assert {finding.account for finding in findings} <= {"openai-eu"}
    return priced[0], [(f.kind, f.subject, f.unit, f.amount) for f in findings]


def test_usage_costs_what_its_meters_price_says_in_that_prices_currency() -> None:
    row, findings = only([usage(1_001)], [price(currency="EUR")])
    assert row == PricedUsage(*usage(1_001), 15_015_000, "EUR")
    assert findings == []


def test_what_has_no_price_has_no_cost_and_a_finding_with_all_its_quantity() -> None:
    rows = [usage(1_000, api_key="a"), usage(234, api_key="b"), usage(0, api_key="c"), usage(7)]
    rows = [row._replace(model="gpt-9") if row.api_key in {"a", "b", "c"} else row for row in rows]
    priced, findings = price_usage(rows, PriceBook([price()]), DAY)
    assert [(row.model, row.list_cost_nano, row.currency) for row in priced if row.model == "gpt-9"] == [
        ("gpt-9", None, NONE)
    ] * 3
    assert [(f.kind, f.subject, f.unit, f.amount) for f in findings] == [
        (UNPRICED, "openai gpt-9 standard output", "tokens", 1_234)
    ]
    assert "price file" in findings[0].detail


def test_another_tiers_price_is_never_taken() -> None:
    row, findings = only([usage(service_tier="batch")], [price()])
    assert (row.list_cost_nano, row.currency) == (None, NONE)
    assert findings == [(UNPRICED, "openai gpt batch output", "tokens", 1_000)]


def test_a_price_of_zero_is_a_price() -> None:
    row, findings = only([usage()], [price(nano=0)])
    assert (row.list_cost_nano, row.currency) == (0, "USD")
    assert findings == []


def test_a_quantity_in_another_unit_than_the_meters_is_unpriced() -> None:
    row, findings = only([usage(unit="millitokens")], [price()])
    assert row.list_cost_nano is None
    assert findings == [(UNPRICED, "openai gpt standard output", "millitokens", 1_000)]


def test_the_price_is_that_of_the_days_start_and_a_change_within_the_day_is_said() -> None:
    before, after = price(nano=10**9, valid_until=NOON), price(nano=2 * 10**9, valid_from=NOON)
    row, findings = only([usage()], [before, after])
    assert row.list_cost_nano == 1_000_000
    assert findings == [(PRICE_CHANGED, "openai gpt standard output", "tokens", 1_000)]


def test_a_price_that_ends_within_the_day_has_changed_too() -> None:
    assert only([usage()], [price(valid_until=NOON)])[1] == [
        (PRICE_CHANGED, "openai gpt standard output", "tokens", 1_000)
    ]


def test_a_change_at_the_next_days_start_or_to_the_same_price_is_none() -> None:
    assert only([usage()], [price(valid_until=NEXT), price(nano=1, valid_from=NEXT)])[1] == []
    assert only([usage()], [price(valid_until=NOON), price(valid_from=NOON, source="contract:other.csv")])[1] == []


def test_a_price_that_begins_within_the_day_leaves_the_day_unpriced() -> None:
    row, findings = only([usage()], [price(valid_from=NOON)])
    assert row.list_cost_nano is None
    assert [kind for kind, *_ in findings] == [UNPRICED]


def test_usage_without_a_band_has_the_lowest_bands_price_and_a_finding_for_the_model() -> None:
    bands = [price("output", 1 * 10**9, context_band="0-272k"), price("output", 2 * 10**9, context_band="272k-")]
    inputs = [row._replace(meter="input_uncached") for row in bands]
    priced, findings = price_usage([usage(), usage(5, meter="input_uncached")], PriceBook(bands + inputs), DAY)
    assert [(row.context_band, row.list_cost_nano) for row in priced] == [(NONE, 5_000), (NONE, 1_000_000)]
    assert [(f.kind, f.subject, f.amount) for f in findings] == [(BAND_UNKNOWN, "openai gpt standard", 1_005)]


def test_usage_of_a_band_has_that_bands_price_and_keeps_its_own_name_for_it() -> None:
    bands = [price(nano=10**9, context_band="0-200k"), price(nano=2 * 10**9, context_band="200k-")]
    row, findings = only([usage(context_band="200k-1M")], bands)
    assert (row.context_band, row.list_cost_nano) == ("200k-1M", 2_000_000)
    assert findings == []
    assert only([usage(context_band="200k-1M")], [price()])[0].context_band == "200k-1M"


def test_usage_without_a_tier_is_weighed_as_standard_and_says_so() -> None:
    row, findings = only([usage(service_tier=NONE)], [price()])
    assert (row.service_tier, row.list_cost_nano) == (NONE, 15_000_000)
    assert findings == [(AS_STANDARD, "openai gpt (none)", "tokens", 1_000)]


@given(
    st.lists(
        st.builds(
            lambda quantity, model, tier, meter: usage(quantity, model=model, service_tier=tier, meter=meter),
            st.integers(0, 10**9),
            st.sampled_from(["gpt", "gpt-9"]),
            st.sampled_from(["standard", "batch", NONE]),
            st.sampled_from(["output", "input_uncached"]),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_no_row_is_lost_and_the_order_of_rows_changes_nothing(rows: list[Usage], shuffler: random.Random) -> None:
    book = PriceBook([price(valid_until=NOON), price(nano=1, valid_from=NOON)])
    priced, findings = price_usage(rows, book, DAY)
    assert sorted(row[:11] for row in priced) == sorted(tuple(row) for row in rows)
    assert sum(f.amount for f in findings if f.kind == UNPRICED) == sum(
        row.quantity for row in priced if row.list_cost_nano is None
    )
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    assert price_usage(shuffled, book, DAY) == (priced, findings)
