"""A company without a provider: a cost file, a request log and revenue, from nothing to the explanation of a day."""

import json
from pathlib import Path

import pytest

from llm_finops_tests.cli.conftest import Command, Said

DAYS = ["2026-11-03", "2026-11-04"]
RED = "\x1b[31mRED\nFAKE: margin 9999"
TURNED = "evil\u202etxt"
TOML = """
start_date = 2026-11-03
[costs.azure]
paths = "costs.csv"
columns = { model = "model", meter = "meter" }
[costs.seats]
paths = "seats.csv"
[requests.gateway]
paths = "log/*.jsonl"
speaks_for = { accounts = ["azure"] }
[requests.gateway.columns]
id = "id"
time = "time"
account = { const = "azure" }
provider = { const = "azure" }
model = "model"
customer = "customer"
feature = "feature"
output = "output"
[revenue.billing]
paths = "revenue.csv"
[revenue.other]
paths = "other.csv"
[prices]
paths = "prices.csv"
[[owners]]
name = "seats"
match = { account = "seats" }
customer = "bob"
"""
COSTS = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,model,meter,ConsumedQuantity,ConsumedUnit\n"
SEATS = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n"
CLOCK = {"LLM_FINOPS_CLOCK": "clock"}


@pytest.fixture
def company(tmp_path: Path) -> Path:
    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    write("clock", "2026-11-05T06:30:00Z")
    write("finops.toml", TOML)
    until = dict(zip(DAYS, [DAYS[1], "2026-11-05"], strict=True))
    write("costs.csv", COSTS + "".join(f"6.00,USD,{day},{until[day]},m-1,output,3000,tokens\n" for day in DAYS))
    write("seats.csv", SEATS + "".join(f"1.00,USD,{day},{until[day]}\n" for day in DAYS))
    write("prices.csv", "provider,model,meter,price_per_million,currency\nazure,m-1,output,7,USD\n")
    write("revenue.csv", "customer,amount,currency,day\n" + "".join(f"ada,9.00,USD,{day}\n" for day in DAYS))
    write("other.csv", "customer,amount,currency,day\n" + "".join(f"bob,1.00,USD,{day}\n" for day in DAYS))
    for day in DAYS:
        rows = [
            {"id": f"{day}-{n}", "time": f"{day}T10:00:00Z", "model": "m-1", "output": 1_000, **owner}
            for n, owner in enumerate(
                [{"customer": "ada", "feature": RED}, {"customer": "ada", "feature": TURNED}, {"customer": TURNED}]
            )
        ]
        write(f"log/{day}.jsonl", "".join(json.dumps({"feature": "chat", **row}) + "\n" for row in rows))
    return tmp_path


def run(command: Command, *arguments: str) -> Said:
    return command(*arguments, environment=CLOCK)


@pytest.mark.slow
def test_days_that_were_never_run_are_missing_and_are_traced_to_their_files(command: Command, company: Path) -> None:
    said = run(command, "backfill", "--missing", "--json")
    assert (said.code, json.loads(said.out)["failed"]) == (0, [])
    assert json.loads(said.out)["new_versions"] > 0
    said = run(command, "backfill", "--missing", "--json")
    assert (said.code, json.loads(said.out)["new_versions"]) == (0, 0)
    assert said.err == ""  # nothing was missing any more, so nothing was run

    tree = json.loads(run(command, "explain", "--customer", "ada", "--day", DAYS[0], "--json").out)
    assert {load["dataset"] + " " + load["source"] for load in tree["loads"]} == {
        "cost_lines azure",
        "request_totals gateway",
        "revenue billing",
    }
    allocations = [allocation for margin in tree["margins"] for allocation in margin["allocations"]]
    assert sum(allocation["cost_nano"] for allocation in allocations) == 4_000_000_000
    shares = [share for allocation in allocations for share in allocation["shares"]]
    assert {(share["by"], share["price"] and share["price"]["price_nano"]) for share in shares} == {
        ("list cost", 7_000_000_000)
    }

    tree = json.loads(run(command, "explain", "--customer", "bob", "--day", DAYS[0], "--json").out)
    assert {load["dataset"] + " " + load["source"] for load in tree["loads"]} == {"cost_lines seats", "revenue other"}


@pytest.mark.slow
def test_what_a_name_holds_neither_colours_nor_forges_a_line(command: Command, company: Path) -> None:
    run(command, "backfill", "--days", "2")

    said = run(command, "explain", "--customer", "ada", "--day", DAYS[0])
    assert said.code == 0
    assert r"feature \x1b[31mRED\nFAKE: margin 9999 (USD)" in said.out.splitlines()
    assert r"feature evil\u202etxt (USD)" in said.out.splitlines()
    unknown = run(command, "explain", "--customer", "\x1b[31m\u202e", "--day", DAYS[0])
    assert unknown.code == 1
    known = run(command, "explain", "--customer", TURNED, "--day", DAYS[0])
    priced = run(command, "price", "--provider", "azure", "--model", RED, "--output", "1")
    assert priced.code == 1
    for one in (said, unknown, known, priced):
        assert not set("\x1b\u202e") & set(one.out + one.err)
    assert not any(line.startswith("FAKE") for one in (said, priced) for line in (one.out + one.err).splitlines())
