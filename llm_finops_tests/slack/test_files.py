"""A picture in a message's thread: shown once, whatever goes wrong on the way; the token stays with the API."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from llm_finops.core.digest import Message
from llm_finops.slack import Drawn, Found, NotSent, Outcome, Picture, Posted, Shown, Slack, send_due
from llm_finops_tests.slack.test_delivery import LATER, NOW, Books, Row
from llm_finops_tests.slack.uploads import Host, Uploads, taking
from llm_finops_tests.slack.workspace import TOKEN, UNCERTAIN, Answer, Workspace, refuses, works

ASK, SHOW, LOOK = "files.getUploadURLExternal", "files.completeUploadExternal", "conversations.replies"
CONTENT = b"\x89PNG and so on"
NAME, TITLE = "llm-finops-2026-11-23.png", "Cost and gross margin up to 23 November 2026 (UTC)"
CHART = Row(revision=2, kind="chart")


@pytest.fixture
def uploads(workspace: Workspace) -> Iterator[Uploads]:
    with taking(workspace.uploads) as made:
        yield made


@pytest.fixture
def at(uploads: Uploads, slack: Slack) -> Posted:
    """The message whose thread it belongs to."""
    return slack.post(Message("the day", (), "x"), "summary:2026-11-23")


def drawn() -> Drawn:
    return Drawn(CONTENT, "23 November: cost $1.00.")


def attempt(books: Books, slack: Slack, at: Posted, now: str = NOW, draw: Callable[[], Drawn] = drawn) -> Outcome:
    return send_due(books, slack, books.row, lambda: Shown(Picture(NAME, TITLE, draw), at), now)


def pictures(workspace: Workspace) -> list[dict[str, Any]]:
    return [message for message in workspace.messages if "files" in message or "x_files" in message]


def test_it_is_shown_in_the_thread_by_three_calls_with_its_words_beside_it(
    workspace: Workspace, slack: Slack, at: Posted
) -> None:
    books = Books(CHART)
    outcome = attempt(books, slack, at)

    assert (outcome.state, outcome.reason) == ("sent", "posted")
    assert books.row == CHART._replace(state="sent", attempt=1, channel="C0FINOPS", ts=None)
    (ask,) = [given for method, given in workspace.calls if method == ASK]
    assert ask == {"filename": NAME, "length": str(len(CONTENT))}  # no alt_txt: Slack then shows nothing
    (show,) = [given for method, given in workspace.calls if method == SHOW]
    assert (show["channel_id"], show["thread_ts"]) == ("C0FINOPS", at.ts)
    assert json.loads(show["files"]) == [{"id": "F00", "title": TITLE}]
    assert show["initial_comment"] == f"{TITLE}\n23 November: cost $1.00."
    assert [body for _, _, body in workspace.uploads.sent] == [CONTENT]
    assert attempt(books, slack, at, LATER).state == "not now"


def test_the_token_is_not_sent_where_the_bytes_go_and_neither_is_written_to_a_log(
    workspace: Workspace, slack: Slack, at: Posted, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        attempt(Books(CHART), slack, at)

    ((path, headers, body),) = workspace.uploads.sent
    assert "s3cret" in path  # what leaves to send is in the address alone
    assert "authorization" not in {name.lower() for name in headers}
    assert TOKEN not in path + repr(headers) + repr(body)
    assert "httpx" in {record.name for record in caplog.records}
    assert "s3cret" not in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("answer", UNCERTAIN)
@pytest.mark.parametrize("hidden", [False, True])
def test_a_lost_answer_after_it_was_shown_is_followed_by_a_look_and_no_second_one(
    workspace: Workspace, slack: Slack, at: Posted, answer: Answer, hidden: bool
) -> None:
    workspace.uploads.hidden = hidden
    workspace.script = [works, answer]
    books = Books(CHART)

    first = attempt(books, slack, at)
    second = attempt(books, slack, at, LATER)

    assert (first.state, first.next_at) == ("unknown", "2026-11-24T06:01:00Z")
    assert (second.state, second.reason) == ("sent", "found in the channel")
    (shown,) = pictures(workspace)
    assert (books.row.state, books.row.ts) == ("sent", shown["ts"])
    assert workspace.methods()[1:] == [ASK, SHOW, LOOK]


@pytest.mark.parametrize("answer", UNCERTAIN)
def test_before_the_last_call_nothing_is_seen_so_that_a_lost_answer_leaves_nothing_unknown(
    workspace: Workspace, slack: Slack, at: Posted, answer: Answer
) -> None:
    workspace.script = [answer]
    books = Books(CHART)

    assert attempt(books, slack, at).state == "due"
    assert pictures(workspace) == []
    assert attempt(books, slack, at, LATER).state == "sent"
    assert len(pictures(workspace)) == 1


def hangs_up(host: Host) -> None:
    host.close_connection = True


def busy(host: Host) -> None:
    host.say(429, Retry_After="7")


def expired(host: Host) -> None:
    host.say(404)


def broken(host: Host) -> None:
    host.say(500)


@pytest.mark.parametrize(
    ("goes", "next_at"), [(hangs_up, "01:00"), (busy, "00:07"), (expired, "01:00"), (broken, "01:00")]
)
def test_what_is_not_taken_is_sent_again_to_a_new_address(
    workspace: Workspace, slack: Slack, at: Posted, goes: Callable[[Host], None], next_at: str
) -> None:
    workspace.uploads.script = [goes]
    books = Books(CHART)

    outcome = attempt(books, slack, at)

    assert (outcome.state, outcome.next_at) == ("due", f"2026-11-24T06:{next_at}Z")
    assert "s3cret" not in outcome.reason
    assert attempt(books, slack, at, LATER).state == "sent"
    assert len(pictures(workspace)) == 1
    assert list(workspace.uploads.names) == ["F00", "F01"]


@pytest.mark.parametrize("goes", [hangs_up, busy, expired, broken])
def test_no_error_on_the_way_holds_the_address_or_the_token(
    workspace: Workspace, slack: Slack, at: Posted, goes: Callable[[Host], None]
) -> None:
    workspace.uploads.script = [goes]
    with pytest.raises(NotSent) as caught:
        slack.show(at, Picture(NAME, TITLE, drawn))

    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cret" not in f"{error!r} {vars(error)!r}"
        assert TOKEN not in f"{error!r} {vars(error)!r}"
        error = error.__cause__ or error.__context__


def test_a_redirect_of_the_bytes_is_not_followed(workspace: Workspace, slack: Slack, at: Posted) -> None:
    with taking(Uploads()) as elsewhere:
        workspace.uploads.script = [lambda host: host.say(302, Location=elsewhere.url)]
        outcome = attempt(Books(CHART), slack, at)

    assert (outcome.state, elsewhere.sent, pictures(workspace)) == ("refused", [], [])
    assert "a redirect, which is not followed" in outcome.reason


@pytest.mark.parametrize("address", ["http://files.slack.example/F00", "ftp://127.0.0.1/F00", "https://[", "F00", ""])
def test_bytes_go_nowhere_but_over_https_or_to_this_machine(
    workspace: Workspace, slack: Slack, at: Posted, address: str
) -> None:
    workspace.script = [lambda talk: talk.say({"ok": True, "upload_url": address, "file_id": "F00"})]
    outcome = attempt(Books(CHART), slack, at)

    assert outcome.state == "refused"
    assert "expected an https address to send it to" in outcome.reason
    assert not address or address not in outcome.reason
    assert workspace.methods()[-1] == ASK


def test_without_the_scope_it_is_refused_with_what_to_do_and_not_tried_again(
    workspace: Workspace, slack: Slack, at: Posted
) -> None:
    workspace.script = [refuses("missing_scope", needed="files:write")]
    books = Books(CHART)

    outcome = attempt(books, slack, at)

    assert (outcome.state, books.row.state, books.row.detail) == ("refused", "refused", outcome.reason)
    assert "showing llm-finops-2026-11-23.png in the thread of message" in outcome.reason
    assert "Slack answered missing_scope: add the scope to the app" in outcome.reason
    assert outcome.reason.endswith("it needs files:write")
    assert attempt(books, slack, at, LATER).state == "not now"


def test_one_that_may_be_there_is_not_shown_again_where_nobody_can_look(
    workspace: Workspace, slack: Slack, at: Posted
) -> None:
    workspace.script = [works, UNCERTAIN[0]]
    books = Books(CHART)
    attempt(books, slack, at)
    workspace.readable = False

    assert attempt(books, slack, at, LATER).state == "refused"
    assert len(pictures(workspace)) == 1


@pytest.mark.parametrize("was_shown", [True, False])
def test_a_sender_killed_in_mid_send_is_followed_by_one_picture(
    workspace: Workspace, slack: Slack, at: Posted, was_shown: bool
) -> None:
    books = Books(CHART)
    assert books.claim("2026-11-23", 2, 1, "2026-11-24T06:05:00Z")
    if was_shown:
        slack.show(at, Picture(NAME, TITLE, drawn))

    assert attempt(books, slack, at).state == "not now"
    assert attempt(books, slack, at, LATER).state == "sent"
    assert len(pictures(workspace)) == 1


def test_it_is_drawn_once_the_attempt_is_noted_and_what_cannot_be_drawn_is_left(
    workspace: Workspace, slack: Slack, at: Posted
) -> None:
    books = Books(CHART)
    states = []

    def broken_drawing() -> Drawn:
        states.append(books.row.state)
        raise NotSent("the chart cannot be drawn", permanent=True)

    outcome = attempt(books, slack, at, draw=broken_drawing)

    assert states == ["sending"]
    assert (outcome.state, books.row.detail) == ("refused", "the chart cannot be drawn")
    assert ASK not in workspace.methods()


def test_the_days_chart_of_another_day_or_of_somebody_else_is_not_taken_for_it(
    workspace: Workspace, slack: Slack, at: Posted
) -> None:
    for message in (
        {"files": [{"id": "F1", "name": "llm-finops-2026-11-22.png"}], "text": "Cost and gross margin up to 22"},
        {"files": "none", "text": ""},
        {"text": f"{TITLE}: what is this?"},  # people may quote it
        {"files": [None, {"id": "F2"}]},
    ):
        workspace.messages.insert(0, {"ts": "1764000001.000009", **message})
    assert slack.find_shown(at, Picture(NAME, TITLE, drawn)) is None
    workspace.messages.insert(0, {"ts": "1764000002.000000", "files": [{"id": "F3", "name": NAME}], "text": "edited"})
    assert slack.find_shown(at, Picture(NAME, TITLE, drawn)) == Found("1764000002.000000", {})
