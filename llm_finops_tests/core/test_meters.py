"""Meters are disjoint, families name several, quantities become whole units."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.meters import FAMILIES, TOKENS, UNITS, UNSPECIFIED, family_of, is_cache_write, is_family, whole


@pytest.mark.parametrize("meter", sorted(UNITS))
def test_every_meter_has_a_unit_and_one_family(meter: str) -> None:
    assert not is_family(meter) or meter == "output"
    assert (family_of(meter) in FAMILIES) == (UNITS[meter] == TOKENS)


def test_a_family_is_every_meter_that_begins_with_it() -> None:
    assert {meter for meter in UNITS if family_of(meter) == "output"} == {"output", "output_audio", "output_image"}
    inputs = {meter for meter in UNITS if family_of(meter) == "input"}
    assert inputs == {meter for meter in UNITS if meter.startswith("input_")}
    assert (family_of("input"), family_of("web_search"), family_of("inputs")) == ("input", "web_search", "inputs")


def test_cache_writes_are_the_unspecified_one_and_those_of_known_life() -> None:
    writes = {meter for meter in UNITS if is_cache_write(meter)}
    assert writes == {UNSPECIFIED, *(f"{UNSPECIFIED}_{life}" for life in ("5m", "30m", "1h", "12h"))}
    assert not is_cache_write("input_cache_read")


@pytest.mark.parametrize(
    ("quantity", "unit", "expected"),
    [
        ("1500", "tokens", (1500, "tokens")),
        ("1500.000", "tokens", (1500, "tokens")),
        ("1.5", "hours", (1500, "millihours")),
        ("-0.25", "GB-hours", (-250, "milliGB-hours")),
        ("0.000001", "hours", (1, "microhours")),
        ("0.0000000005", "hours", (0, "nanohours")),
        ("0.0000000015", "hours", (2, "nanohours")),
        ("0", "tokens", (0, "tokens")),
    ],
)
def test_a_quantity_is_whole_in_the_coarsest_unit_that_holds_it(
    quantity: str, unit: str, expected: tuple[int, str]
) -> None:
    assert whole(Decimal(quantity), unit) == expected


@given(quantity=st.decimals(-(10**12), 10**12, places=9, allow_nan=False, allow_infinity=False))
def test_nothing_is_lost_of_a_quantity_down_to_a_billionth(quantity: Decimal) -> None:
    count, unit = whole(quantity, "hours")
    digits = {"hours": 0, "millihours": 3, "microhours": 6, "nanohours": 9}[unit]
    assert Decimal(count).scaleb(-digits) == quantity
