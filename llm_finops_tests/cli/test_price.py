"""`llm-finops price`: exact, by the price in force, or loudly nothing."""

import json
from contextlib import closing
from pathlib import Path

from llm_finops.core.derived import ImpliedPrice
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops_tests.cli.conftest import Command

SONNET = ("price", "--provider", "anthropic", "--model", "claude-sonnet-4-5", "--at", "2026-11-01")


def test_a_request_costs_exactly_what_its_meters_cost(command: Command) -> None:
    meters = ("--input-uncached", "3", "--cache-write-5m", "12304", "--output", "550")

    said = command(*SONNET, *meters, "--json")

    assert (said.code, said.err) == (0, "")
    found = json.loads(said.out)
    assert found["currency"] == "USD"
    assert found["total"] == "0.054399"
    assert found["meters"] == {"input_uncached": "0.000009", "input_cache_write_5m": "0.04614", "output": "0.00825"}
    assert set(found["prices"]) == set(found["meters"])
    assert set(found) == {"currency", "total", "meters", "prices", "implied"}
    assert found["implied"] == {}


def test_the_same_is_said_in_words(command: Command) -> None:
    said = command(*SONNET, "--input-uncached", "3", "--meter", "input_cache_write_5m=12304", "--output", "550")

    assert said.code == 0
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines] == ["input_uncached", "output", "input_cache_write_5m", "total"]
    assert lines[-1].split() == ["total", "0.054399", "USD"]
    assert "genai-prices" in lines[0]


def test_a_model_nobody_knows_has_no_price(command: Command) -> None:
    said = command("price", "--provider", "anthropic", "--model", "claude-99", "--output", "1", "--json")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("llm-finops: ")
    assert "claude-99" in said.err
    assert "Traceback" not in said.err


def test_a_tier_without_a_price_is_not_given_another_tiers(command: Command) -> None:
    said = command(*SONNET, "--tier", "moonlight", "--output", "1", "--json")

    assert (said.code, said.out) == (1, "")
    assert "moonlight" in said.err


def test_the_companys_own_price_goes_before_the_list(command: Command, tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text(
        'start_date = 2026-11-01\n[prices]\npaths = "mine.csv"\n[models]\nsonnet = "claude-sonnet-4-5"\n',
        encoding="utf-8",
    )
    (tmp_path / "mine.csv").write_text(
        "provider,model,meter,price_per_million,currency,from,until\n"
        "anthropic,claude-sonnet-4-5,output,7.5,EUR,2026-11-01,\n",
        encoding="utf-8",
    )
    asked = ("price", "--provider", "anthropic", "--model", "sonnet", "--output", "1000000", "--json", "--at")

    assert json.loads(command(*asked, "2026-11-01T00:00:00Z").out)["total"] == "7.5"
    assert json.loads(command(*asked, "2026-11-01T00:00:00+01:00").out)["total"] == "15"  # still October in UTC


def test_what_cannot_be_meant_is_refused(command: Command) -> None:
    for arguments, said in (
        (("--meter", "tokens=1"), "there is no meter 'tokens'"),
        (("--meter", "output=1.5"), "expected NAME=N with a whole number N"),
        (("--output", "-1"), "should be greater than or equal to 0"),
        (("--at", "yesterday", "--output", "1"), "expected a time such as"),
        (("--at", "0001-01-01T00:00:00+14:00", "--output", "1"), "expected a time such as"),
        (("--at", "9999-12-31T23:59:59-01:00", "--output", "1"), "expected a time such as"),
        (("--output", "1", "--meter", "output=5"), "output is given twice, 1 and 5"),
        (("--meter", "output=5", "--meter", "output=7"), "output is given twice, 5 and 7"),
        (("--output", "5", "--output", "7"), "output is given twice, 5 and 7"),
        (("--meter", "output=" + "9" * 5_000), "expected NAME=N with a whole number N"),
        ((), "nothing to price: give --output N"),
    ):
        done = command(*SONNET, *arguments)
        assert done.code == 2, arguments
        assert said in " ".join(done.err.replace("│", " ").split()), arguments


def test_standard_default_auto_and_no_tier_are_one(command: Command) -> None:
    asked = (*SONNET, "--output", "1", "--json")
    plain = command(*asked)

    assert plain.code == 0
    for tier in ("standard", "default", "auto", "Default"):
        assert command(*asked, "--tier", tier) == plain


def test_a_provider_is_known_however_it_is_capitalised(command: Command) -> None:
    said = command("price", "--provider", "OpenAI", "--model", "gpt-5", "--at", "2026-11-01", "--output", "1000000")

    assert (said.code, said.err) == (0, "")


def test_what_the_newest_bill_implied_stands_beside_the_price(command: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    named = ("anthropic", "claude-sonnet-4-5", "standard", "(any)", "output", "tokens", "USD", 10, 90)
    with closing(Ledger(url)) as ledger, ledger.commit("bills") as commit:
        for day, nano, state in (("2026-10-02", 16_500_000_000, "differs"), ("2026-10-01", 15_000_000_000, "matched")):
            price = ImpliedPrice(*named, 150, nano, 15_000_000_000, None, state, "(none)")
            commit.book(d.IMPLIED_PRICES, "main", day, [price])
        vague = ImpliedPrice(*named, None, 1, None, None, "not_comparable", "too little")
        commit.book(d.IMPLIED_PRICES, "main", "2026-10-03", [vague])
    (tmp_path / "finops.toml").write_text("start_date = 2026-10-01\n", encoding="utf-8")
    there = {"LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml"), "LLM_FINOPS_DATABASE_URL": url}
    asked = (*SONNET, "--output", "1", "--input-uncached", "1")

    found = json.loads(command(*asked, "--json", environment=there).out)
    assert found["implied"] == {
        "output": {
            "day": "2026-10-02",
            "account": "main",
            "currency": "USD",
            "price_per_million": "16.5",
            "state": "differs",
        }
    }
    lines = command(*asked, environment=there).out.splitlines()
    assert [line.strip() for line in lines if "bill" in line] == ["16.5 by the bill of 2026-10-02: differs"]
    batch = command(*asked, "--tier", "batch", "--json", environment=there)
    assert (batch.code, json.loads(batch.out)["implied"]) == (0, {})


def test_a_ledger_that_is_not_there_or_cannot_be_read_is_no_error_and_is_not_made(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-10-01\n", encoding="utf-8")
    (tmp_path / "broken").write_text("no database", encoding="utf-8")
    for name in ("none", "broken"):
        there = {
            "LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml"),
            "LLM_FINOPS_DATABASE_URL": f"sqlite:///{tmp_path / name}",
        }
        said = command(*SONNET, "--output", "1", "--json", environment=there)
        assert (said.code, json.loads(said.out)["implied"]) == (0, {})
    assert not (tmp_path / "none").exists()
