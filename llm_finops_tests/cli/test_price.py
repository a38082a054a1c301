"""`llm-finops price`: exact, by the price in force, or loudly nothing."""

import json
from pathlib import Path

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
    assert set(found) == {"currency", "total", "meters", "prices"}


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
