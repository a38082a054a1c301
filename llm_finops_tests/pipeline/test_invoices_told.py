"""Months in Dagster and in Slack: what the daily run tells of them, what a click does, what the message says."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from llm_finops.core.digest import plain
from llm_finops.definitions import build
from llm_finops.pipeline.said import message_of
from llm_finops_tests.pipeline.billed import INVOICE, Billed
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little, write_csv
from llm_finops_tests.pipeline.test_events import told
from llm_finops_tests.pipeline.test_ui import VERSIONS, Ui, instance, ui  # noqa: F401  (fixtures)
from llm_finops_tests.pipeline.workspace import Workspace, deliver

MONTH = "2026-11"
TABLE = '[invoices.paper]\naccount = "paper"\npaths = "invoices/*.csv"\n'
REPORTED = 20_500_000_000  # five days of 4.10
CENT = 10_000_000


def invoice(company: Little, amount: str, number: str = "INV-1", month: str = MONTH) -> Path:
    rows = Billed.invoice_rows([("usage", amount)], number, month)
    return write_csv(company.root / "invoices" / f"{number}.csv", INVOICE, rows)


def state(company: Little) -> list[tuple[object, ...]]:
    return company.rows(
        "select month, reported_nano, difference_nano, state from current_invoice_matches order by month"
    )


@pytest.fixture
def billed(played: Little) -> Little:
    played.configure(TABLE)
    return played


def test_the_daily_run_tells_the_months_it_moved_or_was_asked_for(
    billed: Little,
    instance: dg.DagsterInstance,  # noqa: F811
) -> None:
    invoice(billed, "20.51")
    report = billed.run(LAST, LAST, instance)
    assert report.ok
    assert state(billed) == [(MONTH, REPORTED, CENT, "differs")]
    assert {name: told(instance, name) for name in ("invoices", "invoice_matches", "daily_summary")} == {
        "invoices": {MONTH},
        "invoice_matches": {MONTH},
        "daily_summary": {LAST},
    }
    # A restated day moves the match, and a file that cannot be read fails the run once all else is told.
    billed.report(LAST, amount="2.01")
    (billed.root / "invoices" / "INV-1.csv").unlink()
    report = billed.run(LAST, LAST, instance)
    assert [(f.asset, f.subject, f.day) for f in report.failed] == [("invoices", "paper", MONTH)]
    assert state(billed) == [(MONTH, REPORTED + CENT, 0, "matched")]


def test_where_nobody_is_invoiced_the_months_are_told_and_a_day_is_not_said_to_wait_for_them(
    played: Little,
    instance: dg.DagsterInstance,  # noqa: F811
) -> None:
    assert played.run(LAST, LAST, instance).ok
    assert state(played) == []
    assert told(instance, "invoices") == told(instance, "invoice_matches") == {MONTH}
    graph = build(played.config, played.finops).get_repository_def().asset_graph
    stale = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    assert stale.get_stale_causes(dg.AssetKey("daily_summary"), LAST) == []


def test_a_month_asked_for_alone_in_the_ui_books_that_match_and_nothing_else(
    billed: Little,
    ui: Ui,  # noqa: F811
    instance: dg.DagsterInstance,  # noqa: F811
) -> None:
    invoice(billed, "20.51")
    ui.materialise("reference", None)
    before = set(billed.rows(VERSIONS))
    ui.materialise("invoices", MONTH)
    ui.materialise("invoice_matches", MONTH)
    made = {version[1:4] for version in set(billed.rows(VERSIONS)) - before}
    assert made == {(name, "paper", MONTH) for name in ("invoices", "invoice_lines", "invoice_matches")}
    assert state(billed) == [(MONTH, REPORTED, CENT, "differs")]
    assert {name: told(instance, name) for name in ("invoices", "invoice_matches", "margins")} == {
        "invoices": {MONTH},
        "invoice_matches": {MONTH},
        "margins": set(),
    }


def test_a_day_that_no_report_covers_is_named_and_its_estimate_is_no_report(little: Little) -> None:
    little.configure(TABLE)
    invoice(little, "20.50")
    little.report(DAYS[1], amount="2,00")  # unreadable: the day is estimated
    report = little.settle()
    assert [(f.asset, f.day) for f in report.failed] == [("paper_cost_lines", DAYS[1])]
    assert little.rows("select distinct basis from current_cost_lines where day = :day", day=DAYS[1]) == [
        ("estimated",)
    ]
    assert state(little) == [(MONTH, REPORTED - 4_100_000_000, 4_100_000_000, "differs")]
    told_days = little.rows("select amount, detail from current_findings where kind = 'days without a report'")
    named = (
        "26 of 30 days have no cost report: 2026-11-01, 2026-11-02, 2026-11-03 and 23 more; the match is without them"
    )
    assert told_days == [(26, named)]


def lines(company: Little, day: str = LAST) -> list[str]:
    with company.finops.work("") as work:
        return [line for line in plain(message_of(work, day)).splitlines() if line.startswith("Invoice ")]


def test_the_message_tells_what_came_and_differs_on_its_day_and_is_silent_the_day_after(billed: Little) -> None:
    invoice(billed, "20.50", month="2026-10")  # of a month before the start: not ours
    invoice(billed, "20.51", "INV-2")
    assert billed.settle(LAST, LAST).ok
    said = "Invoice paper 2026-11: $20.51 billed, "
    came = [said + "$20.50 reported, compared once the month is over."]
    assert lines(billed) == came
    assert lines(billed, DAYS[-2]) == []  # its morning was before that

    # Reports of a month that is not over move its match, which is no news until they are all there.
    billed.set_clock("2026-11-24T06:30:00Z")
    billed.report(LAST, amount="2.04")
    assert billed.settle(LAST, LAST).ok
    assert lines(billed, "2026-11-23") == []
    assert lines(billed, "2026-11-29") == []
    assert lines(billed, "2026-11-30") == [said + "$20.54 reported (25 days without a report), differs by −$0.03."]
    assert lines(billed, "2026-12-01") == []
    # Then a day is restated, and what was said stays said.
    billed.set_clock("2026-12-03T06:30:00Z")
    billed.report(LAST, amount="2.02")
    assert billed.settle(LAST, LAST).ok
    assert lines(billed, "2026-12-02") == [said + "$20.52 reported (25 days without a report), differs by −$0.01."]
    assert lines(billed, "2026-11-30") == [said + "$20.54 reported (25 days without a report), differs by −$0.03."]
    assert lines(billed) == came


def test_an_invoice_of_another_month_that_comes_after_the_message_is_in_its_edit_and_not_in_the_next(
    due: Little, workspace: Workspace
) -> None:
    due.configure(workspace.toml, TABLE)
    deliver(due)
    due.set_clock("2026-11-22T15:00:00Z")
    path = invoice(due, "9.00", month="2026-12")
    path.write_text(path.read_text(encoding="utf-8").replace("2026-13-01", "2027-01-01"), encoding="utf-8")
    assert due.settle(LAST, LAST).ok
    deliver(due)
    (message,) = workspace.channel()
    assert "Invoice paper 2026-12: $9.00 billed, no cost reported, compared once the month is over." in message.text
    assert lines(due, "2026-11-22") == []


def test_an_invoice_is_late_from_its_due_day_on_until_it_comes(billed: Little) -> None:
    (billed.root / "invoices").mkdir()
    invoice(billed, "0.00", "INV-0", "2026-12")
    write_csv(billed.root / "invoices" / "INV-0.csv", INVOICE, [])
    billed.configure(TABLE + "due_days = 5\n")
    assert billed.settle(FIRST, LAST).ok
    assert lines(billed) == []
    assert lines(billed, "2026-12-04") == []
    late = "Invoice paper 2026-11: late, 5 days after the month's end; $20.50 reported (25 days without a report)."
    assert lines(billed, "2026-12-05") == [late]
    billed.set_clock("2026-12-07T06:30:00Z")
    invoice(billed, "20.50")
    assert billed.settle(LAST, LAST).ok
    assert lines(billed, "2026-12-05") == [late]
    assert lines(billed, "2026-12-06") == [
        "Invoice paper 2026-11: $20.50 billed, $20.50 reported (25 days without a report), matches."
    ]
    assert lines(billed, "2026-12-07") == []
    # Another content: said once, on the morning it came.
    billed.set_clock("2026-12-09T06:30:00Z")
    path = invoice(billed, "20.49")
    path.rename(path.with_name("again.csv"))
    invoice(billed, "20.50")
    assert billed.settle(LAST, LAST).ok
    assert lines(billed, "2026-12-08") == [
        "Invoice paper 2026-11: INV-1 is not taken; the findings of the month say why."
    ]
