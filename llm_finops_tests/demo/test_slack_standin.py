"""The stand-in for Slack, asked by the official client."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from llm_finops.demo.clock import Clock
from llm_finops.demo.configuration import SLACK_CHANNEL
from llm_finops.demo.standins import Standins
from llm_finops.demo.standins.slack import TOKEN, Fault

METADATA = {"event_type": "summary", "event_payload": {"key": "2026-11-23"}}


@pytest.fixture
def client(standins: Standins) -> WebClient:
    return _client(standins)


def _client(standins: Standins, token: str = TOKEN) -> WebClient:
    return WebClient(token, base_url=standins.slack_url, retry_handlers=[], timeout=5)


def _post(client: WebClient, text: str, **more: Any) -> str:
    return str(client.chat_postMessage(channel=SLACK_CHANNEL, text=text, **more)["ts"])


def _history(client: WebClient, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.conversations_history(channel=SLACK_CHANNEL, **more)["messages"]
    return found


def test_what_it_keeps_is_its_users_alone(client: WebClient, tmp_path: Path) -> None:
    _post(client, "hello")
    assert (tmp_path / "home" / "slack.jsonl").stat().st_mode & 0o777 == 0o600


def _kept(tmp_path: Path) -> list[dict[str, Any]]:
    text = (tmp_path / "home" / "slack.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_message_is_found_again_by_its_metadata(client: WebClient) -> None:
    ts = _post(client, "hello", metadata=METADATA, blocks=[{"type": "divider"}])
    (message,) = _history(client, include_all_metadata=True)
    assert (message["ts"], message["text"], message["metadata"]) == (ts, "hello", METADATA)
    assert message["blocks"] == [{"type": "divider"}]
    (bare,) = _history(client)
    assert "metadata" not in bare


def test_an_edit_replaces_and_a_reply_stays_out_of_the_channel(client: WebClient) -> None:
    ts = _post(client, "first")
    client.chat_update(channel=SLACK_CHANNEL, ts=ts, text="second")
    _post(client, "in the thread", thread_ts=ts)
    assert [message["text"] for message in _history(client)] == ["second"]
    with pytest.raises(SlackApiError, match="message_not_found"):
        client.chat_update(channel=SLACK_CHANNEL, ts="1.000001", text="x")


def test_a_thread_is_read_oldest_first_with_its_metadata(client: WebClient) -> None:
    ts = _post(client, "first")
    _post(client, "another")
    for text in ("one", "two", "three"):
        _post(client, text, thread_ts=ts, metadata=METADATA)
    page = client.conversations_replies(channel=SLACK_CHANNEL, ts=ts, limit=2, include_all_metadata=True)
    assert [message["text"] for message in page["messages"]] == ["first", "one"]
    cursor = page["response_metadata"]["next_cursor"]
    rest = client.conversations_replies(channel=SLACK_CHANNEL, ts=ts, cursor=cursor)["messages"]
    assert [(message["text"], "metadata" in message) for message in rest] == [("two", False), ("three", False)]
    assert page["messages"][1]["metadata"] == METADATA
    with pytest.raises(SlackApiError, match="thread_not_found"):
        client.conversations_replies(channel=SLACK_CHANNEL, ts="1.000001")


def test_a_text_alone_takes_the_blocks_away_and_an_edit_needs_the_channels_id(client: WebClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]
    ts = _post(client, "first", blocks=blocks, metadata=METADATA)
    client.chat_update(channel=SLACK_CHANNEL, ts=ts, text="second")
    (message,) = _history(client, include_all_metadata=True)
    assert (message["text"], message.get("blocks"), message["metadata"]) == ("second", None, METADATA)
    with pytest.raises(SlackApiError, match="channel_not_found"):
        client.chat_update(channel="#finops", ts=ts, text="x")


def test_a_message_that_is_deleted_or_too_old_is_not_edited(
    standins: Standins, client: WebClient, clock: Clock
) -> None:
    ts = _post(client, "first")
    standins.slack.edit_window_s = 60
    client.chat_update(channel=SLACK_CHANNEL, ts=ts, text="at once")
    clock.advance_to(clock.now() + timedelta(seconds=61))
    with pytest.raises(SlackApiError, match="edit_window_closed"):
        client.chat_update(channel=SLACK_CHANNEL, ts=ts, text="late")
    client.chat_delete(channel=SLACK_CHANNEL, ts=ts)
    with pytest.raises(SlackApiError, match="message_not_found"):
        client.chat_update(channel=SLACK_CHANNEL, ts=ts, text="gone")
    assert _history(client) == []


def test_history_is_newest_first_by_pages_and_between_two_moments(client: WebClient, clock: Clock) -> None:
    stamps = []
    for hour in (7, 8, 9, 10):
        clock.advance_to(datetime(2026, 11, 24, hour, tzinfo=UTC))
        stamps.append(_post(client, f"{hour}"))
    assert stamps == sorted(stamps)
    page = client.conversations_history(channel=SLACK_CHANNEL, limit=3)
    assert [message["text"] for message in page["messages"]] == ["10", "9", "8"]
    cursor = page["response_metadata"]["next_cursor"]
    assert [message["text"] for message in _history(client, limit=3, cursor=cursor)] == ["7"]
    assert [m["text"] for m in _history(client, oldest=stamps[0], latest=stamps[3])] == ["9", "8"]
    assert len(_history(client, oldest=stamps[0], latest=stamps[3], inclusive=True)) == 4


def test_a_form_says_the_same_as_json(standins: Standins, client: WebClient) -> None:
    form = {"channel": SLACK_CHANNEL, "text": "form", "metadata": json.dumps(METADATA), "token": TOKEN}
    answer = httpx.post(f"{standins.slack_url}chat.postMessage", data=form, trust_env=False)
    assert answer.json()["ok"]
    (message,) = _history(client, include_all_metadata=True)
    assert message["metadata"] == METADATA


def test_messages_survive_a_restart_and_a_line_cut_by_a_kill(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "home" / "slack.jsonl"
    with Standins(tmp_path / "home", clock) as first:
        ts = _post(_client(first), "one", metadata=METADATA)
        _client(first).chat_update(channel=SLACK_CHANNEL, ts=ts, text="one, edited")
    with path.open("a", encoding="utf-8") as file:
        file.write('{"method": "chat.postMess')
    with Standins(tmp_path / "home", clock) as second:
        other = _post(_client(second), "two")
        messages = _history(_client(second), include_all_metadata=True)
    assert [(m["ts"], m["text"]) for m in messages] == [(other, "two"), (ts, "one, edited")]
    assert messages[1]["metadata"] == METADATA
    assert [call["method"] for call in _kept(tmp_path)] == [
        "chat.postMessage",
        "chat.update",
        "chat.postMessage",
        "conversations.history",
    ]


def test_a_picture_is_shown_in_a_thread_by_the_official_clients_upload(
    client: WebClient, tmp_path: Path, clock: Clock
) -> None:
    ts = _post(client, "the day")
    given: dict[str, Any] = {"channel": SLACK_CHANNEL, "thread_ts": ts, "initial_comment": "in words"}
    answer = client.files_upload_v2(file=b"\x89PNG", filename="day.png", title="Margin", **given)
    assert [file["title"] for file in answer["files"]] == ["Margin"]

    def shown(by: WebClient) -> Any:
        (message,) = by.conversations_replies(channel=SLACK_CHANNEL, ts=ts)["messages"][1:]
        return message["text"], [(file["name"], file["title"]) for file in message["files"]]

    assert shown(client) == ("in words", [("day.png", "Margin")])
    assert len(_history(client)) == 1
    kept = tmp_path / "home" / "slack_files" / "day.png"
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (b"\x89PNG", 0o600)
    with Standins(tmp_path / "home", clock) as again:
        assert shown(_client(again)) == ("in words", [("day.png", "Margin")])


def test_an_address_takes_one_file_of_the_length_that_was_said_and_for_a_while(
    standins: Standins, client: WebClient, clock: Clock
) -> None:
    def asked() -> tuple[str, str]:
        answer = client.files_getUploadURLExternal(filename="day.png", length=4)
        return str(answer["upload_url"]), str(answer["file_id"])

    def sent(url: str, content: bytes) -> int:
        return httpx.post(url, content=content, trust_env=False).status_code

    (url, file_id), (late, _) = asked(), asked()
    assert [sent(url, b"longer"), sent(url, b"\x89PNG"), sent(url, b"\x89PNG"), sent(f"{url}9", b"\x89PNG")] == [
        400,
        200,
        404,
        404,
    ]
    clock.advance_to(clock.now() + timedelta(hours=1))
    assert sent(late, b"\x89PNG") == 404
    for unsent in ("F1", asked()[1]):
        with pytest.raises(SlackApiError, match="file_not_found"):
            client.files_completeUploadExternal(files=[{"id": unsent}], channel_id=SLACK_CHANNEL)
    with pytest.raises(SlackApiError, match="invalid_channel"):
        client.files_completeUploadExternal(files=[{"id": file_id}], channel_id="#finops")
    standins.slack.scopes = "chat:write"
    with pytest.raises(SlackApiError, match="missing_scope") as refused:
        asked()
    assert refused.value.response["needed"] == "files:write"


def test_every_call_is_kept_without_its_token(standins: Standins, client: WebClient, tmp_path: Path) -> None:
    _post(client, "hello", metadata=METADATA)
    client.auth_test()
    httpx.post(f"{standins.slack_url}auth.test", data={"token": TOKEN}, trust_env=False)
    kept = _kept(tmp_path)
    assert [call["method"] for call in kept] == ["chat.postMessage", "auth.test", "auth.test"]
    assert kept[0]["body"]["text"] == "hello"
    assert kept[0]["body"]["metadata"] == METADATA
    assert TOKEN not in (tmp_path / "home" / "slack.jsonl").read_text(encoding="utf-8")


def test_a_wrong_token_is_refused_with_http_200(standins: Standins) -> None:
    with pytest.raises(SlackApiError) as refused:
        _client(standins, "xoxb-other").auth_test()
    assert refused.value.response.status_code == 200
    assert refused.value.response["error"] == "invalid_auth"
    answer = httpx.post(f"{standins.slack_url}auth.test", trust_env=False)
    assert answer.json() == {"ok": False, "error": "not_authed"}


def test_faults_come_once_each_in_their_order(standins: Standins, client: WebClient) -> None:
    standins.slack.fail_next(Fault(retry_after=3), Fault(error="internal_error"))
    with pytest.raises(SlackApiError) as busy:
        _post(client, "hello")
    assert (busy.value.response.status_code, busy.value.response.headers["Retry-After"]) == (429, "3")
    with pytest.raises(SlackApiError, match="internal_error"):
        _post(client, "hello")
    assert _history(client) == []
    _post(client, "hello")
    assert len(_history(client)) == 1


def test_a_cut_answer_leaves_the_message_posted(standins: Standins, client: WebClient) -> None:
    standins.slack.fail_next(Fault(cut=True))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(
            f"{standins.slack_url}chat.postMessage",
            json={"channel": SLACK_CHANNEL, "text": "taken"},
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
        )
    assert [message["text"] for message in _history(client)] == ["taken"]


def test_what_cannot_be_done_is_said_as_slack_says_it(standins: Standins, client: WebClient) -> None:
    for error, method, body in (
        ("no_text", "chat.postMessage", {"channel": SLACK_CHANNEL}),
        ("channel_not_found", "conversations.history", {"channel": "#finops"}),
        ("unknown_method", "chat.shout", {}),
    ):
        with pytest.raises(SlackApiError, match=error):
            client.api_call(method, json=body)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(f"{standins.slack_url}auth.test", content=b"{", headers=headers, trust_env=False)
    assert answer.json()["error"] == "invalid_json"


def test_nobody_answers_when_it_is_not_running(tmp_path: Path, clock: Clock) -> None:
    with Standins(tmp_path / "home", clock) as running:
        url = running.slack_url
    with pytest.raises(httpx.ConnectError):
        httpx.post(f"{url}auth.test", trust_env=False)
