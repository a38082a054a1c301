"""Usage beside cost, logs beside usage, and the estimate."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.reconcile import Tolerance, estimate, reconcile, report_covers
from llm_finops.core.records import ALL, ANY, ESTIMATED, INVOICED, NONE, TAX, CostLine, Coverage, PricedUsage
from llm_finops_tests.core.little_world import DAY, OPENAI, line, made_up, usage

UNIT = 10**9


def compare(rows: list[PricedUsage], lines: list[CostLine], coverage: list[Coverage] | None = None, **more: Any) -> Any:
    return reconcile(DAY, OPENAI, rows, lines, coverage or [], **{"final": True, **more})


def states(rows: list[Any]) -> dict[tuple[str, str], str]:
    return {(row.project, row.model): row.state for row in rows}


def test_usage_at_list_stands_beside_reported_cost_by_project_and_model_and_in_all() -> None:
    rows = [usage(OPENAI, 1, 5 * UNIT, project="p", model="m1", api_key=key) for key in ("k", "l")]
    rows.append(usage(OPENAI, 1, 2 * UNIT, project="p", model="m2"))
    lines = [
        line(OPENAI, 6 * UNIT, project="p", model="m1", meter="input"),
        line(OPENAI, UNIT, project="p", model="m3"),
    ]
    found, findings = compare(rows, lines)
    assert states(found) == {
        ("p", "m1"): "differs",
        ("p", "m2"): "left_only",
        ("p", "m3"): "right_only",
        (ALL, ALL): "differs",
    }
    assert {(row.left_amount, row.right_amount, row.difference) for row in found if row.project == ALL} == {
        (12 * UNIT, 7 * UNIT, -5 * UNIT)
    }
    assert [(finding.subject, finding.amount) for finding in findings] == [
        ("project p, model m1", -4 * UNIT),
        ("the whole day", -5 * UNIT),
    ]


@pytest.mark.parametrize(
    ("priced", "state"),
    [(100 * UNIT, "matched"), (101 * UNIT, "matched"), (99 * UNIT, "matched"), (101 * UNIT + 1, "differs")],
)
def test_within_one_percent_is_a_match(priced: int, state: str) -> None:
    found, findings = compare([usage(OPENAI, 1, priced, model="m")], [line(OPENAI, 100 * UNIT, model="m")])
    assert {row.state for row in found} == {state}
    assert bool(findings) == (state == "differs")


def test_small_amounts_match_within_a_cent_and_the_tolerance_is_the_callers() -> None:
    rows, lines = [usage(OPENAI, 1, 20_000_000, model="m")], [line(OPENAI, 10_000_000, model="m")]
    assert {row.state for row in compare(rows, lines)[0]} == {"matched"}
    assert {row.state for row in compare(rows, lines, tolerance=Tolerance(Fraction(0), 0))[0]} == {"differs"}


def test_unpriced_usage_is_not_comparable_and_never_zero() -> None:
    rows = [usage(OPENAI, 1, None, model="m1"), usage(OPENAI, 1, UNIT, model="m2")]
    found, findings = compare(rows, [line(OPENAI, UNIT, model=name) for name in ("m1", "m2")])
    by_model = {row.model: row for row in found}
    assert states(found) == {(ANY, "m1"): "not_comparable", (ANY, "m2"): "matched", (ALL, ALL): "not_comparable"}
    assert by_model["m1"].left_amount is None
    assert by_model[ALL].left_amount is None
    assert findings == []


def test_usage_priced_in_another_currency_than_billed_is_not_comparable() -> None:
    found, _ = compare([usage(OPENAI, 1, UNIT, model="m", currency="EUR")], [line(OPENAI, UNIT, model="m")])
    assert {(row.unit, row.state, row.difference) for row in found} == {
        ("EUR", "not_comparable", None),
        ("USD", "not_comparable", None),
    }


def test_a_report_that_charges_nothing_for_a_day_of_usage_is_told() -> None:
    rows = [usage(OPENAI, 1, UNIT, project="p", model="m1")]
    (finding,) = compare(rows, [])[1]
    assert (finding.kind, finding.unit, finding.amount) == ("usage without cost", "USD", UNIT)
    assert compare(rows, [line(OPENAI, UNIT, basis=ESTIMATED)])[1] == []
    assert compare([usage(OPENAI, 1, 1_000)], [])[1] == []  # less than a cent


def test_what_no_line_is_broken_down_by_is_compared_as_a_whole() -> None:
    rows = [usage(OPENAI, 1, UNIT, project=project, model="m") for project in ("p", "q")]
    found, _ = compare(rows, [line(OPENAI, 2 * UNIT, model="m")])
    assert states(found) == {(ANY, "m"): "matched", (ALL, ALL): "matched"}


def test_taxes_true_ups_and_estimates_are_not_compared() -> None:
    lines = [line(OPENAI, UNIT, model="m"), line(OPENAI, 9 * UNIT, charge_category=TAX)]
    lines += [line(OPENAI, 5 * UNIT, model="m", basis=basis) for basis in (INVOICED, ESTIMATED)]
    found, _ = compare([usage(OPENAI, 1, UNIT, model="short")], lines, aliases={"short": "x"})
    assert {row.right_amount for row in found} == {UNIT, None}
    assert states(compare([usage(OPENAI, 1, UNIT, model="x")], lines, aliases={"m": "x"})[0])[ANY, "x"] == "matched"


def test_a_day_that_is_not_final_shows_differences_and_tells_none() -> None:
    rows, lines = [usage(OPENAI, 1, UNIT, model="m")], [line(OPENAI, 5 * UNIT, model="m")]
    found, findings = compare(rows, lines, final=False)
    assert {row.state for row in found} == {"differs"}
    assert findings == []


def covered(model: str, quantity: int, found: int, **known: str) -> Coverage:
    row = usage(OPENAI, quantity, 0, model=model, **known)
    return Coverage._make((*row[:10], quantity, found))


def test_logged_quantities_stand_beside_the_providers_meters() -> None:
    rows = [covered("m1", 100, 99, api_key="k"), covered("m1", 100, 100, api_key="l"), covered("m2", 100, 0)]
    found, findings = compare([], [], rows)
    assert [(row.level, row.model, row.meter, row.left_amount, row.right_amount, row.state) for row in found] == [
        ("usage", "m1", "output", 199, 200, "matched"),
        ("usage", "m2", "output", 0, 100, "right_only"),
    ]
    assert [(each.kind, each.subject, each.unit, each.amount) for each in findings] == [
        ("low coverage", "request logs", "tokens", 101)
    ]
    assert compare([], [], [covered("m2", 100, 0)])[1] == []  # nothing is logged at all: that is no news a model


def test_a_report_covers_a_day_only_with_a_line_wherever_usage_has_quantity() -> None:
    rows = [usage(OPENAI, 1, 1, project="p", model=model, meter="input_uncached") for model in ("m1", "m2")]
    rows.append(usage(OPENAI, 0, 0, project="q", model="m3"))
    whole = [line(OPENAI, 0, project="p", model=model) for model in ("m1", "m2")]
    assert report_covers(rows, whole)
    assert report_covers([], [])
    assert not report_covers(rows, [])
    assert not report_covers(rows, whole[:1])
    assert not report_covers(rows, [each._replace(basis=ESTIMATED) for each in whole])
    assert report_covers(rows, [line(OPENAI, 5)])
    assert report_covers(rows, [line(OPENAI, 5, project="p", meter="input")])
    assert not report_covers(rows, [line(OPENAI, 5, project="p", meter="web_search")])
    assert not report_covers(rows, [line(OPENAI, 5, project="p", meter="other")])
    assert not report_covers(rows, [line(OPENAI, 5, project="p", model=model, meter="other") for model in ("m1", "m2")])
    assert not report_covers(rows, [line(OPENAI, 5, project="p", charge_category=TAX)])
    assert report_covers(rows[:1], [line(OPENAI, 5, model="alias")], {"alias": "m1"})
    assert report_covers([*rows, usage(OPENAI, 9, 0, project="p", model="free")], whole)
    assert not report_covers([*rows, usage(OPENAI, 9, None, project="p", model="unpriced")], whole)


def test_a_tier_paid_by_commitment_is_no_difference_where_the_report_tells_tiers_apart() -> None:
    rows = [usage(OPENAI, 1, UNIT, model="m"), usage(OPENAI, 1, 5 * UNIT, model="m", service_tier="priority")]
    by_tier, untold = line(OPENAI, UNIT, model="m", service_tier="standard"), line(OPENAI, UNIT, model="m")
    priority = line(OPENAI, UNIT, model="m", service_tier="priority")
    assert set(states(compare(rows, [by_tier])[0]).values()) == {"matched"}
    assert set(states(compare(rows, [untold])[0]).values()) == {"differs"}
    assert set(states(compare(rows, [by_tier, priority])[0]).values()) == {"differs"}
    assert set(states(compare(rows, [])[0]).values()) == {"left_only"}


def test_an_estimate_is_the_list_cost_of_each_usage_row_actors_summed() -> None:
    rows = [usage(OPENAI, 10, 70, project="p", model="m", actor=actor) for actor in ("ann", "bob")]
    lines, findings = estimate(OPENAI, DAY, [*rows, usage(OPENAI, 5, 0, model="free")])
    assert {(each.model, each.quantity, each.unit, each.amount_nano, each.basis) for each in lines} == {
        ("m", 20, "tokens", 140, ESTIMATED),
        ("free", 5, "tokens", 0, ESTIMATED),
    }
    assert findings == []
    assert {(each.period_from, each.period_until) for each in lines} == {("2026-11-20", "2026-11-21")}
    assert lines == estimate(OPENAI, DAY, [usage(OPENAI, 5, 0, model="free"), *reversed(rows)])[0]


def test_what_has_no_price_is_not_estimated_and_told() -> None:
    rows = [usage(OPENAI, 10, None, project=project, model="gpt-9", service_tier="batch") for project in ("p", "q")]
    lines, findings = estimate(OPENAI, DAY, [*rows, usage(OPENAI, 0, None, model="none used")])
    assert lines == []
    assert [(each.kind, each.subject, each.unit, each.amount) for each in findings] == [
        ("unpriced, not estimated", "gpt-9 batch output", "tokens", 20)
    ]


@given(st.integers(0, 30))
def test_an_estimate_adds_up_to_the_list_cost_has_one_id_a_line_and_matches_it(seed: int) -> None:
    rows = made_up(OPENAI, seed, 40).usage()
    lines, _ = estimate(OPENAI, DAY, rows)
    assert sum(each.amount_nano for each in lines) == sum(row.list_cost_nano or 0 for row in rows)
    assert len({each.line_id for each in lines}) == len(lines)
    found, _ = compare(rows, [each._replace(basis="reported") for each in lines])
    assert {row.state for row in found} == {"matched"}
    assert not [row for row in found if NONE in row[:4]]
