"""A rule that restates thirty days is told once; each day's own message is edited in silence."""

from datetime import date, timedelta

import pytest

from llm_finops.demo.standins.slack import TOKEN, Fault
from llm_finops_tests.pipeline.little import TOML, Little
from llm_finops_tests.pipeline.workspace import (
    Workspace,
    deliver,
    deliver_until_quiet,
    digests,
    let_time_pass,
    tell_each,
)

FIRST = "2026-10-23"
THIRTY = [str(date.fromisoformat(FIRST) + timedelta(days=n)) for n in range(30)]
RULE = '[[owners]]\nname = "the rest"\nmatch = { project = "red" }\ncustomer = "dora"\nfrom = 2026-10-23\n'
USED = [("red", "k1", "sheet-1", 900_000, 100_000), ("red", "k3", "sheet-1", 100_000, 250_000)]


@pytest.fixture
def told(little: Little, workspace: Workspace) -> Little:
    """Thirty days, each told in its time."""
    for day in THIRTY:
        little.report(day, used=USED)
        little.log(day)
        little.revenue(day)
    little.environment["SLACK_BOT_TOKEN"] = TOKEN
    configure(little, workspace)
    assert little.settle(THIRTY[0], THIRTY[-1]).ok
    tell_each(little, THIRTY)
    return little


def configure(company: Little, workspace: Workspace, *more: str) -> None:
    company.configure(workspace.toml, *more, toml=TOML.replace("2026-11-17", FIRST))


def test_a_rule_that_restates_thirty_days_is_one_message_and_thirty_silent_edits(
    told: Little, workspace: Workspace
) -> None:
    assert len(workspace.channel()) == 30
    configure(told, workspace, RULE)
    assert told.settle(THIRTY[-1], THIRTY[-1]).ok

    workspace.app.fail_next(Fault(cut=True))  # the message about many is taken, and its answer lost
    deliver_until_quiet(told)
    let_time_pass(told)
    deliver_until_quiet(told)

    *days, together = workspace.channel()
    assert [len(day.answers) for day in days] == [0] * 30
    assert all(" dora\n" in day.text for day in days)
    assert len(workspace.calls("chat.update")) == 30
    assert {state for _, _, state, _ in digests(told)} == {"sent"}
    assert together.text.splitlines() == [
        "Restated: 30 days of LLM costs",
        "      before  after         change",
        "$38.14285713  $0.00  −$38.14285713  unallocated",  # a day: 0.20 of input, 1.50 × 250 / 350 of output
        "Days (UTC): 23 October to 21 November",
        "",
        "Why: rules, mappings or the list of sources have changed.",
    ]
    assert together.answers == []

    assert told.settle(THIRTY[-1], THIRTY[-1]).ok
    assert deliver(told) == []
