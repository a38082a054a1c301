"""The chart of thirty days in the thread of a day's message: one a day, after it, and never in its way."""

import json
import signal
import struct

import pytest

from llm_finops.demo.standins.slack import SCOPES, TOKEN, Fault
from llm_finops.demo.standins.slack_files import ASK, SHOW
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little
from llm_finops_tests.pipeline.sending import sender
from llm_finops_tests.pipeline.workspace import POST, Workspace, deliver, digests, let_time_pass

TOLD = "LLM costs, Saturday 21 November 2026 (UTC)"
TITLE = "Cost and gross margin up to 21 November 2026 (UTC)"
CHART = (LAST, 2)  # its place in `digests`: what follows the message first


@pytest.fixture
def company(due: Little, workspace: Workspace) -> Little:
    """The little company, one message due, with charts."""
    due.configure(workspace.charting)
    return due


def chart_row(company: Little) -> tuple[object, ...]:
    ((state, attempt, detail),) = company.rows("select state, attempt, detail from digests where kind = 'chart'")
    return state, attempt, detail


def test_it_stands_in_the_thread_of_the_message_with_its_figures_in_words(
    company: Little, workspace: Workspace
) -> None:
    assert company.tick() == [True]

    ((told, name, words),) = workspace.charts()
    assert (told, name) == (TOLD, f"llm-finops-{LAST}.png")
    # A day: 2.00 + 1.50 + 0.30 + 0.30 of cost, 5.00 + 0.40 of revenue.
    title, said = words.split("\n")
    assert title == TITLE
    assert said.startswith(
        "21 November: cost $4.10 · margin $1.30 (24.1 %). 5 days: cost $20.50 · margin $6.50 (24.1 %). Cost is cogs, as"
    )
    assert digests(company) == [(LAST, 1, "sent", 1), (*CHART, "sent", 1)]
    file = (workspace.app.path.parent / "slack_files" / name).read_bytes()
    assert file.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", file[16:24])
    assert 1100 <= width <= 1300
    assert 600 <= height <= 800
    assert company.tick() == []


def test_no_customer_is_named(company: Little, workspace: Workspace) -> None:
    deliver(company)
    said = json.dumps([workspace.calls(method) for method in (ASK, SHOW)])
    assert "21 November" in said
    assert not {name for name in ("ada", "bob", "chat") if name in said.replace("chat.", "")}


def test_a_restated_day_is_edited_and_answered_and_has_no_second_chart(company: Little, workspace: Workspace) -> None:
    deliver(company)
    company.report(LAST, amount="4.00")
    assert company.settle(LAST, LAST).ok
    deliver(company)

    assert len(workspace.charts()) == 1
    assert digests(company)[2:] == [(LAST, 3, "sent", 1), (LAST, 4, "sent", 1)]


def test_a_message_of_before_charts_that_is_edited_has_none(company: Little, workspace: Workspace) -> None:
    company.configure(workspace.toml)
    deliver(company)
    company.configure(workspace.charting)
    company.report(LAST, amount="4.00")
    assert company.settle(LAST, LAST).ok
    deliver(company)

    assert "\n$6.10\n" in workspace.channel()[0].text
    assert workspace.charts() == []


def test_a_partial_has_none_until_it_is_whole(company: Little, workspace: Workspace) -> None:
    deliver(company)
    (company.paper / "2026-11-22.json").write_text(json.dumps({"usage": None, "costs": None}), encoding="utf-8")
    company.set_clock("2026-11-23T06:30:00Z")
    company.settle("2026-11-22", "2026-11-22")
    company.set_clock("2026-11-23T12:00:00Z")
    deliver(company)
    assert deliver(company) == []
    assert workspace.channel()[1].text.startswith("PARTIAL")
    assert len(workspace.charts()) == 1

    company.report("2026-11-22")
    assert company.settle("2026-11-22", "2026-11-22").ok
    deliver(company)

    _, whole = workspace.channel()
    assert whole.text.startswith("LLM costs, Sunday 22 November")
    told, name, words = workspace.charts()[1]
    assert (told.removeprefix("LLM costs, "), name) == ("Sunday 22 November 2026 (UTC)", "llm-finops-2026-11-22.png")
    assert "22 November: cost $4.10 · margin not known." in words  # its revenue is not loaded
    assert "6 days: cost $24.60 · margin not known. Not known in full: 22 November." in words
    assert deliver(company) == []


@pytest.mark.parametrize("fault", [Fault(error="internal_error"), Fault(retry_after=30), Fault(cut=True)])
@pytest.mark.parametrize("calls_before", [0, 1, 2])
def test_trouble_on_the_way_turns_nothing_red_and_ends_with_one(
    company: Little, workspace: Workspace, fault: Fault, calls_before: int
) -> None:
    workspace.app.fail_next(Fault(), *[Fault()] * calls_before, fault)  # the message is taken first

    assert company.tick() == [True]
    assert chart_row(company)[0] == ("unknown" if fault.cut and calls_before == 2 else "due")
    assert company.tick() == []
    let_time_pass(company)
    assert company.tick() == [True]

    assert len(workspace.charts()) == 1
    assert chart_row(company)[0] == "sent"
    assert company.tick() == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        ConnectionResetError("peer"),
        RuntimeError("the renderer's thread is gone\nand more"),
        KeyError("mark"),
        OverflowError(),
        TypeError("not a string"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_while_it_is_drawn_turns_nothing_red_and_is_tried_again(
    company: Little, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object, **__: object) -> bytes:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr("vl_convert.vegalite_to_png", fails)
        told, charted = deliver(company)
    assert told.startswith(f"{LAST}: sent")
    assert charted.startswith(f"chart of {LAST}: due the chart of {LAST} cannot be drawn: ")
    assert charted.partition("drawn: ")[2]
    assert "and more" not in charted
    assert chart_row(company)[:2] == ("due", 1)
    assert len(workspace.messages()) == 1
    assert workspace.charts() == []

    let_time_pass(company)
    assert company.tick() == [True]
    assert len(workspace.charts()) == 1
    assert chart_row(company)[0] == "sent"


def test_a_table_that_cannot_be_read_turns_nothing_red_either(company: Little, workspace: Workspace) -> None:
    workspace.app.fail_next(Fault(), Fault(error="internal_error"))
    deliver(company)
    with company.ledger() as ledger, ledger.writing() as connection:
        connection.exec_driver_sql("alter table margins rename to away")
    let_time_pass(company)
    assert company.tick() == [True]
    assert chart_row(company)[:2] == ("due", 2)
    with company.ledger() as ledger, ledger.writing() as connection:
        connection.exec_driver_sql("alter table away rename to margins")
    let_time_pass(company)
    assert company.tick() == [True]
    assert chart_row(company)[0] == "sent"


def test_without_the_scope_the_message_is_there_and_what_to_do_is_said_once(
    company: Little, workspace: Workspace
) -> None:
    before = company.fingerprint()
    workspace.app.scopes = SCOPES.replace(",files:write", "")

    said, refused = deliver(company)

    assert said.startswith(f"{LAST}: sent")
    assert refused.startswith(f"chart of {LAST}: refused showing llm-finops-{LAST}.png in the thread of message ")
    assert refused.endswith("add the scope to the app (OAuth & Permissions) and reinstall it; it needs files:write")
    assert chart_row(company) == ("refused", 1, refused.removeprefix(f"chart of {LAST}: refused "))
    assert len(workspace.messages()) == 1
    let_time_pass(company)
    assert company.tick() == []
    assert company.fingerprint() == before


def test_the_run_of_the_message_is_green_without_the_scope(company: Little, workspace: Workspace) -> None:
    workspace.app.scopes = "chat:write,channels:history"
    assert company.tick() == [True]
    assert [state for _, _, state, _ in digests(company)] == ["sent", "refused"]


def test_a_sender_killed_between_slacks_showing_it_and_the_note_of_it_leaves_one(
    company: Little, workspace: Workspace
) -> None:
    with sender(company) as process:
        workspace.once_shown.append(process.kill)
        assert process.wait(60) == -signal.SIGKILL
    assert digests(company) == [(LAST, 1, "sent", 1), (*CHART, "sending", 1)]
    assert deliver(company) == []  # its lease is not over

    let_time_pass(company)
    (said,) = deliver(company)

    assert said == f"chart of {LAST}: sent found in the channel"
    assert len(workspace.charts()) == 1
    assert [len(workspace.calls(method)) for method in (POST, SHOW)] == [1, 1]


def test_a_sender_killed_after_the_message_loses_no_chart(company: Little, workspace: Workspace) -> None:
    with sender(company) as process:
        workspace.once_posted.append(process.kill)
        assert process.wait(60) == -signal.SIGKILL
    assert digests(company) == [(LAST, 1, "sending", 1)]

    let_time_pass(company)
    deliver(company)

    assert digests(company) == [(LAST, 1, "sent", 2), (*CHART, "sent", 1)]
    assert len(workspace.charts()) == len(workspace.messages()) == 1


def test_more_than_a_day_late_it_is_left(company: Little, workspace: Workspace) -> None:
    workspace.app.fail_next(Fault(), Fault(error="internal_error"))
    deliver(company)
    assert chart_row(company)[0] == "due"
    with company.ledger() as ledger, ledger.writing() as connection:
        connection.exec_driver_sql("update digests set done_at = '2026-11-22T06:31:00Z' where kind = 'summary'")
    let_time_pass(company)

    assert company.tick() == [True]

    assert chart_row(company) == ("folded", 2, "")
    assert workspace.charts() == []
    assert company.tick() == []


def test_one_of_a_message_that_was_deleted_is_left(company: Little, workspace: Workspace) -> None:
    workspace.app.fail_next(Fault(), Fault(error="internal_error"))
    deliver(company)
    workspace.delete(workspace.channel()[0].ts)
    let_time_pass(company)

    (said,) = deliver(company)

    assert f"chart of {LAST}: refused" in said
    assert "thread_not_found" in said
    assert deliver(company) == []


def test_it_is_the_last_of_what_is_due_and_other_calls_do_not_wait_for_it(
    company: Little, workspace: Workspace
) -> None:
    workspace.app.fail_next(Fault(), Fault(error="internal_error"))
    deliver(company)
    company.report(LAST, amount="4.00")
    assert company.settle(LAST, LAST).ok
    let_time_pass(company)
    workspace.app.fail_next(Fault(), Fault(), Fault(retry_after=60))  # the edit and its answer; then it is too much

    edited, answered, charted = deliver(company)

    assert (edited, answered) == (f"{LAST}: sent edited", f"{LAST}: sent posted")
    assert charted.startswith(f"chart of {LAST}: due looking for llm-finops-{LAST}.png")


def test_none_is_asked_for_where_it_is_turned_off_or_the_message_is_printed(
    company: Little, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    del company.environment["SLACK_BOT_TOKEN"]
    deliver(company)
    assert digests(company) == [(LAST, 1, "printed", 1)]
    assert "LLM costs" in capsys.readouterr().out

    company.environment["SLACK_BOT_TOKEN"] = TOKEN
    company.configure(workspace.toml)
    company.set_clock("2026-11-23T06:30:00Z")
    company.report("2026-11-22")
    assert company.settle("2026-11-22", "2026-11-22").ok
    deliver(company)
    assert digests(company)[1:] == [("2026-11-22", 1, "sent", 1)]
    assert [row[0] for row in company.rows("select kind from digests")] == ["summary"] * 2


def test_where_the_token_is_taken_away_meanwhile_it_is_left(company: Little, workspace: Workspace) -> None:
    workspace.app.fail_next(Fault(), Fault(error="internal_error"))
    deliver(company)
    del company.environment["SLACK_BOT_TOKEN"]
    let_time_pass(company)

    deliver(company)

    assert chart_row(company) == ("folded", 2, "")
    assert deliver(company) == []


def test_the_days_are_those_up_to_the_message_from_the_first_booked(company: Little, workspace: Workspace) -> None:
    assert (FIRST, len(DAYS)) == ("2026-11-17", 5)
    deliver(company)
    (call,) = workspace.calls(SHOW)
    assert " 5 days: " in call["body"]["initial_comment"]
