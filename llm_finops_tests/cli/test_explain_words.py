"""What `explain` says of failed and retried requests: no more than is known."""

import pytest

from llm_finops.cli.explain import _text
from llm_finops.core.derived import RequestCost
from llm_finops.core.explain import CustomerTotal, Explanation

UNIT = 10**9


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ({"unknown": 4}, ["not known for 4 found by request log"]),
        ({"productive": 2, "failed": 1, "unknown": 1}, ["1 of 4 found by request log (25.0 %); not known for 1"]),
        ({"productive": 3, "retried": 1}, ["1 of 4 found by request log (25.0 %)"]),
        ({}, []),
    ],
)
def test_what_is_not_known_is_said_as_an_amount_and_without_a_cause(costs: dict[str, int], said: list[str]) -> None:
    outcomes = tuple(RequestCost("ada", "chat", "USD", end, 1, nano * UNIT) for end, nano in costs.items())
    tree = Explanation("2026-11-20", "ada", (CustomerTotal("USD", None, 4 * UNIT),), (), (), outcomes)
    lines = [line.strip() for line in _text("ada", tree, [], 5)]
    found = [line.removeprefix("failed and retried requests: ") for line in lines if line.startswith("failed")]
    assert found == said
