"""Of which months an invoice is asked for, and what an account that was renamed is told of again: nothing."""

from pathlib import Path

import pytest

from llm_finops.core.digest import plain
from llm_finops.pipeline.said import message_of
from llm_finops_tests.pipeline.billed import Billed


@pytest.fixture
def company(root: Path) -> Billed:
    return Billed(root).found()


def lines(company: Billed, day: str) -> list[str]:
    with company.finops.work("") as work:
        return [line for line in plain(message_of(work, day)).splitlines() if line.startswith("Invoice ")]


def test_no_invoice_is_late_of_a_month_that_cost_nothing(company: Billed) -> None:
    for account, amount in (("free", "0.00"), ("dust", "0.004"), ("paid", "3.00")):
        company.costs(account, [("usage", amount)])
        company.invoice(account, [("usage", "1.00")], month="2026-08")  # of a month before the start: not ours
        company.more[account] = "due_days = 3\n"
    company.write_config()
    assert company.book().ok

    assert lines(company, "2026-10-05") == [
        "Invoice paid 2026-09: late, 5 days after the month's end; $3.00 reported (29 days without a report)."
    ]


def test_the_months_of_a_renamed_account_do_not_come_again(company: Billed) -> None:
    company.costs("a", [("usage", "3.00")])
    path = company.invoice("a", [("usage", "3.00")])
    company.write_config()
    assert company.book().ok
    other = path.with_name("other.csv")
    other.write_text(path.read_text("utf-8").replace("3.00", "9.00"), "utf-8")
    assert company.book().ok
    (refused, came) = lines(company, "2026-10-04")
    assert "INV-1 is not taken" in refused
    assert came == "Invoice a 2026-09: $3.00 billed, $3.00 reported (29 days without a report), matches."

    company.set_clock("2026-10-08T06:30:00Z")
    text = (company.root / "finops.toml").read_text("utf-8")
    text = text.replace("[costs.a]\n", '[costs.b]\nformerly = "a"\n').replace('account = "a"', 'account = "b"')
    (company.root / "finops.toml").write_text(text, "utf-8")
    assert company.book().ok

    assert company.rows("select scope from current_invoice_matches") == [("b",)]
    assert lines(company, "2026-10-07") == []
    assert lines(company, "2026-10-04") == [refused, came]
    company.set_clock("2026-10-10T06:30:00Z")
    company.invoice("a", [("tax", "1.00")], "INV-2")
    assert company.book().ok
    (added,) = lines(company, "2026-10-09")
    assert added.startswith("Invoice b 2026-09: $4.00 billed, $3.00 reported ")
