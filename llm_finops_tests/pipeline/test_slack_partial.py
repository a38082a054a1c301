"""The deadline passes: PARTIAL once, with what is missing; one message for an outage, however long."""

import json

import pytest

from llm_finops.demo.standins.slack import TOKEN
from llm_finops.pipeline.graph import declared
from llm_finops_tests.pipeline.little import DAYS, Little
from llm_finops_tests.pipeline.workspace import POST, UPDATE, Workspace, deliver, digests, let_time_pass

TOLD, FIRST_LOST, SECOND_LOST, THIRD_LOST, LAST = DAYS


@pytest.fixture
def company(little: Little, workspace: Workspace) -> Little:
    """A company that was told of its first day, on the morning after."""
    little.configure(workspace.toml)
    little.environment["SLACK_BOT_TOKEN"] = TOKEN
    run(little, TOLD)
    deliver(little)
    return little


def run(company: Little, *days: str) -> None:
    """The daily run on the morning after the last of the days."""
    at(company, days[-1], "06:30")
    company.settle(days[0], days[-1])


def at(company: Little, day: str, clock: str) -> None:
    """A time on the day after."""
    company.set_clock(f"{day[:8]}{int(day[8:]) + 1}T{clock}:00Z")


def goes_down(company: Little, *days: str) -> None:
    """The provider says nothing of these days."""
    for day in days:
        (company.paper / f"{day}.json").write_text(json.dumps({"usage": None, "costs": None}), encoding="utf-8")


def titles(workspace: Workspace) -> list[str]:
    return [message.text.splitlines()[0] for message in workspace.channel()]


def test_a_day_that_is_not_complete_by_the_deadline_is_told_partial_and_then_complete(
    company: Little, workspace: Workspace
) -> None:
    goes_down(company, FIRST_LOST)
    run(company, FIRST_LOST)
    at(company, FIRST_LOST, "11:59")
    assert deliver(company) == []

    at(company, FIRST_LOST, "12:00")
    assert company.tick() == [True]
    assert company.tick() == []
    _, partial = workspace.channel()
    assert partial.text.startswith("PARTIAL · LLM costs, Wednesday 18 November 2026 (UTC)\n")
    assert "Missing: paper (nothing since 17 November). The figures are without it." in partial.text
    assert "$0.00" not in partial.text

    company.report(FIRST_LOST)
    assert company.settle(FIRST_LOST, FIRST_LOST).ok
    deliver(company)
    assert deliver(company) == []

    _, whole = workspace.channel()
    assert whole.text.startswith("LLM costs, Wednesday 18 November 2026 (UTC)\n\n$4.10\n")
    assert "Missing" not in whole.text
    (answer,) = whole.answers
    assert "\nnot known  $4.10          cost\n" in answer
    assert "the cost report of paper arrived" in answer


def test_the_deadline_is_configured_and_a_complete_day_is_never_partial(company: Little, workspace: Workspace) -> None:
    company.configure(workspace.toml.replace("[slack]", '[slack]\ndeadline = "09:15"'))
    run(company, FIRST_LOST)
    at(company, FIRST_LOST, "23:00")
    deliver(company)
    goes_down(company, SECOND_LOST)
    run(company, SECOND_LOST)
    at(company, SECOND_LOST, "09:15")
    deliver(company)

    assert [title.startswith("PARTIAL") for title in titles(workspace)] == [False, False, True]


def test_nothing_is_told_where_nothing_ever_ran_or_nobody_has_tried_the_day(
    little: Little, company: Little, workspace: Workspace
) -> None:
    at(company, LAST, "13:00")  # three days without a run: the next one tells
    assert deliver(company) == []

    new = little.again("new")
    new.environment["SLACK_BOT_TOKEN"] = TOKEN
    assert deliver(new) == []
    assert len(titles(workspace)) == 1


def test_three_days_without_a_run_are_one_message_with_a_line_each(company: Little, workspace: Workspace) -> None:
    at(company, LAST, "12:30")  # the machine comes back after the deadline
    assert deliver(company) == []
    run(company, *DAYS)
    deliver(company)
    at(company, LAST, "13:00")
    assert deliver(company) == []

    _, message = workspace.channel()
    assert message.text.startswith("LLM costs, Saturday 21 November 2026 (UTC)\n")
    assert (
        "Earlier days, not sent at their time\n2026-11-18  $4.10\n2026-11-19  $4.10\n2026-11-20  $4.10\n"
        in message.text
    )
    assert len(workspace.calls(POST)) == 2


def test_a_provider_that_is_down_for_three_days_is_one_partial_that_says_so_and_one_message_at_the_end(
    company: Little, workspace: Workspace
) -> None:
    goes_down(company, FIRST_LOST, SECOND_LOST, THIRD_LOST)
    for day in (FIRST_LOST, SECOND_LOST, THIRD_LOST):
        run(company, TOLD, day)
        deliver(company)
        at(company, day, "12:00")
        deliver(company)
        let_time_pass(company)  # the next day: one edit a day
    deliver(company)

    _, partial = workspace.channel()
    assert "It lasts: 19 November, 20 November are not complete either." in partial.text
    assert len(workspace.calls(POST)) == 2
    assert 1 <= len(workspace.calls(UPDATE)) <= 2

    for day in DAYS:
        company.report(day)
    run(company, *DAYS)
    let_time_pass(company)
    deliver(company)
    deliver(company)

    _, first, newest = workspace.channel()
    assert first.text.startswith("LLM costs, Wednesday 18 November 2026 (UTC)\n\n$4.10\n")
    assert len(first.answers) == 1
    assert newest.text.startswith("LLM costs, Saturday 21 November 2026 (UTC)\n")
    assert "not sent at their time\n2026-11-19  $4.10\n2026-11-20  $4.10\n" in newest.text
    assert {state for _, _, state, _ in digests(company)} == {"sent"}


def test_an_unsent_partial_goes_out_complete_where_the_day_has_become_so(company: Little, workspace: Workspace) -> None:
    goes_down(company, FIRST_LOST)
    run(company, FIRST_LOST)
    at(company, FIRST_LOST, "12:00")
    workspace.go_down()
    deliver(company)
    company.report(FIRST_LOST)
    assert company.settle(FIRST_LOST, FIRST_LOST).ok
    workspace.come_back()
    let_time_pass(company)
    deliver(company)

    assert titles(workspace)[1:] == ["LLM costs, Wednesday 18 November 2026 (UTC)"]
    assert deliver(company) == []


def test_without_a_token_the_whole_day_is_printed_once_after_its_partial(
    company: Little, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    del company.environment["SLACK_BOT_TOKEN"]
    goes_down(company, FIRST_LOST)
    run(company, FIRST_LOST)
    at(company, FIRST_LOST, "12:00")
    deliver(company)
    assert "PARTIAL · LLM costs, Wednesday 18 November 2026 (UTC)\n" in capsys.readouterr().out
    assert company.settle(FIRST_LOST, FIRST_LOST).ok
    assert deliver(company) == [], "it is still down"

    company.report(FIRST_LOST)
    assert company.settle(FIRST_LOST, FIRST_LOST).ok
    deliver(company)
    out = capsys.readouterr().out
    assert "\nLLM costs, Wednesday 18 November 2026 (UTC)\n\n$4.10\n" in out
    assert "PARTIAL" not in out
    company.report(FIRST_LOST, "2.10")
    assert company.settle(FIRST_LOST, FIRST_LOST).ok
    assert deliver(company) == []
    assert len(titles(workspace)) == 1


def test_a_day_whose_run_failed_before_the_margins_is_told_partial_and_then_whole(
    company: Little, workspace: Workspace
) -> None:
    at(company, FIRST_LOST, "06:30")
    with company.finops.work("died") as work:  # all reports are read, and nothing after the allocations is computed
        for asset in declared(company.config):
            if asset.name in {"margins", "converted_margins"}:
                break
            asset.step(work, [FIRST_LOST])
    at(company, FIRST_LOST, "12:00")
    deliver(company)
    assert deliver(company) == []
    _, partial = workspace.channel()
    assert partial.text.startswith("PARTIAL · LLM costs, Wednesday 18 November 2026 (UTC)\n")
    assert "Not computed yet: all reports are there" in partial.text

    assert company.settle(FIRST_LOST, FIRST_LOST).ok
    deliver(company)
    assert titles(workspace)[1:] == ["LLM costs, Wednesday 18 November 2026 (UTC)"]
