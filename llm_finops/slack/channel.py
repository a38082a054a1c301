"""One Slack channel: post, find, update, reply, each call made once."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from llm_finops.core.digest import Message, escape, plain
from llm_finops.slack.outcomes import TOO_LONG, UNREADABLE, NotSent, SlackError, SlackSetupError, Unknown, judged
from llm_finops.slack.transport import NEVER_SENT, Client, checked_address

EVENT_TYPE = "llm_finops_summary"
PAGES_MAX, PAGE = 10, 100
PLAIN_MAX = 3_500  # characters; Slack cuts a text at 40,000 and asks for less than 4,000
TIMEOUT_S = 10.0

_TOKEN = re.compile(r"[!-~]{1,500}", re.ASCII)
_QUIET: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


class Posted(NamedTuple):
    """Where a message stands: the channel's ID and Slack's timestamp of it."""

    channel: str
    ts: str


class Identity(NamedTuple):
    """Who a token speaks as, and what it may do: for a check before the first post."""

    workspace: str
    user: str
    scopes: frozenset[str]


class Slack:
    """Posts to one channel. Failures are `NotSent` or `Unknown`; the token is in none of them."""

    def __init__(self, token: str, channel: str, base_url: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        token, self.channel = token.strip(), channel.strip()
        if not _TOKEN.fullmatch(token) or "://" in token:
            raise SlackSetupError("expected a bot token (xoxb-...); saw something else, perhaps a webhook's address")
        if not self.channel:
            raise SlackSetupError("expected a channel's ID such as C0123456789 (channel details, at the bottom)")
        self._client = Client(token, checked_address(base_url), timeout_s)

    def __repr__(self) -> str:
        return f"Slack(channel={self.channel!r})"

    def post(self, message: Message, key: str) -> Posted:
        """Post a message that `find` finds again by its key.

        Where Slack refuses the blocks for their length, the same figures go as plain text.
        """
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
        try:
            return self._post(key, text=message.text, blocks=list(message.blocks), metadata=metadata)
        except NotSent as refused:
            if refused.code not in TOO_LONG:
                raise
        return self._post(key, text=_shortened(message), mrkdwn=False, metadata=metadata)

    def find(self, key: str, oldest: str) -> str | None:
        """The timestamp of the message with this key, posted since `oldest` (epoch seconds); None: not there.

        Needs the scope channels:history (groups:history in a private channel) and the channel's ID. Raises
        NotSent, permanent where the channel cannot be read through: then it is not known to be absent.
        """
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = self._page(key, oldest, cursor)
            for message in page["messages"]:
                if _key_of(message) == key:
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return None
        raise NotSent(
            f"looking for {key} in Slack channel {self.channel}: not among the {PAGES_MAX * PAGE} newest messages; "
            "look for it by hand, or use a quieter channel",
            permanent=True,
        )

    def update(self, ts: str, message: Message, channel: str | None = None) -> Posted:
        """Replace a message that was posted before; `channel` as it was Posted."""
        place = channel or self.channel
        blocks = list(message.blocks)
        return self._posted(
            f"editing message {ts} in Slack channel {place}",
            lambda: self._client.chat_update(channel=place, ts=ts, text=message.text, blocks=blocks, parse="none"),
        )

    def reply(self, ts: str, text: str, channel: str | None = None) -> Posted:
        """Answer in a message's thread. `text` is mrkdwn: names in it as `core.digest.shown` writes them."""
        place = channel or self.channel
        return self._posted(
            f"answering message {ts} in Slack channel {place}",
            lambda: self._client.chat_postMessage(channel=place, thread_ts=ts, text=text, **_QUIET),
        )

    def identity(self) -> Identity:
        """The token's workspace, user and scopes. Posts nothing."""
        headers: dict[str, str] = {}

        def send() -> SlackResponse:
            answer = self._client.auth_test()
            headers.update({name.lower(): value for name, value in answer.headers.items()})
            return answer

        data = self._asked("asking Slack whose token this is", send)
        scopes = frozenset(scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")) - {""}
        return Identity(str(data.get("team", "")), str(data.get("user", "")), scopes)

    def _post(self, key: str, **content: Any) -> Posted:
        what = f"posting {key} to Slack channel {self.channel}"
        return self._posted(what, lambda: self._client.chat_postMessage(channel=self.channel, **_QUIET, **content))

    def _posted(self, what: str, send: Callable[[], SlackResponse]) -> Posted:
        data = self._called(what, send)
        channel, ts = data.get("channel"), data.get("ts")
        if not isinstance(channel, str) or not isinstance(ts, str):
            raise Unknown(f"{what}: Slack's answer names no message")
        return Posted(channel, ts)

    def _page(self, key: str, oldest: str, cursor: str | None) -> Mapping[str, Any]:
        what = f"looking for {key} in Slack channel {self.channel}"
        page = self._asked(
            what,
            lambda: self._client.conversations_history(
                channel=self.channel, oldest=oldest, cursor=cursor, limit=PAGE, include_all_metadata=True
            ),
        )
        if not isinstance(page.get("messages"), list):
            raise NotSent(f"{what}: Slack's answer holds no messages; to be tried again", code=UNREADABLE)
        return page

    def _asked(self, what: str, send: Callable[[], SlackResponse]) -> Mapping[str, Any]:
        """A call that only reads: losing its answer leaves nothing unknown."""
        try:
            return self._called(what, send)
        except Unknown as lost:
            seen = lost.seen
        raise NotSent(f"{seen}; to be tried again", code=UNREADABLE)

    def _called(self, what: str, send: Callable[[], SlackResponse]) -> Mapping[str, Any]:
        trouble: SlackError
        try:
            data = send().data
            return data if isinstance(data, dict) else {}
        except SlackApiError as refused:
            answer = refused.response
            trouble = judged(what, answer.status_code, answer.headers, answer.data)
        except NEVER_SENT as lost:
            trouble = NotSent(f"{what}: no connection to Slack ({type(lost).__name__}); to be tried again")
        except httpx.HTTPError as lost:
            trouble = Unknown(f"{what}: the connection was lost ({type(lost).__name__})")
        raise trouble  # outside the handlers: the SDK's error quotes the answer's body and must not come along


def _key_of(message: object) -> object:
    """The key in a message's metadata; None where it has none of ours."""
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return None
    payload = metadata.get("event_payload")
    return payload.get("key") if isinstance(payload, dict) else None


def _shortened(message: Message) -> str:
    lines: list[str] = []
    for line in escape(plain(message)).splitlines():
        if sum(map(len, lines)) + len(lines) + len(line) > PLAIN_MAX:
            return "\n".join([*lines, "…"])
        lines.append(line)
    return "\n".join(lines)
