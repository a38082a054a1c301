"""One channel: what is sent, what is found, and what every refusal says, without the token."""

import json
import logging
import traceback

import pytest

from llm_finops.core.digest import CurrencyFigures, Figures, Message, Owner, digest
from llm_finops.slack import Found, NotSent, Slack, SlackError, SlackSetupError
from llm_finops_tests.slack.workspace import TOKEN, UNCERTAIN, Answer, Conversation, Workspace, refuses, serving

KEY = "summary:2026-11-23"
MESSAGE = digest(Figures("2026-11-23", (CurrencyFigures("USD", 10**9, customers=(Owner("Acme & <Co>", 10**9, 0),)),)))


def test_a_message_carries_its_key_and_links_nothing(workspace: Workspace, slack: Slack) -> None:
    posted = slack.post(MESSAGE, KEY)

    assert posted == ("C0FINOPS", "1764000000.000000")
    [sent] = workspace.messages
    assert sent["metadata"] == {"event_type": "llm_finops_summary", "event_payload": {"key": KEY}}
    assert sent["text"] == MESSAGE.text
    assert sent["blocks"] == list(MESSAGE.blocks)
    assert (sent["unfurl_links"], sent["unfurl_media"], sent["link_names"], sent["parse"]) == (
        False,
        False,
        False,
        "none",
    )


def test_a_message_is_found_by_its_key_across_pages_and_no_other_is(workspace: Workspace, slack: Slack) -> None:
    workspace.page = 2
    posted = slack.post(MESSAGE, KEY)
    workspace.messages[:0] = [{"ts": str(i), "text": KEY, "metadata": {"event_type": "x"}} for i in range(5)]
    workspace.messages.insert(0, {"ts": "9", "metadata": {"event_type": "x", "event_payload": {"key": KEY}}})

    assert slack.find(KEY, "1763856000") == Found(posted.ts, {})
    assert slack.find("summary:2026-11-22", "1763856000") is None
    assert workspace.calls[1][1]["oldest"] == "1763856000"
    assert workspace.calls[1][1]["include_all_metadata"] == "1"


def test_looking_has_an_end_and_then_does_not_say_absent(workspace: Workspace, slack: Slack) -> None:
    workspace.page = 1
    workspace.messages = [{"ts": str(i)} for i in range(20)]

    with pytest.raises(NotSent, match="not among the 1000 newest messages") as caught:
        slack.find(KEY, "0")
    assert caught.value.permanent
    assert len(workspace.calls) == 10


def test_a_message_is_edited_and_answered_in_its_thread(workspace: Workspace, slack: Slack) -> None:
    posted = slack.post(MESSAGE, KEY)

    assert slack.update(posted, Message("now", (), "x"), KEY, {"seq": "8"}) == posted
    assert slack.read(posted, KEY) == Found(posted.ts, {"seq": "8"})
    assert slack.reply(posted, Message("restated", (), "x"), "answer:1").ts == "1764000000.000001"
    assert workspace.messages[1]["text"] == "now"
    assert workspace.messages[0]["thread_ts"] == posted.ts


def test_who_the_token_is_can_be_asked_before_the_first_post(workspace: Workspace, slack: Slack) -> None:
    assert tuple(slack.identity()) == ("Example", "finops", {"chat:write", "channels:history"})
    assert not workspace.messages


@pytest.mark.parametrize("error", ["msg_blocks_too_long", "invalid_blocks"])
def test_blocks_slack_refuses_go_once_as_plain_text(workspace: Workspace, slack: Slack, error: str) -> None:
    workspace.script = [refuses(error)]
    slack.post(MESSAGE, KEY)

    [sent] = workspace.messages
    assert "blocks" not in sent
    assert "Acme &amp; &lt;Co&gt;\n" in sent["text"]
    assert len(sent["text"]) < 4_000
    assert sent["mrkdwn"] is False
    assert slack.find(KEY, "0") == Found(sent["ts"], {})

    workspace.script = [refuses(error), refuses(error)]
    with pytest.raises(NotSent, match=error):
        slack.post(MESSAGE, KEY)
    assert len(workspace.messages) == 1


def test_a_long_message_is_cut_at_a_line_as_plain_text(workspace: Workspace, slack: Slack) -> None:
    long = Message("t", ({"type": "section", "text": {"text": "\n".join(f"line {i}" for i in range(2000))}},), "x")
    workspace.script = [refuses("msg_blocks_too_long")]
    slack.post(long, KEY)

    text = workspace.messages[0]["text"]
    assert 3_000 < len(text) < 4_000
    assert text.endswith("\n…")


@pytest.mark.parametrize(
    "answer", [*UNCERTAIN, refuses("invalid_auth"), refuses(TOKEN), refuses(TOKEN, 403), refuses("x", 500)]
)
def test_no_error_or_log_line_holds_the_token_though_slack_echoes_it(
    workspace: Workspace, slack: Slack, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.script = [answer]
    with caplog.at_level(logging.DEBUG), pytest.raises(SlackError) as caught:
        slack.post(MESSAGE, KEY)

    chain: list[BaseException] = []
    error: BaseException | None = caught.value
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    told = "".join(traceback.format_exception(caught.value)) + repr([vars(e) for e in chain]) + repr(slack)
    assert "canary" not in told + caplog.text
    assert "SECRET" not in told + caplog.text


def test_a_redirect_carries_the_token_nowhere(workspace: Workspace, slack: Slack) -> None:
    with serving(Workspace()) as elsewhere:

        def redirects(talk: Conversation) -> None:
            talk.say("", 302, headers={"Location": f"{elsewhere.url}chat.postMessage"})

        workspace.script = [redirects]
        with pytest.raises(NotSent, match="a redirect, which is not followed: check the base address") as caught:
            slack.post(MESSAGE, KEY)

    assert caught.value.permanent
    assert not elsewhere.calls


def test_a_proxy_of_the_environment_never_sees_a_stand_in_on_this_machine(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert Slack(TOKEN, "C0FINOPS", workspace.url).post(MESSAGE, KEY).ts
    assert len(workspace.messages) == 1


@pytest.mark.parametrize(
    "address",
    ["http://slack.com/api/", "http://10.0.0.1/", "ftp://slack.com/", "https://me:pw@slack.com/", "https://", "slack"],
)
def test_the_token_goes_only_over_https_or_to_this_machine(address: str) -> None:
    with pytest.raises(SlackSetupError, match="expected Slack's base address as https") as caught:
        Slack(TOKEN, "C0FINOPS", address)

    assert "pw" not in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["https://slack.example/api/", "http://localhost:1/", "http://[::1]:1/", None])
def test_a_safe_address_is_taken(address: str | None) -> None:
    assert repr(Slack(TOKEN, "C0FINOPS", address)) == "Slack(channel='C0FINOPS')"


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "https://hooks.slack.com/services/T/B/canary"])
def test_what_is_no_token_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(SlackSetupError, match="expected a bot token") as caught:
        Slack(token, "C0FINOPS")
    assert "canary" not in str(caught.value)


def test_a_channel_must_be_named() -> None:
    with pytest.raises(SlackSetupError, match="expected a channel's ID"):
        Slack(TOKEN, " ")


def test_a_message_of_five_hundred_strange_customers_arrives_as_it_was(workspace: Workspace, slack: Slack) -> None:
    owners = tuple(Owner(f"<!channel> \u202e\ud800 {i}", 10**9, 1) for i in range(500))
    message = digest(Figures("2026-11-23", (CurrencyFigures("USD", 500 * 10**9, customers=owners),)))
    slack.post(message, KEY)

    [sent] = workspace.messages
    assert sent["blocks"] == json.loads(json.dumps(message.blocks))
    assert "<" not in json.dumps(sent)
    assert "and 495 more, $495.00 in all" in json.dumps(sent)
