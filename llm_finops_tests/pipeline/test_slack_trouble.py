"""Slack is in trouble while many days are restated: one message about them all the same, and nothing is lost."""

import pytest

from llm_finops.demo.standins.slack import Fault
from llm_finops.ledger.restating import confirm
from llm_finops.pipeline.restate import restate
from llm_finops.pipeline.said import changed, said_of
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little
from llm_finops_tests.pipeline.workspace import Workspace, deliver, deliver_until_quiet, let_time_pass, tell_each


@pytest.fixture
def told(due: Little, workspace: Workspace) -> Little:
    """Five days, each told in its time."""
    tell_each(due, DAYS)
    assert len(workspace.channel()) == len(DAYS)
    return due


def report(company: Little, amount: str, *days: str) -> None:
    """The provider says something else of the days, and a run reads them all."""
    for day in days:
        company.report(day, amount=amount)
    assert company.settle(FIRST, LAST).ok


def together(workspace: Workspace) -> list[str]:
    return [message.text for message in workspace.channel() if message.text.startswith("Restated:")]


def kinds(company: Little, kind: str) -> list[tuple[object, ...]]:
    return company.rows("select day, state from digests where kind = :kind order by day, revision", kind=kind)


def test_many_restated_days_are_one_message_although_slack_was_down_and_runs_came_between(
    told: Little, workspace: Workspace
) -> None:
    report(told, "4.00", *DAYS)
    workspace.go_down()
    deliver(told)
    with told.finops.work("") as work:
        restate(work)  # the end of the next run
    workspace.come_back()
    assert kinds(told, "restated") == [(LAST, "due")]
    let_time_pass(told)
    deliver_until_quiet(told)

    (text,) = together(workspace)
    assert text.startswith("Restated: 5 days of LLM costs\n")
    assert "$20.50  $30.50  +$10.00  cost" in text
    assert [message.answers for message in workspace.channel()] == [[]] * 6
    with told.finops.work("") as work:
        restate(work)
    assert deliver(told) == []


def test_a_message_about_many_days_that_nobody_knows_of_silences_what_it_told_and_not_what_comes_later(
    told: Little, workspace: Workspace
) -> None:
    with told.finops.work("") as work:
        seq, said = work.ledger.seq(), said_of(work)[LAST]
    report(told, "4.00", *DAYS)
    with told.finops.work("") as work:
        assert changed(work, LAST, said, seq) is None, "what comes after the commit that is compared is not in it"
        assert changed(work, LAST, said) is not None
        confirm(work.ledger, said.handled, seq - 1)
        assert said_of(work)[LAST].seq == said.seq, "a run that looked less far takes nothing back"
    workspace.app.fail_next(Fault(cut=True))
    deliver_until_quiet(told)
    assert kinds(told, "restated") == [(LAST, "unknown")]
    assert [message.answers for message in workspace.channel()] == [[]] * 6

    report(told, "9.00", FIRST)  # while nobody can look whether it is there
    with told.ledger() as ledger, ledger.writing() as connection:
        connection.exec_driver_sql("update digests set next_at = '' where kind = 'edit'")
    deliver_until_quiet(told)
    first, *others, _ = workspace.channel()
    assert [answer.splitlines()[2] for answer in first.answers] == [" $6.10  $11.10  +$5.00  cost"]
    assert [message.answers for message in others] == [[]] * 4
