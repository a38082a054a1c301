"""The checks of a day: what turns them yellow, what their words say to do, and that thresholds move them."""

import json

import pytest
import sqlalchemy as sa

from llm_finops.core.records import ALL, Reconciliation
from llm_finops.pipeline import checks, freshness
from llm_finops.pipeline.events import Verdict
from llm_finops.pipeline.graph import declared
from llm_finops_tests.pipeline.little import COSTS, DAYS, FIRST, LAST, TOML, USED, Little, write_csv

LATE = "2026-11-24T12:00:00Z"  # sixty hours after the last day's end
NO_LOG = TOML[: TOML.index("\n[requests")] + '[revenue.billing]\npaths = ["revenue/*.csv"]\n'


def verdicts(company: Little, name: str) -> dict[str, dict[str, Verdict]]:
    """{asset: {day: what its check of that name says}} of the ledger as it stands."""
    with company.finops.work("checks") as work:
        return {
            asset.name: check(work, DAYS)
            for asset in declared(company.config)
            for called, _, check in asset.checks
            if called == name
        }


def failed(company: Little, name: str) -> dict[str, dict[str, str]]:
    found = {
        asset: {d: v.said for d, v in said.items() if not v.passed} for asset, said in verdicts(company, name).items()
    }
    return {asset: said for asset, said in found.items() if said}


def test_a_company_as_it_should_be_is_green(little: Little) -> None:
    assert little.settle().ok

    for name in ("fresh", "reconciled", "conserved"):
        said = verdicts(little, name)
        assert said
        assert all(set(days) == set(DAYS) for days in said.values()), name
        assert failed(little, name) == {}, name
    assert set(verdicts(little, "fresh")) == {"paper_usage", "paper_cost_lines", "request_totals", "revenue"}


def test_a_provider_that_was_not_read_since_the_days_end_is_late_once_its_time_is_over(little: Little) -> None:
    little.set_clock(f"{LAST}T06:30:00Z")  # the last day is not over
    little.settle()
    little.set_clock("2026-11-23T11:59:00Z")
    said = verdicts(little, "fresh")["paper_usage"][LAST]
    assert said.passed
    assert said.said == (
        "no whole reading of the day yet from paper (newest: 2026-11-20); expected by 2026-11-23 12:00 UTC"
    )

    little.set_clock("2026-11-23T12:00:00Z")
    for asset in ("paper_usage", "paper_cost_lines"):
        assert failed(little, "fresh")[asset] == {
            LAST: "no whole reading of the day from paper (newest: 2026-11-20), 36 h after its end: `llm-finops "
            "doctor` says why; `llm-finops backfill --missing` reads it again"
        }
    little.configure("[checks]\nfresh_hours = 48")
    assert failed(little, "fresh") == {}


def test_files_that_end_too_early_are_named_with_their_newest_day(little: Little) -> None:
    (little.root / "log" / f"{LAST}.csv").unlink()
    (little.root / "revenue" / f"{LAST}.csv").unlink()
    rows = [("1.00", "USD", DAYS[1], DAYS[2], "seats")]
    write_csv(little.root / "seats.csv", COSTS, rows)
    little.configure('[costs.seats]\npaths = ["seats.csv"]')
    little.set_clock(LATE)
    little.settle()

    late = failed(little, "fresh")
    assert set(late) == {"request_totals", "revenue", "seats_cost_lines"}
    assert "no request of the day from gateway (newest: 2026-11-20), 36 h" in late["request_totals"][LAST]
    assert "no revenue of the day from billing (newest: 2026-11-20), 36 h" in late["revenue"][LAST]
    assert set(late["revenue"]) == set(late["request_totals"]) == {LAST}
    assert set(late["seats_cost_lines"]) == set(DAYS[2:])  # the day before its first one asks nothing of it
    assert "[costs.seats] paths" in late["seats_cost_lines"][LAST]


def test_the_newest_day_of_revenue_is_one_that_has_it_whatever_day_is_asked(little: Little) -> None:
    for day in DAYS[3:]:
        (little.root / "revenue" / f"{day}.csv").unlink()
    little.set_clock(LATE)
    little.settle()
    with little.finops.work("checks") as work:
        said = freshness.revenue(work, [LAST])[LAST]
    assert not said.passed
    assert f"from billing (newest: {DAYS[2]}), 36 h" in said.said


@pytest.mark.parametrize(
    ("left", "state", "far"),
    [(100, "differs", True), (199, "differs", False), (100, "not_comparable", False), (200, "matched", False)],
)
def test_what_cannot_be_compared_parts_by_nothing(left: int, state: str, far: bool) -> None:
    units = (left * 10**9, "reported cost", 200 * 10**9, (200 - left) * 10**9)
    row = Reconciliation("cost", ALL, ALL, ALL, "USD", "priced usage", *units, state)
    assert bool(checks._varies(row, 5)) is far


def test_cost_that_parts_from_usage_at_list_is_yellow_beyond_the_threshold(little: Little) -> None:
    little.report(DAYS[2], amount="2.20")  # 4.30 reported, 4.10 at list
    little.settle()

    assert failed(little, "reconciled") == {
        "reconciliations": {
            DAYS[2]: "paper: $4.10 at list, $4.30 reported: see the findings of reconciliations for the model; "
            "a contract price belongs into the CSV of [prices]"
        }
    }
    little.configure("[checks]\nvariance_max = 5")
    assert failed(little, "reconciled") == {}


@pytest.mark.parametrize(("most", "bad"), [(0, {FIRST}), (50, {FIRST}), (80, set())])
def test_what_has_no_price_is_yellow_beyond_the_threshold(little: Little, most: int, bad: set[str]) -> None:
    used = [*USED, ("red", "k3", "sheet-9", 3_000_000, 0)]  # 3,000,000 of 4,360,000 tokens
    (little.paper / f"{FIRST}.json").write_text(json.dumps({"usage": used, "costs": []}), encoding="utf-8")
    little.configure(f"[checks]\nunpriced_max = {most}")
    little.settle()

    assert set(failed(little, "priced").get("paper_priced_usage", {})) == bad
    said = verdicts(little, "priced")["paper_priced_usage"][FIRST].said
    assert said == "no price for sheet-9 standard input_uncached: add it to the CSV of [prices]"


def test_a_log_that_covers_too_little_says_who_can_help_and_no_log_is_no_fault(little: Little) -> None:
    little.configure("[checks]\ncoverage_min = 97")
    little.settle()
    assert failed(little, "covered") == {
        "allocations": dict.fromkeys(
            DAYS,
            "request logs account for 90 % of the tokens, less than 97 %: `llm-finops doctor` names the key that would "
            "add most",
        )
    }

    alone = little.again("without")
    alone.configure(toml=NO_LOG)
    alone.settle()
    said = verdicts(alone, "covered")["allocations"][LAST]
    assert said.passed
    assert said.said == "no request log is configured: costs go by rules and shares ([[owners]], [[spread]])"


def test_shares_that_part_from_their_lines_are_told_with_the_command_that_mends_them(little: Little) -> None:
    little.settle()
    with little.ledger() as ledger, ledger.writing() as connection:  # a hand in the database
        connection.execute(sa.text("update allocations set cost_nano = cost_nano + 7 where day = :day"), {"day": LAST})

    assert list(failed(little, "conserved")["allocations"]) == [LAST]
    said = failed(little, "conserved")["allocations"][LAST]
    assert said.startswith("paper: allocations differ from reported lines by 0.0000000")
    assert said.endswith(f"trust nothing of the day, and run it again: `llm-finops backfill --from {LAST} --to {LAST}`")
