"""A day that was told and is restated: edited once, answered where it matters, silent where it shows nothing."""

import signal

import pytest

from llm_finops_tests.pipeline.little import LAST, Little
from llm_finops_tests.pipeline.sending import sender
from llm_finops_tests.pipeline.workspace import POST, UPDATE, Workspace, deliver, digests, let_time_pass

TO_6_10 = "4.00"  # the report's first line: the day then costs $6.10 instead of $4.10


def tell_the_next_day(company: Little) -> None:
    """A morning later, the run of its day and its message."""
    company.set_clock("2026-11-23T06:30:00Z")
    for write in (company.report, company.log, company.revenue):
        write("2026-11-22")
    assert company.settle("2026-11-22", "2026-11-22").ok
    deliver(company)


def restate(company: Little, amount: str, day: str = LAST) -> None:
    """The provider says something else of a day, and the daily run reads it."""
    company.report(day, amount=amount)
    assert company.settle(day, day).ok


def test_a_restated_day_is_edited_once_and_answered_once_with_before_and_after(
    due: Little, workspace: Workspace
) -> None:
    assert due.tick() == [True]
    restate(due, TO_6_10)

    assert due.tick() == [True]
    assert due.tick() == []

    (message,) = workspace.channel()
    assert "\n$6.10\n" in message.text
    assert "Month to date $22.50" in message.text
    (answer,) = message.answers
    assert answer.splitlines() == [
        "Restated: LLM costs on Saturday 21 November 2026 (UTC)",
        "before   after  change",
        " $4.10   $6.10  +$2.00  cost",
        " $1.30  −$0.70  −$2.00  gross margin",
        " $0.70   $0.90  +$0.20  unallocated",
        "",
        "Why: the cost report of paper was restated.",
    ]
    assert [len(workspace.calls(method)) for method in (POST, UPDATE)] == [2, 1]
    assert digests(due) == [(LAST, 1, "sent", 1), (LAST, 2, "sent", 1), (LAST, 3, "sent", 1)]


def test_a_small_change_that_the_message_shows_is_an_edit_only(due: Little, workspace: Workspace) -> None:
    deliver(due)
    restate(due, "2.99")  # 24 %, and less than 1.00
    deliver(due)

    (message,) = workspace.channel()
    assert "\n$5.09\n" in message.text
    assert message.answers == []


def test_a_change_that_the_message_does_not_show_is_nothing(due: Little, workspace: Workspace) -> None:
    restate(due, "2.008")
    deliver(due)
    before = workspace.channel()
    version = due.rows("select max(version_id) from current_margins")
    restate(due, "2.0081")
    assert due.rows("select max(version_id) from current_margins") != version

    deliver(due)
    assert workspace.channel() == before
    assert digests(due) == [(LAST, 1, "sent", 1)]


def test_a_day_restated_twice_waits_for_the_next_day_and_then_says_the_newest(
    due: Little, workspace: Workspace
) -> None:
    deliver(due)
    for amount in (TO_6_10, "5.00", "7.00"):
        restate(due, amount)
        deliver(due)
    (message,) = workspace.channel()
    assert "\n$6.10\n" in message.text
    assert digests(due)[-1] == (LAST, 4, "due", 0)
    ((until, done),) = due.rows(
        "select e.next_at, d.done_at from digests e, digests d where e.revision = 4 and d.revision = 2"
    )
    assert until > done
    assert until.endswith("T00:00:00Z")

    let_time_pass(due)
    deliver(due)

    (message,) = workspace.channel()
    assert "\n$9.10\n" in message.text
    assert [answer.splitlines()[2] for answer in message.answers] == [
        " $4.10   $6.10  +$2.00  cost",
        " $6.10   $9.10  +$3.00  cost",
    ]
    assert len(workspace.calls(UPDATE)) == 2


def test_what_is_taken_back_before_the_edit_is_nothing(due: Little, workspace: Workspace) -> None:
    deliver(due)
    restate(due, TO_6_10)
    restate(due, "2.00")

    deliver(due)

    assert workspace.calls(UPDATE) == []
    assert digests(due)[1:] == [(LAST, 2, "folded", 1)]
    assert deliver(due) == []


def test_the_next_mornings_message_leaves_what_was_told_alone(due: Little, workspace: Workspace) -> None:
    deliver(due)
    tell_the_next_day(due)

    assert [message.text.splitlines()[0] for message in workspace.channel()] == [
        "LLM costs, Saturday 21 November 2026 (UTC)",
        "LLM costs, Sunday 22 November 2026 (UTC)",
    ]
    assert workspace.calls(UPDATE) == []


def test_messages_of_later_days_show_the_restated_day_too_and_are_edited_in_silence(
    due: Little, workspace: Workspace
) -> None:
    deliver(due)
    tell_the_next_day(due)
    restate(due, TO_6_10)
    deliver(due)

    told, later = workspace.channel()
    assert "\n$6.10\n" in told.text
    assert len(told.answers) == 1
    assert "−32.8 % on the day before" in later.text
    assert "Month to date $26.60" in later.text
    assert later.answers == []


def test_the_cause_is_what_was_given_anew_and_the_least_change_is_configured(due: Little, workspace: Workspace) -> None:
    due.configure(workspace.toml.replace("[slack]", '[slack]\nrestate_min = "0.1% and 0.05"'))
    deliver(due)
    due.log(LAST, customers=("cleo",), name="-late", key="k3")
    assert due.settle(LAST, LAST).ok
    deliver(due)

    ((answer,),) = [message.answers for message in workspace.channel()]
    assert " unallocated\n" in answer
    assert " cost\n" not in answer
    assert answer.endswith("Why: the request log gateway has changed.\n")


def test_a_deleted_message_is_not_edited_and_not_tried_again(due: Little, workspace: Workspace) -> None:
    deliver(due)
    (message,) = workspace.channel()
    workspace.delete(message.ts)
    restate(due, TO_6_10)

    (said,) = deliver(due)

    assert "refused" in said
    assert "the message was deleted" in said
    assert digests(due) == [(LAST, 1, "sent", 1), (LAST, 2, "refused", 1)]
    restate(due, "7.00")
    let_time_pass(due)
    assert deliver(due) == []
    assert workspace.channel() == []


def test_where_edits_are_refused_the_answer_says_it_once(due: Little, workspace: Workspace) -> None:
    workspace.app.edit_window_s = -1
    deliver(due)
    restate(due, TO_6_10)
    deliver(due)

    (message,) = workspace.channel()
    assert "\n$4.10\n" in message.text
    assert [answer.splitlines()[2] for answer in message.answers] == [" $4.10   $6.10  +$2.00  cost"]
    assert deliver(due) == []
    assert due.settle(LAST, LAST).ok  # nothing new
    assert deliver(due) == []
    assert len(workspace.calls(UPDATE)) == 1

    restate(due, "2.99")  # small against the first, not against what the thread says
    let_time_pass(due)
    deliver(due)
    (message,) = workspace.channel()
    assert [answer.splitlines()[2] for answer in message.answers][1:] == [" $6.10   $5.09   −$1.01  cost"]


@pytest.mark.parametrize("last_call", [UPDATE, POST])
def test_a_sender_killed_between_slacks_taking_an_edit_or_an_answer_and_the_note_of_it_leaves_one_of_each(
    due: Little, workspace: Workspace, last_call: str
) -> None:
    deliver(due)
    restate(due, TO_6_10)
    with sender(due) as process:
        hook = workspace.once_edited if last_call == UPDATE else workspace.once_posted
        hook.append(process.kill)
        assert process.wait(60) == -signal.SIGKILL
    ((state,),) = due.rows("select state from digests where state <> 'sent'")
    assert state == "sending"
    assert "\n$6.10\n" in workspace.channel()[0].text
    assert deliver(due) == []  # its lease is not over

    let_time_pass(due)
    deliver(due)

    (message,) = workspace.channel()
    assert [answer.splitlines()[2] for answer in message.answers] == [" $4.10   $6.10  +$2.00  cost"]
    assert [len(workspace.calls(method)) for method in (POST, UPDATE)] == [2, 1]
