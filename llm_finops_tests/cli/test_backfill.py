"""`llm-finops backfill`, `explain` and `fingerprint` on the demo's company, three days of it."""

import json
import os
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from llm_finops.core.money import nano_text
from llm_finops.ledger import sqlite_url
from llm_finops_tests.cli.conftest import WINDOW, Command, Lantern

DAYS = [str(day) for day in WINDOW.dates()]
BAD = DAYS[1]
BOTH_LANES = """
    select count(*) from versions a join versions b on a.scope = b.scope and a.period = b.period
    where a.dataset = 'cost_lines' and b.dataset = 'estimates' and a.rows > 0 and b.rows > 0
    and (b.until_seq is null or a.from_seq < b.until_seq) and (a.until_seq is null or b.from_seq < a.until_seq)
"""


def query(lantern: Lantern, sql: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(sqlite_url(Path(lantern.environment["LLM_FINOPS_HOME"]) / "ledger.sqlite"))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(sql))]
    engine.dispose()
    return found


def bases(lantern: Lantern) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for day, basis in query(lantern, "select distinct day, basis from current_cost_lines where account = 'openai'"):
        found.setdefault(day, set()).add(basis)
    return found


@pytest.mark.slow
def test_a_spoiled_day_is_named_estimated_and_after_mending_the_only_one_read(
    lantern: Lantern, command: Command
) -> None:
    lantern.openai.days = {BAD}
    spoiled = command("backfill", "--from", DAYS[0], "--to", DAYS[-1], "--json", environment=lantern.environment)

    assert spoiled.code == 1
    told = json.loads(spoiled.out)
    assert (told["from"], told["to"]) == (DAYS[0], DAYS[-1])
    (failed,) = told["failed"]
    assert failed.startswith(f"openai_cost_lines openai {BAD}: ")
    assert "12,50" in failed
    assert f"failed: openai_cost_lines openai {BAD}: " in spoiled.err
    assert "Traceback" not in spoiled.err
    assert bases(lantern) == {DAYS[0]: {"reported"}, BAD: {"estimated"}, DAYS[-1]: {"reported"}}
    assert {day for (day,) in query(lantern, "select distinct day from current_margins")} == set(DAYS)

    lantern.openai.days = set()
    lantern.openai.asked.clear()
    before = Counter(lantern.standins.calls)
    mended = command("backfill", "--missing", "--from", DAYS[0], "--to", DAYS[-1], environment=lantern.environment)

    assert mended.code == 0
    assert mended.out.startswith(f"{DAYS[0]} to {DAYS[-1]}: ")
    assert mended.out.endswith(" new versions, 0 failed\n")
    assert set(lantern.openai.asked) == {f"costs {BAD} {BAD}"}
    asked = Counter(lantern.standins.calls) - before
    assert [path for path in asked if "analytics" in path] == []
    assert bases(lantern) == {day: {"reported"} for day in DAYS}
    assert query(lantern, BOTH_LANES) == [(0,)]


@pytest.mark.slow
def test_what_was_booked_is_explained_to_the_last_unit(lantern: Lantern, command: Command) -> None:
    command("backfill", "--missing", "--to", DAYS[-1], environment=lantern.environment)
    asked = ("explain", "--day", DAYS[-1], "--customer")
    said = command(*asked, "northwind", "--json", environment=lantern.environment)

    assert said.code == 0
    tree = json.loads(said.out)
    assert (tree["customer"], tree["day"], tree["adds_up"]) == ("northwind", DAYS[-1], True)
    assert tree["margins"]
    sums = "select feature, currency, sum(cost_nano) from current_margins where customer = 'northwind'"
    booked = {(f, c): cost for f, c, cost in query(lantern, f"{sums} and day = '{DAYS[-1]}' group by 1, 2")}
    assert {(m["feature"], m["currency"]): m["cost_nano"] for m in tree["margins"]} == booked
    for margin in tree["margins"]:
        assert sum(allocation["cost_nano"] for allocation in margin["allocations"]) == margin["cost_nano"]
        for allocation in margin["allocations"]:
            assert sum(share["nano"] for share in allocation["shares"]) == allocation["cost_nano"]
    logged = {m["feature"]: m["logged_cost_nano"] for m in tree["margins"] if m["logged_cost_nano"]}
    parts = Counter[str]()
    for row in tree["request_costs"]:
        parts[row["feature"]] += row["cost_nano"]
    assert dict(parts) == logged
    lost = sum(row["cost_nano"] for row in tree["request_costs"] if row["outcome"] in {"failed", "retried"})
    assert 0 < lost < sum(logged.values()) // 10
    assert {load["dataset"] for load in tree["loads"]} >= {"usage", "cost_lines", "request_totals"}

    words = command(*asked, "northwind", environment=lantern.environment)
    (line,) = [line for line in words.out.splitlines() if "failed and retried requests" in line]
    found = f"{nano_text(lost)} of {nano_text(sum(logged.values()))} found by request log ("
    assert line.startswith(f"  failed and retried requests: {found}")
    assert line.endswith(" %)")
    words = command(*asked, "(unallocated)", environment=lantern.environment)
    assert (words.code, words.out.splitlines()[-1]) == (0, "Every step adds up.")

    message = command("summary", environment=lantern.environment)
    total = query(lantern, f"select sum(cost_nano) from current_allocations where day = '{DAYS[-1]}'")[0][0]
    assert message.out.splitlines()[0] == "LLM costs, Thursday 5 November 2026 (UTC)"
    assert f"${total / 10**9:.2f}" in message.out.splitlines()[2]
    assert command("summary", "--day", DAYS[-1], environment=lantern.environment).out == message.out
    never = command("summary", "--day", "2026-11-20", environment=lantern.environment)
    assert (never.code, never.out) == (1, "")
    assert "nothing is booked of 2026-11-20: run `llm-finops backfill --from 2026-11-20 --to 2026-11-20`" in never.err


@pytest.mark.slow
def test_a_customer_nobody_knows_is_said_to_be_unknown(lantern: Lantern, command: Command) -> None:
    command("backfill", "--missing", "--to", DAYS[-1], environment=lantern.environment)
    said = command("explain", "--customer", "nortwind", "--day", DAYS[-1], environment=lantern.environment)

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("llm-finops: ")
    assert "nortwind" in said.err
    assert DAYS[-1] in said.err


@pytest.mark.slow
def test_the_fingerprint_stays_while_nothing_is_new(lantern: Lantern, command: Command) -> None:
    command("backfill", "--missing", "--to", DAYS[-1], environment=lantern.environment)
    first = command("fingerprint", environment=lantern.environment)

    assert (first.code, len(first.out.strip())) == (0, 64)
    as_json = command("fingerprint", "--json", environment=lantern.environment)
    assert json.loads(as_json.out) == {"fingerprint": first.out.strip()}
    again = command("backfill", "--from", DAYS[-1], "--to", DAYS[-1], "--json", environment=lantern.environment)
    assert json.loads(again.out) == {"from": DAYS[-1], "to": DAYS[-1], "new_versions": 0, "failed": []}
    assert command("fingerprint", environment=lantern.environment).out == first.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --from DAY, --days N or --missing"),
        (("--from", "2026-11-03", "--days", "2"), "give --from or --days, not both"),
        (("--from", "2026-11-03", "--to", "2026-11-08"), "--to 2026-11-08 is not over yet (UTC)"),
        (("--from", "2026-11-01"), "--from 2026-11-01 is before start_date 2026-11-03"),
        (("--from", "2026-11-05", "--to", "2026-11-04"), "the range 2026-11-05 to 2026-11-04 is empty"),
        (("--from", "5.11.2026"), "'5.11.2026'"),
        (("--days", "0"), "should be greater than or equal to 1"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(
    tmp_path: Path, command: Command, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-03\n", encoding="utf-8")
    (tmp_path / "clock").write_text("2026-11-08T06:30:00Z", encoding="utf-8")

    done = command("backfill", *arguments, environment={"LLM_FINOPS_CLOCK": str(tmp_path / "clock")})

    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split())
    assert not (tmp_path / ".llm_finops").exists()


@pytest.mark.parametrize(
    "arguments",
    [("backfill", "--days", "1"), ("fingerprint",), ("explain", "--customer", "ada", "--day", "2026-11-01")],
)
def test_without_a_configuration_each_command_says_what_to_do(command: Command, arguments: tuple[str, ...]) -> None:
    said = command(*arguments)

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("llm-finops: no configuration at ")
    assert "llm-finops demo" in said.err
    assert len(said.err.splitlines()) == 1


def test_the_version_is_that_of_the_package(command: Command) -> None:
    assert command("--version") == (0, f"llm-finops {version('llm-finops')}\n", "")


def test_a_real_process_ends_in_one_paragraph_too(tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text('start_date = 2026-11-01\nsecret = "sk-canary"\n', encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLM_FINOPS")}

    done = subprocess.run(
        [sys.executable, "-c", "from llm_finops.cli import main; main()", "fingerprint"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"llm-finops: {tmp_path}/finops.toml: secret: unknown key; README, 'Configuration' lists the keys\n"
    )
