"""What a bill implies, beside the book: mistakes are found and named, noise is not."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.audit import First, audit, first_seen
from llm_finops.core.derived import ImpliedPrice
from llm_finops.core.price import PriceBook, price_usage
from llm_finops.core.records import (
    ANY,
    BEGINNING,
    ESTIMATED,
    FOREVER,
    NONE,
    TAX,
    CostLine,
    Finding,
    Price,
    PricedUsage,
    Usage,
)
from llm_finops_tests.core.little_world import DAY, OPENAI, line, usage

UNIT, M = 10**9, 10**6
TRUE = {"input_uncached": 1_250_000_000, "input_cache_read": 125_000_000, "output": 10_000_000_000}
SOLD = {
    (model, tier, meter): nano * size // (2 if tier == "batch" else 1)
    for model, size in (("m1", 4), ("m2", 1))
    for tier in ("standard", "batch")
    for meter, nano in TRUE.items()
}
USED = {at: (3 + n) * M for n, at in enumerate(sorted(SOLD))}


def price(model: str, tier: str, meter: str, nano: int, **more: Any) -> Price:
    row = Price(OPENAI, model, tier, NONE, meter, "USD", nano, BEGINNING, FOREVER, "list:made 1")
    return row._replace(**more)


def book(changed: dict[Any, int | None] | None = None, more: Iterable[Price] = ()) -> PriceBook:
    """The right prices, but for those that are changed (None: missing)."""
    known: dict[tuple[str, str, str], int | None] = {**SOLD, **(changed or {})}
    rows = [price(model, tier, meter, nano) for (model, tier, meter), nano in known.items() if nano is not None]
    return PriceBook([*rows, *more])


def used(quantities: dict[Any, int] | None = None) -> list[Usage]:
    return [
        Usage(*usage(OPENAI, quantity, model=model, service_tier=tier, meter=meter, project="p")[:11])
        for (model, tier, meter), quantity in (USED if quantities is None else quantities).items()
    ]


def bill(
    quantities: dict[Any, int] | None = None, rate: Fraction = Fraction(1), *, tiers: bool = True, digit: int = 1
) -> list[CostLine]:
    """What is charged, rounded to a digit (nano), by tier or not."""
    sums: dict[tuple[str, str, str], Fraction] = {}
    for at, quantity in (USED if quantities is None else quantities).items():
        key = at if tiers else (at[0], ANY, at[2])
        sums[key] = sums.get(key, Fraction(0)) + Fraction(quantity * SOLD[at], M) * rate
    return [
        line(OPENAI, round(nano / digit) * digit, project="p", model=model, service_tier=tier, meter=meter)
        for (model, tier, meter), nano in sums.items()
    ]


def audited(
    known: PriceBook, lines: list[CostLine], rows: list[Usage] | None = None, day: str = DAY
) -> tuple[list[ImpliedPrice], list[Finding]]:
    return audit(day, OPENAI, price_usage(used() if rows is None else rows, known, day)[0], lines, known)


def reasons(rows: list[ImpliedPrice]) -> dict[tuple[str, str, str], str]:
    return {(row.model, row.service_tier, row.meter): row.reason for row in rows if row.state == "differs"}


ONE = ("m1", "standard", "output")


@pytest.mark.parametrize("tiers", [True, False])
@pytest.mark.parametrize("digit", [1, 10_000_000])
def test_a_right_book_matches_every_charge(tiers: bool, digit: int) -> None:
    rows, findings = audited(book(), bill(tiers=tiers, digit=digit))
    assert {row.state for row in rows} == {"matched"}
    assert len(rows) == (12 if tiers else 6)
    assert findings == []
    assert sum(row.billed_nano for row in rows) == sum(each.billed_nano for each in bill(tiers=tiers, digit=digit))


def test_the_implied_price_stands_beside_list_and_contract() -> None:
    own = price(*ONE, 30 * UNIT, source="contract:prices.csv")
    for known, expected in ((book(), (40 * UNIT, None)), (book(more=[own]), (None, 30 * UNIT))):
        rows, _ = audited(known, bill())
        (row,) = [row for row in rows if (row.model, row.service_tier, row.meter) == ONE]
        assert (row.list_price_nano, row.contract_price_nano) == expected
        assert (row.implied_price_nano, row.quantity) == (40 * UNIT, USED[ONE])


@pytest.mark.parametrize("tiers", [True, False])
@pytest.mark.parametrize(
    ("times", "reason"),
    [
        (Fraction(100), "factor 100"),
        (Fraction(1, 100), "factor 1/100"),
        (Fraction(1000), "factor 1000"),
        (Fraction(1, 1000), "factor 1/1000"),
    ],
)
def test_a_price_mistaken_by_a_factor_is_named_with_model_tier_and_meter(
    tiers: bool, times: Fraction, reason: str
) -> None:
    rows, findings = audited(book({ONE: int(SOLD[ONE] * times)}), bill(tiers=tiers))
    assert reasons(rows) == {ONE: reason}
    (finding,) = findings
    assert (finding.kind, finding.subject) == ("price differs from bill", f"{OPENAI} m1 standard output")
    assert "the bill implies 40 USD a million tokens" in finding.detail
    assert finding.amount == USED[ONE] * (SOLD[ONE] - int(SOLD[ONE] * times)) // M


@pytest.mark.parametrize("tiers", [True, False])
def test_a_missing_tier_gets_the_price_that_the_bill_implies_ready_to_paste(tiers: bool) -> None:
    missing = ("m1", "batch", "output")
    rows, findings = audited(book({missing: None}), bill(tiers=tiers))
    (row,) = [row for row in rows if row.state == "unpriced"]
    assert (row.service_tier, row.meter, row.implied_price_nano) == ("batch", "output", 20 * UNIT)
    assert (row.list_price_nano, row.contract_price_nano, row.expected_nano) == (None, None, None)
    (finding,) = findings
    assert finding.kind == "price implied by bill"
    assert finding.detail.endswith(f": {OPENAI},m1,batch,,output,20,USD,{DAY},")


def test_a_stale_price_and_one_that_the_book_knows_from_later_are_told_apart() -> None:
    change = "2026-11-01T00:00:00Z"
    new = [price(*ONE, 33 * UNIT, valid_from=change), price(*ONE, 40 * UNIT, valid_until=change)]
    rows, findings = audited(book({ONE: None}, new), bill())
    assert reasons(rows) == {ONE: "earlier price"}
    assert "of before 2026-11-01, 40 a million" in findings[0].detail
    change = "2026-12-01T00:00:00Z"
    old = [price(*ONE, 40 * UNIT, valid_from=change), price(*ONE, 33 * UNIT, valid_until=change)]
    rows, findings = audited(book({ONE: None}, old), bill())
    assert reasons(rows) == {ONE: "later price"}
    assert "knows from 2026-12-01" in findings[0].detail


_OWN = price(*ONE, 30 * UNIT, source="contract:prices.csv")
_SINCE, _TO = "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"


@pytest.mark.parametrize(
    ("own", "said", "reason"),
    [
        ([_OWN], True, "list price"),  # the book has no list price left: the provider says it
        ([_OWN], False, "unknown"),
        ([_OWN._replace(valid_from=_SINCE)], True, "list price"),
        ([_OWN._replace(valid_from=_SINCE)], False, "list price"),  # the book's list price of before the contract
        ([_OWN._replace(valid_until=_TO)], False, "list price"),  # or of after it
        ([_OWN._replace(price_nano=80 * UNIT, valid_from=_SINCE)], True, "list price"),  # twice as much: a tier's, too
        ([_OWN._replace(price_nano=4_000 * UNIT, valid_from=_SINCE)], True, "factor 100"),  # cents, in the contract
        (  # an earlier contract, not the list
            [_OWN._replace(price_nano=40 * UNIT, valid_until=_SINCE), _OWN._replace(valid_from=_SINCE)],
            False,
            "earlier price",
        ),
    ],
)
def test_a_bill_at_list_beside_a_contract_is_named_whatever_the_contracts_dates(
    own: list[Price], said: bool, reason: str
) -> None:
    lines = [each._replace(provider_list_nano=each.billed_nano) if said else each for each in bill()]
    assert reasons(audited(book(more=own), lines)[0]) == {ONE: reason}


def test_the_price_of_another_tier_or_meter_is_named() -> None:
    tier = bill()
    at = next(n for n, each in enumerate(tier) if (each.model, each.service_tier, each.meter) == ONE)
    half = tier[at].amount_nano // 2
    tier[at] = tier[at]._replace(amount_nano=half, billed_nano=half)
    assert reasons(audited(book(), tier)[0]) == {ONE: "tier batch"}
    uncached = ("m2", "standard", "input_uncached")
    cached = [
        each._replace(billed_nano=each.billed_nano // 10)
        if (each.model, each.service_tier, each.meter) == uncached
        else each
        for each in bill()
    ]
    assert reasons(audited(book(), cached)[0]) == {uncached: "meter input_cache_read"}


@pytest.mark.parametrize("tiers", [True, False])
@pytest.mark.parametrize(
    ("rate", "reason"), [(Fraction(9, 10), "discount 10 %"), (Fraction(1075, 1000), "surcharge 7.5 %")]
)
def test_one_rate_on_everything_is_a_discount_and_said_of_each(tiers: bool, rate: Fraction, reason: str) -> None:
    rows, findings = audited(book(), bill(rate=rate, tiers=tiers))
    assert set(reasons(rows).values()) == {reason}
    assert len(findings) == len(rows) == (12 if tiers else 6)


def test_a_discount_on_one_model_alone_is_unknown_and_does_not_touch_the_other() -> None:
    lines = [each._replace(billed_nano=each.billed_nano * 83 // 100) if each.model == "m2" else each for each in bill()]
    found = reasons(audited(book(), lines)[0])
    assert {model for model, *_ in found} == {"m2"}
    assert set(found.values()) == {"unknown"}


def test_tiny_amounts_and_their_digits_raise_nothing() -> None:
    tiny = dict.fromkeys(SOLD, 150)  # a few thousandths of a dollar, billed to the cent
    rows, findings = audited(book(), bill(tiny, digit=10_000_000), used(tiny))
    assert findings == []
    assert {row.state for row in rows} <= {"not_comparable", "matched"}
    assert "too little to tell" in {row.reason for row in rows}
    near = audited(book(), bill(rate=Fraction(1004, 1000)))
    assert near[1] == []


def test_taxes_credits_and_estimates_are_never_audited() -> None:
    lines = [each._replace(basis=ESTIMATED) for each in bill()]
    assert audited(book({ONE: 1}), lines) == ([], [])
    assert audited(book({ONE: 1}), [each._replace(charge_category=TAX) for each in bill()]) == ([], [])


def test_a_line_and_its_refund_are_one_charge() -> None:
    lines = bill()
    wrong = lines[0]._replace(line_id="wrong", amount_nano=7 * UNIT, billed_nano=7 * UNIT)
    back = wrong._replace(line_id="back", amount_nano=-7 * UNIT, billed_nano=-7 * UNIT)
    assert audited(book(), [*lines, wrong, back])[1] == []


def test_a_report_of_another_moment_is_compared_by_its_own_quantity() -> None:
    less = {at: quantity * 4 // 5 for at, quantity in USED.items()}
    said = [
        each._replace(quantity=less[each.model, each.service_tier, each.meter], unit="tokens") for each in bill(less)
    ]
    assert audited(book(), said)[1] == []
    assert audited(book(), bill(less))[1] != []  # without one, less is billed than was used


def test_a_quantity_of_the_bill_in_another_scale_accuses_nobody_while_the_usage_bears_the_price_out() -> None:
    said = [
        each._replace(quantity=USED[each.model, each.service_tier, each.meter] // 1000, unit="tokens")
        for each in bill()
    ]
    assert audited(book(), said)[1] == []


def test_charges_that_share_usage_are_one_however_they_are_chained() -> None:
    known: dict[str, Any] = {"project": "p", "model": "m1", "service_tier": "standard", "meter": "output"}
    rows = [Usage(*usage(OPENAI, M, api_key=key, **known)[:11]) for key in ("k1", "k2")]
    parts = [("1", "k1", 10), ("2", "k2", 30), ("3", ANY, 20), ("4", "k1", 20)]
    lines = [line(OPENAI, nano * UNIT, line_id=id_, api_key=key, **known) for id_, key, nano in parts]
    (row,), findings = audited(book(), lines, rows)
    assert (row.quantity, row.billed_nano, row.state, findings) == (2 * M, 80 * UNIT, "matched", [])


def test_what_is_not_told_raises_nothing_within_what_it_may_mean() -> None:
    bands = [
        price("m3", "standard", "output", n * UNIT, context_band=band) for n, band in ((1, "0-200k"), (2, "200k-"))
    ]
    rows = [Usage(*usage(OPENAI, 10 * M, model="m3", service_tier="standard", meter="output")[:11])]
    for nano, state in ((10, "matched"), (15, "not_comparable"), (25, "differs")):
        found, findings = audited(book(more=bands), [line(OPENAI, nano * UNIT, model="m3", meter="output")], rows)
        assert [row.state for row in found] == [state]
        assert bool(findings) == (state == "differs")
    assert found[0].reason == "unknown"


def test_a_bill_in_another_currency_is_not_compared() -> None:
    found, findings = audited(book(), [each._replace(currency="EUR") for each in bill()])
    assert {(row.state, row.reason) for row in found} == {("not_comparable", "billed in another currency")}
    assert {row.list_price_nano for row in found} == {None}
    assert findings == []


def test_the_first_day_is_that_of_the_run_and_says_until_when_the_bill_matched() -> None:
    """A silent change on the 12th; on the 14th nothing of it is used."""
    by_day = {}
    for number in range(9, 18):
        day = f"2026-11-{number:02d}"
        lines = bill(rate=Fraction(1))
        if number >= 12:
            lines = [
                each._replace(billed_nano=each.billed_nano * 6 // 5)
                if (each.model, each.service_tier, each.meter) == ONE
                else each
                for each in lines
            ]
        by_day[day] = audited(book(), [] if number == 14 else lines, day=day)[0]
    for number, expected in ((11, []), (12, ["2026-11-12"]), (17, ["2026-11-12"])):
        found = first_seen(by_day, f"2026-11-{number}")
        assert [first.day for first in found] == expected
        assert {first.matched_on for first in found} <= {"2026-11-11"}
    assert isinstance(found[0], First)
    assert (found[0].price.model, found[0].price.meter, found[0].price.reason) == ("m1", "output", "unknown")


@given(
    st.dictionaries(st.sampled_from(sorted(SOLD)), st.integers(1, 10**9), min_size=1),
    st.booleans(),
    st.sampled_from([1, 1000, 10_000_000]),
)
def test_a_right_book_is_never_accused_whatever_is_used(quantities: Any, tiers: bool, digit: int) -> None:
    lines = bill(quantities, tiers=tiers, digit=digit)
    rows, findings = audited(book(), lines, used(quantities))
    assert findings == []
    assert sum(row.billed_nano for row in rows) == sum(each.billed_nano for each in lines)
    assert audited(book(), lines[::-1], used(quantities)[::-1]) == (rows, findings)


@given(st.sampled_from(sorted(SOLD)), st.sampled_from([100, 1000]), st.booleans(), st.integers(10**5, 10**9))
def test_a_factor_is_found_whichever_price_it_is(at: Any, times: int, tiers: bool, quantity: int) -> None:
    quantities = {**USED, at: quantity}
    lines = bill(quantities, tiers=tiers)
    rows, findings = audited(book({at: SOLD[at] * times}), lines, used(quantities))
    assert reasons(rows) == {at: f"factor {times}"}
    assert [finding.subject for finding in findings] == [" ".join((OPENAI, *at))]
    assert sum(row.billed_nano for row in rows) == sum(each.billed_nano for each in lines)


def test_usage_of_several_models_in_one_charge_is_left_out() -> None:
    assert audited(book(), [line(OPENAI, 5 * UNIT)]) == ([], [])


def test_priced_usage_is_what_the_audit_is_asked_with() -> None:
    assert all(isinstance(row, PricedUsage) for row in price_usage(used(), book(), DAY)[0])
