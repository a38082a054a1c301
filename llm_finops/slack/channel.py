"""One Slack channel: post, find, update, answer, show a picture, each call made once."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from slack_sdk.web import SlackResponse

from llm_finops.core.digest import Message, escape, plain
from llm_finops.slack.calls import asked, called
from llm_finops.slack.files import Picture, is_shown, share
from llm_finops.slack.outcomes import TOO_LONG, UNREADABLE, NotSent, SlackSetupError, Unknown
from llm_finops.slack.transport import Client, checked_address

EVENT_TYPE = "llm_finops_summary"
PAGES_MAX, PAGE = 10, 100
PLAIN_MAX = 3_500  # characters; Slack cuts a text at 40,000 and asks for less than 4,000
TIMEOUT_S = 10.0

NO_FACTS: Mapping[str, str] = MappingProxyType({})
_TOKEN = re.compile(r"[!-~]{1,500}", re.ASCII)
_QUIET: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


class Posted(NamedTuple):
    """Where a message stands: the channel's ID and Slack's timestamp of it."""

    channel: str
    ts: str


class Found(NamedTuple):
    """A message of ours that was found: its timestamp and what it was posted with (see `Slack.post`)."""

    ts: str
    facts: Mapping[str, str]


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

    def post(self, message: Message, key: str, facts: Mapping[str, str] = NO_FACTS) -> Posted:
        """Post a message that `find` finds again by its key; `facts` come back with it.

        Where Slack refuses the blocks for their length, the same figures go as plain text.
        """
        what = f"posting {key} to Slack channel {self.channel}"
        return self._sent(what, message, key, facts, self._client.chat_postMessage, channel=self.channel, **_QUIET)

    def update(self, at: Posted, message: Message, key: str, facts: Mapping[str, str] = NO_FACTS) -> Posted:
        """Replace a message that stands there, with its key and facts. Doing so twice is doing so once."""
        what = f"editing {key} (message {at.ts}) in Slack channel {at.channel}"
        return self._sent(what, message, key, facts, self._client.chat_update, **at._asdict(), parse="none")

    def reply(self, at: Posted, message: Message, key: str, facts: Mapping[str, str] = NO_FACTS) -> Posted:
        """Answer in a message's thread; `find_reply` finds it again."""
        what = f"posting {key} in the thread of message {at.ts} in Slack channel {at.channel}"
        where = {"channel": at.channel, "thread_ts": at.ts}
        return self._sent(what, message, key, facts, self._client.chat_postMessage, **where, **_QUIET)

    def show(self, at: Posted, picture: Picture) -> Posted:
        """Show a picture in a message's thread. Its own timestamp is not known: Slack shows it a little later."""
        share(self._client, at.channel, at.ts, picture)
        return Posted(at.channel, "")

    def find(self, key: str, oldest: str) -> Found | None:
        """The message with this key, posted since `oldest` (epoch seconds); None: not there.

        Needs the scope channels:history (groups:history in a private channel) and the channel's ID. Raises
        NotSent, permanent where the channel cannot be read through: then it is not known to be absent.
        """
        ask = partial(self._client.conversations_history, channel=self.channel, oldest=oldest)
        return self._looked_through(f"looking for {key} in Slack channel {self.channel}", ask, partial(_ours, key=key))

    def find_reply(self, at: Posted, key: str) -> Found | None:
        """The answer with this key in a message's thread; None: not there. As `find` otherwise."""
        ask = partial(self._client.conversations_replies, **at._asdict())
        return self._looked_through(f"looking for {key} in the thread of message {at.ts}", ask, partial(_ours, key=key))

    def find_shown(self, at: Posted, picture: Picture) -> Found | None:
        """The picture in a message's thread; None: not there. As `find` otherwise."""

        def is_it(message: object) -> Found | None:
            return (
                Found(str(message["ts"]), NO_FACTS)
                if isinstance(message, dict) and is_shown(message, picture)
                else None
            )

        ask = partial(self._client.conversations_replies, **at._asdict())
        return self._looked_through(f"looking for {picture.name} in the thread of message {at.ts}", ask, is_it)

    def read(self, at: Posted, key: str) -> Found | None:
        """What stands at a message's place, if it is the one with this key."""
        what = f"reading {key} (message {at.ts}) in Slack channel {at.channel}"
        ask = partial(
            self._client.conversations_history, channel=at.channel, oldest=at.ts, latest=at.ts, inclusive=True
        )
        return next((found for m in self._page(what, ask)["messages"] if (found := _ours(m, key))), None)

    def identity(self) -> Identity:
        """The token's workspace, user and scopes. Posts nothing."""
        headers: dict[str, str] = {}

        def send() -> SlackResponse:
            answer = self._client.auth_test()
            headers.update({name.lower(): value for name, value in answer.headers.items()})
            return answer

        data = asked("asking Slack whose token this is", send)
        scopes = frozenset(scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")) - {""}
        return Identity(str(data.get("team", "")), str(data.get("user", "")), scopes)

    def _sent(
        self,
        what: str,
        message: Message,
        key: str,
        facts: Mapping[str, str],
        call: Callable[..., SlackResponse],
        **how: Any,
    ) -> Posted:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": key, **facts}}
        whole = partial(call, text=message.text, blocks=list(message.blocks), metadata=metadata, **how)
        try:
            return self._posted(what, whole)
        except NotSent as refused:
            if refused.code not in TOO_LONG:
                raise
        # Without blocks an edit takes those that were there away.
        return self._posted(what, partial(call, text=_shortened(message), mrkdwn=False, metadata=metadata, **how))

    def _looked_through(
        self, what: str, ask: Callable[..., SlackResponse], is_it: Callable[[object], Found | None]
    ) -> Found | None:
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = self._page(what, partial(ask, cursor=cursor))
            for message in page["messages"]:
                if found := is_it(message):
                    return found
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return None
        raise NotSent(
            f"{what}: not among the {PAGES_MAX * PAGE} newest messages; look for it by hand, or use a quieter channel",
            permanent=True,
        )

    def _posted(self, what: str, send: Callable[[], SlackResponse]) -> Posted:
        data = called(what, send)
        channel, ts = data.get("channel"), data.get("ts")
        if not isinstance(channel, str) or not isinstance(ts, str):
            raise Unknown(f"{what}: Slack's answer names no message")
        return Posted(channel, ts)

    def _page(self, what: str, ask: Callable[..., SlackResponse]) -> Mapping[str, Any]:
        page = asked(what, partial(ask, limit=PAGE, include_all_metadata=True))
        if not isinstance(page.get("messages"), list):
            raise NotSent(f"{what}: Slack's answer holds no messages; to be tried again", code=UNREADABLE)
        return page


def _ours(message: object, key: str) -> Found | None:
    """The message, if it is the one of ours with this key."""
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return None
    payload = metadata.get("event_payload")
    if not isinstance(message, dict) or not isinstance(payload, dict) or payload.get("key") != key:
        return None
    return Found(str(message["ts"]), {str(name): str(value) for name, value in payload.items() if name != "key"})


def _shortened(message: Message) -> str:
    lines: list[str] = []
    for line in escape(plain(message)).splitlines():
        if sum(map(len, lines)) + len(lines) + len(line) > PLAIN_MAX:
            return "\n".join([*lines, "…"])
        lines.append(line)
    return "\n".join(lines)
