"""What is due reaches Slack once, whatever Slack does: through the sensor, in this process."""

from llm_finops.demo.standins.slack import Fault
from llm_finops_tests.pipeline.little import FIRST, LAST, Little
from llm_finops_tests.pipeline.workspace import Workspace, digests, let_time_pass


def test_one_message_stands_in_the_channel_after_every_kind_of_trouble(due: Little, workspace: Workspace) -> None:
    workspace.go_down()
    assert due.tick() == [False]
    assert digests(due) == [(LAST, 1, "due", 1)]
    assert due.tick() == []  # not before its time

    workspace.come_back()
    for fault, attempt in ((Fault(retry_after=7), 2), (Fault(error="internal_error"), 3)):
        let_time_pass(due)
        workspace.app.fail_next(fault)
        assert due.tick() == [False]
        assert digests(due) == [(LAST, 1, "due", attempt)]
    assert workspace.messages() == []

    let_time_pass(due)
    workspace.app.fail_next(Fault(), Fault(cut=True))  # it looks; it posts, and the answer is lost
    assert due.tick() == [False]
    assert digests(due) == [(LAST, 1, "unknown", 4)]

    let_time_pass(due)
    assert due.tick() == [True]
    assert digests(due) == [(LAST, 1, "sent", 5)]
    assert due.tick() == []
    (message,) = workspace.messages()
    assert "21 November 2026" in message
    assert len(workspace.calls("chat.postMessage")) == 1


def test_a_second_backfill_posts_nothing_more(due: Little, workspace: Workspace) -> None:
    assert due.tick() == [True]

    assert due.run(FIRST, LAST).ok
    assert due.tick() == []

    assert len(workspace.messages()) == 1


def test_a_token_slack_refuses_leaves_the_figures_and_says_what_to_do(due: Little, workspace: Workspace) -> None:
    before = due.fingerprint()
    due.environment["SLACK_BOT_TOKEN"] = "xoxb-canary-wrong"

    assert due.tick() == [False]

    assert digests(due) == [(LAST, 1, "due", 1)]
    assert (due.fingerprint(), workspace.messages()) == (before, [])
