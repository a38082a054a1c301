"""`loads`, `quarantine`, `accept` and `replay`, on a company whose one provider is scripted here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from llm_finops_tests.cli.conftest import Command, Said
from llm_finops_tests.connectors import pages_openai as pages
from llm_finops_tests.connectors.pages import days_of
from llm_finops_tests.connectors.server import Reply, Request, said, serving

KEY = "sk-admin-canary-5d20b1"
DAYS = ("2026-11-19", "2026-11-20")
FIRST, LAST = DAYS
REVENUE = "customer,amount,currency,day\nada,5.00,USD,2026-11-19\nbob,5_00,USD,2026-11-20\n"


@dataclass
class Trouble:
    """The company: its environment, and what its provider says a line of each day costs."""

    environment: dict[str, str]
    root: Path
    costs: dict[str, list[str]] = field(default_factory=lambda: {day: ["1.25", "3.00"] for day in DAYS})
    asked: int = 0

    def answer(self, request: Request) -> Reply:
        self.asked += 1
        if request.path.endswith("/projects"):
            return said({"data": [], "has_more": False})
        question = pages.PAGES.question(request)
        rows: dict[str, list[dict[str, Any]]] = {day: [] for day in days_of(question)}
        if question.report == "costs":
            rows = {
                day: [pages.cost_row(value, line_item=f"item {n}") for n, value in enumerate(self.costs[day])]
                for day in rows
            }
        return said(pages.page([pages.bucket(day, of) for day, of in rows.items()]))


@pytest.fixture
def trouble(tmp_path: Path) -> Iterator[Trouble]:
    (tmp_path / "clock").write_text("2026-11-23T06:30:00Z", encoding="utf-8")
    (tmp_path / "revenue.csv").write_text(REVENUE, encoding="utf-8")
    environment = {"LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml"), "LLM_FINOPS_CLOCK": str(tmp_path / "clock")}
    made = Trouble({**environment, "OPENAI_ADMIN_KEY": KEY}, tmp_path)
    with serving(made.answer) as provider:
        (tmp_path / "finops.toml").write_text(
            f'start_date = {FIRST}\n[providers.openai]\nbase_url = "{provider.url}/v1"\n'
            '[revenue.billing]\npaths = "revenue.csv"\n',
            encoding="utf-8",
        )
        yield made


def test_a_held_day_from_the_red_run_to_its_acceptance(trouble: Trouble, command: Command) -> None:
    def run(*arguments: str) -> Said:
        return command(*arguments, environment=trouble.environment)

    backfill = ("backfill", "--from", FIRST, "--to", LAST)
    assert run(*backfill).code == 0
    (trouble.root / "clock").write_text("2026-11-24T06:30:00Z", encoding="utf-8")
    trouble.costs[FIRST] = ["1.25"]
    red = run(*backfill)
    assert red.code == 1
    (failed,) = red.err.splitlines()[-1:]
    assert failed.startswith(f"failed: openai_cost_lines openai {FIRST}: load ")
    load_id = failed.partition("`llm-finops accept ")[2].partition("`")[0]

    listed = run("loads", "--failed")
    assert listed.code == 0
    assert f"held: openai cost_lines {FIRST}: load {load_id} says 1.25 USD, booked is 4.25 USD" in listed.out
    heads, row, _ = listed.out.splitlines()
    assert heads.split()[:2] == ["load", "read"]
    assert row.split()[:5] == [load_id, "2026-11-24T06:30:00Z", "openai", "cost_lines", f"{FIRST}..{LAST}"]
    assert "whole, 1 held" in row

    told = json.loads(run("loads", "--source", "openai", "--day", LAST, "--limit", "2", "--json").out)
    assert [one["dataset"] for one in told["loads"]] == ["cost_lines", "usage"]
    assert [one["load_id"] for one in told["held"]] == [int(load_id)]

    said_then = run("loads", "--pages", load_id)
    assert "GET /organization/costs?bucket_width=1d&end_time=" in said_then.out
    raw = run("loads", "--pages", load_id, "--raw").out
    assert [len(bucket["results"]) for bucket in json.loads(raw)["data"]] == [1, 2]
    assert KEY not in said_then.out + raw

    asked = trouble.asked
    accepted = run("accept", load_id)
    assert (accepted.code, trouble.asked) == (0, asked)
    assert f"moved: openai cost_lines {FIRST}: 4.25 USD → 1.25 USD" in accepted.out
    again = run("accept", load_id)
    assert again.code == 0
    assert again.out.startswith(f"load {load_id} holds no day: it was accepted, or a later reading stands; nothing to")
    assert "interrupted, the next run settles what hangs on it; `llm-finops backfill --days 1`" in again.out
    assert "held:" not in run("loads").out

    bad = run("quarantine")
    assert bad.out.splitlines()[0].split() == ["day", "source", "dataset", "reason", "file", "row"]
    assert "expected a decimal number such as 12.50, saw '5_00'" in bad.out
    assert bad.out.splitlines()[-1] == "1 rows not counted. Mend the file, the next run reads it again"
    (trouble.root / "revenue.csv").write_text(REVENUE.replace("5_00", "5.00"), encoding="utf-8")
    trouble.environment.pop("OPENAI_ADMIN_KEY")

    replay = run("replay", "--from", FIRST, "--to", FIRST)  # it reads files as any run does, and asks no provider

    assert (replay.code, trouble.asked) == (0, asked)
    assert "0 days of usage or cost moved" in replay.out
    assert replay.err.startswith("reading the pages kept in SQLite ")
    assert run("quarantine").out == "every row is counted\n"
    assert run("quarantine", "--json").out == "[]\n"


def test_what_cannot_be_done_says_why(trouble: Trouble, command: Command) -> None:
    def run(*arguments: str) -> Said:
        return command(*arguments, environment=trouble.environment)

    missing = f"sqlite:///{trouble.root}/nowhere.sqlite"
    for arguments, why in [
        (("accept", "7"), "there is no load 7; `llm-finops loads` lists them"),
        (("loads", "--pages", "7"), "no page of load 7 is kept"),
        (("replay", "--account", "opnai"), "no [providers.opnai]; there are openai"),
        (("replay", "--source-ledger", missing), "the source ledger is not there; expected one that this version"),
    ]:
        refused = run(*arguments)
        assert refused.code == 1
        assert why in refused.err
    assert run("replay").out == "no pages are kept of these days: nothing to replay\n"
    assert run("loads").out.splitlines()[-1] == "no load"
    assert not (trouble.root / "nowhere.sqlite").exists()
