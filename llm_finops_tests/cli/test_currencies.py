"""`llm-finops explain` of a company that is paid in euros for what costs dollars."""

import json
from pathlib import Path

import pytest

from llm_finops_tests.cli.conftest import Command

DAY, NEXT = "2026-11-03", "2026-11-04"
TOML = """
start_date = 2026-11-03
[costs.seats]
paths = "seats.csv"
[revenue.billing]
paths = "revenue.csv"
[[owners]]
name = "seats"
match = { account = "seats" }
customer = "bob"
[rates.bank]
paths = "rates.csv"
[reporting]
currency = "EUR"
"""


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "finops.toml": TOML,
        "clock": "2026-11-05T06:30:00Z",
        "seats.csv": "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n"
        f"2.50,USD,{DAY},{NEXT}\n2.50,USD,{NEXT},2026-11-05\n",
        "revenue.csv": f"customer,amount,currency,day\nbob,9.00,EUR,{DAY}\nbob,900,JPY,{NEXT}\n",
        "rates.csv": "date,base,quote,rate\n2026-10-30,EUR,USD,1.25\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_margin_in_one_currency_its_rate_and_what_has_none(company: Path, command: Command) -> None:
    clock = {"LLM_FINOPS_CLOCK": "clock"}
    done = command("backfill", "--from", DAY, "--to", NEXT, environment=clock)
    assert done.code == 0, done.err

    said = command("explain", "--customer", "bob", "--day", DAY, environment=clock).out
    assert "bob, 2026-11-03 (USD)\n  revenue not loaded  −  cost 2.5  =  margin unknown\n" in said
    assert "\nall in EUR\n  revenue 9  −  cost 2  =  margin 7\n" in said
    assert "\n  USD→EUR inverse: 1 EUR = 1.25 USD (bank, 2026-10-30)\n" in said
    tree = json.loads(command("explain", "--customer", "bob", "--day", DAY, "--json", environment=clock).out)
    assert tree["converted"] == {
        "currency": "EUR",
        "revenue_nano": 9_000_000_000,
        "cost_nano": 2_000_000_000,
        "rates": {"USD→EUR": "inverse: 1 EUR = 1.25 USD (bank, 2026-10-30)"},
    }

    missing = command("explain", "--customer", "bob", "--day", NEXT, environment=clock).out
    assert "\nall in EUR\n  revenue not known  −  cost 2  =  margin not known\n" in missing
    assert "\n  JPY→EUR no rate: not added up\n" in missing
