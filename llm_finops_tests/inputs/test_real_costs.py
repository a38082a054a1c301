"""Real and standard cost files nobody here wrote: FOCUS's sample, and its authors' worked examples (CC-BY-4.0)."""

import csv
import json
import re
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

from llm_finops.inputs.costs import read_costs

DATA = Path(__file__).parents[3] / "shared" / "data"
SAMPLE = DATA / "focus-sample-1.0" / "focus_sample.csv"
EXAMPLES = DATA / "focus-spec-examples"


def reckoned(path: Path) -> tuple[dict[str, Fraction], int]:
    """What the file says by column, as the standard library reads it; and how many rows are not strictly written."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    odd = 0
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            amounts = {column: row[column] for column in ("BilledCost", "EffectiveCost")}
            if any(not re.fullmatch(r"-?\d+(\.\d+)?", text) for text in amounts.values()) or "T30:" in str(row):
                odd += 1
                continue
            for column, text in amounts.items():
                sums[column] += Fraction(text)
    return sums, odd


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"the FOCUS sample is not at {SAMPLE}")
def test_a_thousand_real_focus_rows_add_up() -> None:
    found = read_costs("cloud", [SAMPLE])
    lines = [line for lines in found.days.values() for line in lines]
    assert (found.rows, found.quarantined, len({line.line_id for line in lines})) == (1000, [], len(lines))
    expected, odd = reckoned(SAMPLE)
    assert odd == 0
    # Lines finer than a nano are rounded one by one, so the sums may differ by half a nano a row.
    assert abs(sum(line.amount_nano for line in lines) - expected["EffectiveCost"] * 10**9) <= 500
    assert abs(sum(line.billed_nano for line in lines) - expected["BilledCost"] * 10**9) <= 500
    assert {line.provider for line in lines} == {"AWS", "Microsoft", "Oracle"}
    (credit,) = [line for line in lines if line.charge_category == "credit"]
    assert (credit.amount_nano, credit.billed_nano) == (-3_000_000_000, -2_613_700_000)
    assert sum(line.tags != "{}" for line in lines) >= 700
    assert all(isinstance(json.loads(line.tags), dict) for line in lines)


def iso(found: re.Match[str]) -> str:
    return f"20{found[3]}-{int(found[1]):02}-{int(found[2]):02}"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"the FOCUS examples are not at {EXAMPLES}")
@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.csv")), ids=lambda path: path.stem[-30:])
def test_the_examples_of_the_focus_authors_add_up(tmp_path: Path, path: Path) -> None:
    """Their dates are of the US short form, and some leave out the currency: a copy says both our way."""
    text = path.read_text(encoding="utf-8-sig")
    if "BillingCurrency" not in text:
        header, *rows = [line for line in text.splitlines() if line]
        text = "\n".join([f"{header},BillingCurrency", *(f"{row},USD" for row in rows)])
    copy = tmp_path / path.name
    copy.write_text(re.sub(r"\b(\d{1,2})/(\d{1,2})/(\d\d)\b", iso, text), encoding="utf-8")
    found = read_costs("saas", [copy])
    lines = [line for lines in found.days.values() for line in lines]
    expected, odd = reckoned(copy)
    assert len(found.quarantined) == odd, "amounts with a currency sign or a blank, and an hour of 30"
    assert sum(line.amount_nano for line in lines) == expected["EffectiveCost"] * 10**9
    assert sum(line.billed_nano for line in lines) == expected["BilledCost"] * 10**9


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"the FOCUS examples are not at {EXAMPLES}")
def test_us_dates_are_not_guessed_at() -> None:
    found = read_costs("saas", [EXAMPLES / "saas_examples" / "virtual_currency_pricing_model_c.csv"])
    assert (found.days, len(found.quarantined)) == ({}, found.rows)
    assert "saw '10/1/25'" in found.quarantined[0].reason
