"""When a day is complete, and when only final: by the provider's own word, and by the lane that stands for it."""

from llm_finops_tests.pipeline.little import LAST, UNLOGGED, USED, Little

LANE = "select distinct basis from current_cost_lines where day = :day"
DUE = "select day from digests"
BEFORE = "2026-11-20"


def test_a_day_that_is_not_over_for_the_provider_keeps_its_estimate_and_is_read_again(little: Little) -> None:
    little.set_clock("2026-11-25T06:30:00Z")  # long after the day has settled by the clock
    (little.paper / f"{LAST}.json").write_text('{"usage": [["red", "k1", "sheet-1", 900000, 0]], "costs": []}', "utf-8")
    little.clip(LAST)
    assert little.run().ok
    assert little.rows(LANE, day=LAST) == [("estimated",)]
    assert little.rows("select kind from current_findings where scope = 'paper' and kind like 'report%'") == [
        ("report incomplete",)
    ]
    assert little.rows(DUE) == [(BEFORE,)]

    little.clip()
    little.report(LAST)
    asked = len(little.calls())
    assert [report.ok for report in little.run_missing()] == [True]
    assert little.calls()[asked:] == [f"usage {LAST}", f"costs {LAST}"]
    assert little.rows(LANE, day=LAST) == [("reported",)]
    assert little.rows("select max(day) from digests") == [(LAST,)]


def test_half_a_day_that_was_reported_is_not_complete_because_its_usage_is(little: Little) -> None:
    little.set_clock(f"{LAST}T12:00:00Z")
    little.report(LAST, amount="1.00", used=[USED[0]])
    assert little.run().ok
    assert little.rows(DUE) == [(BEFORE,)]

    little.set_clock("2026-11-22T06:30:00Z")
    little.report(LAST, amount="unreadable")
    assert not little.run().ok
    assert little.rows(DUE) == [(BEFORE,)]

    little.report(LAST, used=[*USED, UNLOGGED])
    assert little.run().ok
    assert little.rows("select max(day) from digests") == [(LAST,)]


def test_an_estimate_read_after_the_days_end_is_complete(little: Little) -> None:
    little.report(LAST, amount="unreadable")
    assert not little.run().ok
    assert little.rows(LANE, day=LAST) == [("estimated",)]
    assert little.rows(DUE) == [(LAST,)]


def test_a_final_day_that_charges_nothing_is_told(little: Little) -> None:
    (little.paper / f"{BEFORE}.json").write_text(
        '{"usage": [["red", "k1", "sheet-1", 900000, 0]], "costs": []}', "utf-8"
    )
    assert little.run().ok
    found = little.rows("select day, unit, amount from current_findings where kind = 'usage without cost'")
    assert found == [(BEFORE, "USD", 1_800_000_000)]
