"""From due to sent: whatever goes wrong on the way, one visible message."""

import socket
from typing import Any, NamedTuple

import pytest

from llm_finops.core.digest import CurrencyFigures, Figures, Message, digest
from llm_finops.slack import Letter, NotSent, Outcome, Posted, Slack, Step, next_step, send_due
from llm_finops_tests.slack.workspace import TOKEN, UNCERTAIN, Answer, Workspace, refuses

NOW, LATER = "2026-11-24T06:00:00Z", "2026-11-24T09:00:00Z"
MESSAGE = digest(Figures("2026-11-23", (CurrencyFigures("USD", 10**9),)))
LETTER = Letter(MESSAGE, 7)
SAID: dict[str, Any] = {"figures_hash": MESSAGE.figures_hash, "seq": 7, "partial": ""}
AT = "1764000000.000000"


class Row(NamedTuple):
    day: str = "2026-11-23"
    revision: int = 0
    state: str = "due"
    attempt: int = 0
    next_at: str | None = None
    channel: str | None = None
    ts: str | None = None
    figures_hash: str | None = None
    kind: str = "summary"
    seq: int | None = None
    partial: str | None = None
    detail: str | None = None
    answer_since: int | None = None
    charts: bool = False


class Books:
    """A journal of one row, with the ledger's compare-and-set."""

    def __init__(self, row: Row) -> None:
        self.row = row

    def claim(self, day: str, revision: int, attempt: int, lease_until: str) -> bool:
        expected = (self.row.day, self.row.revision, self.row.attempt + 1)
        if (day, revision, attempt) != expected or self.row.state == "sent":
            return False
        self.row = self.row._replace(state="sending", attempt=attempt, next_at=lease_until)
        return True

    def mark(
        self,
        day: str,
        revision: int,
        state: str,
        attempt: int,
        *,
        next_at: str | None = None,
        channel: str | None = None,
        ts: str | None = None,
        figures_hash: str | None = None,
        seq: int | None = None,
        partial: str | None = None,
        detail: str | None = None,
        answer_since: int | None = None,
        charts: bool = False,
    ) -> None:
        if (day, revision, attempt) == (self.row.day, self.row.revision, self.row.attempt):
            at = (day, revision, state, attempt, next_at, channel, ts, figures_hash, self.row.kind)
            self.row = Row(*at, seq, partial, detail, answer_since, charts)


def attempt(books: Books, slack: Slack, now: str = NOW, **options: bool) -> Outcome:
    return send_due(books, slack, books.row, lambda: LETTER, now, **options)


@pytest.mark.parametrize("answer", UNCERTAIN)
def test_an_answer_lost_after_the_post_is_found_and_never_posted_twice(
    workspace: Workspace, slack: Slack, answer: Answer
) -> None:
    books = Books(Row())
    workspace.script = [answer]

    first = attempt(books, slack)
    second = attempt(books, slack, LATER)

    assert (first.state, first.next_at) == ("unknown", "2026-11-24T06:01:00Z")
    assert "may be there" in first.reason
    assert (second.state, second.reason, second.figures_hash) == ("sent", "found in the channel", MESSAGE.figures_hash)
    assert len(workspace.messages) == 1
    assert workspace.methods() == ["chat.postMessage", "conversations.history"]
    assert books.row == Row(state="sent", attempt=2, channel="C0FINOPS", ts="1764000000.000000", **SAID)


def test_a_day_is_sent_once_and_says_which_figures(workspace: Workspace, slack: Slack) -> None:
    books = Books(Row())
    outcome = attempt(books, slack)

    assert outcome == Outcome("sent", "posted", None, "C0FINOPS", "1764000000.000000", MESSAGE.figures_hash)
    assert books.row == Row("2026-11-23", 0, "sent", 1, None, "C0FINOPS", AT, **SAID)
    assert attempt(books, slack, LATER).state == "not now"
    assert len(workspace.messages) == 1


@pytest.mark.parametrize(
    ("answer", "next_at"),
    [
        (refuses("rate_limited", 429, {"Retry-After": "7"}), "2026-11-24T06:00:07Z"),
        (refuses("ratelimited"), "2026-11-24T06:01:00Z"),
        (refuses("rate_limited", 429, {"Retry-After": "soon"}), "2026-11-24T06:01:00Z"),
        (refuses("internal_error"), "2026-11-24T06:01:00Z"),
        (refuses("fatal_error"), "2026-11-24T06:01:00Z"),
        (refuses("service_unavailable"), "2026-11-24T06:01:00Z"),
        (refuses("", 500), "2026-11-24T06:01:00Z"),
        (lambda talk: talk.say("<html>bad gateway</html>", 502), "2026-11-24T06:01:00Z"),
        (lambda talk: talk.say("<html>unavailable</html>", 503, cut=5), "2026-11-24T06:01:00Z"),
    ],
)
def test_trouble_that_passes_is_tried_again_when_its_time_has_come(
    workspace: Workspace, slack: Slack, answer: Answer, next_at: str
) -> None:
    books = Books(Row())
    workspace.script = [answer]

    outcome = attempt(books, slack)

    assert (outcome.state, outcome.next_at, books.row.state) == ("due", next_at, "due")
    assert workspace.methods() == ["chat.postMessage"]  # the SDK has not tried again by itself
    assert attempt(books, slack).state == "not now"
    assert attempt(books, slack, LATER).state == "sent"
    assert len(workspace.messages) == 1


def test_slack_being_down_costs_nothing_but_time(slack: Slack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    books = Books(Row(attempt=3))
    down = Slack(TOKEN, "C0FINOPS", f"http://127.0.0.1:{port}/")

    outcome = attempt(books, down)

    assert (outcome.state, outcome.next_at) == ("due", "2026-11-24T06:08:00Z")
    assert "no connection to Slack (ConnectError)" in outcome.reason
    assert attempt(books, slack, LATER).state == "sent"


def test_the_wait_grows_to_half_an_hour() -> None:
    down = Slack(TOKEN, "C0FINOPS", "http://127.0.0.1:9/")

    waits = [attempt(Books(Row(attempt=before)), down).next_at for before in (0, 4, 5, 60)]

    assert waits == [f"2026-11-24T06:{minutes}:00Z" for minutes in ("01", "16", "30", "30")]


@pytest.mark.parametrize(
    ("error", "needed", "fix"),
    [
        ("invalid_auth", "", "set a valid bot token"),
        ("account_inactive", "", "reinstall the app"),
        ("channel_not_found", "", "set the channel's ID"),
        ("not_in_channel", "", "invite the app there"),
        ("is_archived", "", "unarchive the channel"),
        ("missing_scope", "chat:write", "add the scope to the app.*it needs chat:write"),
        ("something_new", "", "see the errors in https://docs.slack.dev"),
    ],
)
def test_what_somebody_must_mend_is_raised_with_its_fix_and_tried_again_in_an_hour(
    workspace: Workspace, slack: Slack, error: str, needed: str, fix: str
) -> None:
    books = Books(Row())
    workspace.script = [refuses(error, needed=needed)]

    with pytest.raises(NotSent, match=f"posting summary:2026-11-23 to Slack channel C0FINOPS.*{error}.*{fix}"):
        attempt(books, slack)

    assert books.row == Row(attempt=1, next_at="2026-11-24T07:00:00Z")
    assert attempt(books, slack, LATER).state == "sent"


def test_an_unknown_outcome_that_cannot_be_looked_up_stays_unknown_and_says_what_to_grant(
    workspace: Workspace, slack: Slack
) -> None:
    workspace.readable = False
    workspace.script = [UNCERTAIN[0]]
    books = Books(Row())
    attempt(books, slack)

    with pytest.raises(NotSent, match=r"missing_scope.*it needs channels:history"):
        attempt(books, slack, LATER)

    assert (books.row.state, books.row.next_at) == ("unknown", "2026-11-24T10:00:00Z")
    assert len(workspace.messages) == 1


def test_it_is_posted_again_only_where_the_user_asks_and_then_says_so(workspace: Workspace, slack: Slack) -> None:
    workspace.readable = False
    workspace.script = [UNCERTAIN[0]]
    books = Books(Row())
    attempt(books, slack)

    outcome = attempt(books, slack, LATER, repost_unknown=True)

    assert (outcome.state, outcome.reason) == ("sent", "posted; perhaps a second time")
    assert len(workspace.messages) == 2


def test_a_refused_message_needs_no_reading_of_the_channel_to_be_tried_again(
    workspace: Workspace, slack: Slack
) -> None:
    workspace.readable = False
    workspace.script = [refuses("internal_error")]
    books = Books(Row())
    attempt(books, slack)

    assert attempt(books, slack, LATER).reason == "posted"
    assert len(workspace.messages) == 1


def test_an_error_after_which_the_message_is_there_all_the_same_adds_none(workspace: Workspace, slack: Slack) -> None:
    slack.post(MESSAGE, "summary:2026-11-23")
    books = Books(Row(attempt=1))

    assert attempt(books, slack).reason == "found in the channel"
    assert len(workspace.messages) == 1


@pytest.mark.parametrize("state", ["unknown", "due"])
def test_while_the_channel_cannot_be_looked_through_nothing_is_posted(
    workspace: Workspace, slack: Slack, state: str
) -> None:
    books = Books(Row(state=state, attempt=1))
    for answer in (refuses("ratelimited", 429, {"Retry-After": "90"}), UNCERTAIN[1]):
        workspace.script = [answer]
        outcome = attempt(books, slack)
        assert outcome.state == books.row.state == state
        books.row = books.row._replace(next_at=None)

    assert "to be tried again" in outcome.reason
    assert not workspace.messages


@pytest.mark.parametrize("posted", [True, False])
def test_a_sender_killed_in_mid_send_is_followed_by_one_message(
    workspace: Workspace, slack: Slack, posted: bool
) -> None:
    books = Books(Row())
    assert books.claim("2026-11-23", 0, 1, "2026-11-24T06:05:00Z")
    if posted:
        slack.post(MESSAGE, "summary:2026-11-23")

    assert attempt(books, slack).state == "not now"
    assert attempt(books, slack, LATER).state == "sent"
    assert len(workspace.messages) == 1
    assert books.row[2:7] == ("sent", 2, None, "C0FINOPS", AT)


def test_of_two_senders_one_sends(workspace: Workspace, slack: Slack) -> None:
    books = Books(Row())
    seen_by_both = books.row

    outcomes = [send_due(books, slack, seen_by_both, lambda: LETTER, NOW).state for _ in range(2)]

    assert outcomes == ["sent", "taken"]
    assert len(workspace.messages) == 1


def test_a_message_that_cannot_be_rendered_leaves_the_day_due(workspace: Workspace, slack: Slack) -> None:
    def broken() -> Letter:
        raise ZeroDivisionError

    books = Books(Row())
    with pytest.raises(ZeroDivisionError):
        send_due(books, slack, books.row, broken, NOW)

    assert books.row == Row()
    assert not workspace.calls


@pytest.mark.parametrize(
    ("row", "step"),
    [
        (Row(), Step.POST),
        (Row(next_at=NOW), Step.POST),
        (Row(next_at=LATER), Step.NOTHING),
        (Row(attempt=1), Step.LOOK),
        (Row(state="unknown", attempt=1, next_at=NOW), Step.MUST_LOOK),
        (Row(state="unknown", attempt=1, next_at=LATER), Step.NOTHING),
        (Row(state="sending", attempt=1, next_at=LATER), Step.NOTHING),
        (Row(state="sending", attempt=1, next_at=NOW), Step.MUST_LOOK),
        (Row(state="sent", attempt=1), Step.NOTHING),
        (Row(state="printed", attempt=1), Step.NOTHING),
    ],
)
def test_what_a_row_asks_for(row: Row, step: Step) -> None:
    assert next_step(row, NOW) is step


EDIT = Row(revision=2, kind="edit")
ANSWER = Row(revision=3, kind="answer")


def follows(books: Books, slack: Slack, at: Posted, now: str = NOW) -> Outcome:
    letter = Letter(MESSAGE, 9, at=at, answer_since=7)
    return send_due(books, slack, books.row, lambda: letter, now)


@pytest.mark.parametrize("answer", UNCERTAIN)
@pytest.mark.parametrize(("row", "call"), [(EDIT, "chat.update"), (ANSWER, "chat.postMessage")])
def test_an_edit_or_an_answer_whose_outcome_is_unknown_is_read_back_and_not_made_again(
    workspace: Workspace, slack: Slack, answer: Answer, row: Row, call: str
) -> None:
    at = slack.post(Message("before", (), "old"), "summary:2026-11-23")
    books = Books(row)
    workspace.script = [answer]

    assert follows(books, slack, at).state == "unknown"
    outcome = follows(books, slack, at, LATER)

    assert (outcome.state, outcome.reason) == ("sent", "found in the channel")
    assert (books.row.state, books.row.seq, books.row.answer_since) == ("sent", 9, 7)
    assert workspace.methods().count(call) == (1 if row is EDIT else 2)  # the message itself was a post


def test_an_edit_that_was_not_taken_is_made_although_the_channel_cannot_be_read(
    workspace: Workspace, slack: Slack
) -> None:
    at = slack.post(Message("before", (), "old"), "summary:2026-11-23")
    workspace.readable = False
    workspace.script = [refuses("rate_limited", 429, {"Retry-After": "7"})]
    books = Books(EDIT)

    assert follows(books, slack, at).next_at == "2026-11-24T06:00:07Z"
    assert follows(books, slack, at, LATER).reason == "edited"
    assert [message["text"] for message in workspace.messages] == [MESSAGE.text]


@pytest.mark.parametrize(
    ("error", "since"),
    [("edit_window_closed", 7), ("cant_update_message", 7), ("message_not_found", None)],
)
def test_an_edit_refused_for_good_is_said_and_answered_where_the_message_still_stands(
    workspace: Workspace, slack: Slack, error: str, since: int | None
) -> None:
    at = slack.post(Message("before", (), "old"), "summary:2026-11-23")
    books = Books(EDIT)
    workspace.script = [refuses(error)]

    outcome = follows(books, slack, at)

    assert (outcome.state, books.row.state, books.row.detail, books.row.answer_since) == (
        "refused",
        "refused",
        error,
        since,
    )
    assert error in outcome.reason
    assert follows(books, slack, at, LATER).state == "not now"


@pytest.mark.parametrize("row", [EDIT, ANSWER])
@pytest.mark.parametrize("error", ["is_archived", "channel_not_found", "not_in_channel"])
def test_what_was_said_in_a_channel_that_is_left_is_given_up_and_in_the_configured_one_waits(
    workspace: Workspace, slack: Slack, row: Row, error: str
) -> None:
    books = Books(row)
    workspace.script = [refuses(error)]
    assert follows(books, slack, Posted("C0BEFORE", AT)).state == "refused"
    assert (books.row.state, books.row.detail, books.row.answer_since) == ("refused", error, None)

    books = Books(row)
    workspace.script = [refuses(error)]
    with pytest.raises(NotSent, match=error):
        follows(books, slack, Posted(slack.channel, AT))
    assert (books.row.state, books.row.next_at) == ("due", "2026-11-24T07:00:00Z")


def test_an_edit_with_a_token_that_no_longer_works_is_tried_again_in_an_hour(
    workspace: Workspace, slack: Slack
) -> None:
    at = slack.post(Message("before", (), "old"), "summary:2026-11-23")
    books = Books(EDIT)
    workspace.script = [refuses("token_revoked")]

    with pytest.raises(NotSent, match="token_revoked"):
        follows(books, slack, at)

    assert (books.row.state, books.row.next_at) == ("due", "2026-11-24T07:00:00Z")


def test_where_nothing_is_left_to_say_nothing_is_called(workspace: Workspace, slack: Slack) -> None:
    books = Books(EDIT)

    assert send_due(books, slack, books.row, lambda: None, NOW).state == "folded"

    assert (books.row.state, workspace.calls) == ("folded", [])
