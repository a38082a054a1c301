"""Of which months an invoice is asked for."""

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
