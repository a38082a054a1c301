"""What the doctor says of invoices."""

from datetime import date
from pathlib import Path

import pytest

from llm_finops.config import load
from llm_finops.doctor.check import OK, PROBLEM, WARNING
from llm_finops.doctor.invoices import examine_invoices

TOML = """
start_date = 2026-09-01
[costs.seats]
paths = "seats.csv"
[invoices.seats]
account = "seats"
paths = "invoices.csv"
"""
HEAD = "InvoiceId,BillingPeriodStart,BilledCost,BillingCurrency\n"
SEPTEMBER = "A,2026-09-01,1,USD\n"


@pytest.mark.parametrize(
    ("text", "day", "state", "said"),
    [
        (None, "2026-10-05", PROBLEM, "No file matches invoices.csv"),
        ("InvoiceId\n", "2026-10-05", PROBLEM, "no column 'BillingPeriodStart'"),
        (HEAD, "2026-10-05", PROBLEM, "None of 0 rows is an invoice"),
        (HEAD + SEPTEMBER, "2026-11-10", OK, "1 invoices of seats, for 2026-09 to 2026-09."),
        (HEAD + SEPTEMBER, "2026-11-11", WARNING, "That of 2026-10 is not there, although it was due 10 days after"),
        (HEAD + SEPTEMBER + "B,2026-09-01,1_0,USD\n", "2026-10-05", WARNING, "1 invoices or rows cannot be counted"),
    ],
)
def test_what_invoice_files_hold_and_what_is_missing_is_said(
    tmp_path: Path, text: str | None, day: str, state: str, said: str
) -> None:
    (tmp_path / "finops.toml").write_text(TOML, "utf-8")
    if text is not None:
        (tmp_path / "invoices.csv").write_text(text, "utf-8")
    config = load({"LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml")})
    checks = list(examine_invoices(config, "seats", date.fromisoformat(day)))
    assert checks[-1].subject == "invoices.seats"
    assert checks[-1].state == state
    assert said in checks[-1].said
