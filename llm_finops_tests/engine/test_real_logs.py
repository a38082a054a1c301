"""Real logs nobody here wrote: an hour of Azure's production traffic (Patel et al., CC-BY-4.0)."""

import json
from pathlib import Path

import pytest

from llm_finops.core.records import Price
from llm_finops.core.settings import RequestSource
from llm_finops_tests.engine.made import price, run

TRACES = Path(__file__).parents[3] / "shared" / "data" / "azure-llm-2023"
DAY = "2023-11-16"

pytestmark = pytest.mark.skipif(not TRACES.is_dir(), reason=f"the Azure traces are not at {TRACES}")

SOURCE = RequestSource(
    "azure",
    {"time": "TIMESTAMP", "model": {"const": "gpt-4"}, "input_total": "ContextTokens", "output": "GeneratedTokens"},
    accounts={"openai": "main"},
    time_zone="UTC",
)
PRICES: list[Price] = [price("input_uncached", 30, "gpt-4"), price("output", 60, "gpt-4")]


@pytest.mark.parametrize(
    ("name", "requests", "tokens_in", "tokens_out"),
    [("conv", 19_366, 22_361_870, 4_088_665), ("code", 8_819, 18_059_974, 245_896)],
)
def test_an_hour_of_azure_adds_up(tmp_path: Path, name: str, requests: int, tokens_in: int, tokens_out: int) -> None:
    trace = TRACES / f"AzureLLMInferenceTrace_{name}.csv"
    (answer,) = run(tmp_path, [trace], [DAY], PRICES, source=SOURCE)
    (total,) = answer.totals
    assert (answer.rows, answer.duplicates, answer.quarantined, total.requests) == (requests, 0, [], requests)
    assert json.loads(total.meters) == {
        "input_uncached": [tokens_in, tokens_in * 30_000],
        "output": [tokens_out, tokens_out * 60_000],
    }
    assert [f.kind for f in answer.findings if f.amount == requests] == ["no request id", "priced as standard"]


def test_an_hour_of_azure_is_of_no_zone_until_one_is_declared(tmp_path: Path) -> None:
    undeclared = RequestSource("azure", SOURCE.columns, SOURCE.accounts)
    (answer,) = run(tmp_path, [TRACES / "AzureLLMInferenceTrace_code.csv"], [DAY], PRICES, source=undeclared)
    assert (answer.rows, answer.totals) == (0, [])
