"""A stand-in for Slack: messages posted, edited and read back, each call kept in a file that survives a restart."""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from llm_finops.demo.files import PRIVATE
from llm_finops.demo.standins.server import Answer, Call

TOKEN = "xoxb-lantern-demo-0001"  # noqa: S105  opens nothing but the stand-in
ROOT = "/api/"
SCOPES = "chat:write,channels:history"

_CHANNEL = "C0LANTERN01"
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
_STRUCTURED = ("blocks", "metadata", "attachments")  # JSON inside a form
_PAGE = 100


@dataclass(frozen=True)
class Fault:
    """How the next call goes wrong.

    `error`: refused with ok:false. `retry_after`: refused with 429. `cut`: taken, but the answer breaks off.
    """

    error: str = ""
    retry_after: int | None = None
    cut: bool = False


@dataclass
class _Message:
    channel: str
    ts: str
    content: dict[str, Any]
    thread_ts: str | None = None


@dataclass
class Slack:
    """One workspace. Each call is appended to `path` as {"method", "body", "answer"}; tokens are left out."""

    path: Path
    clock: Callable[[], datetime]
    edit_window_s: int | None = None  # how long a message may be edited; None: for ever
    _faults: deque[Fault] = field(default_factory=deque)
    _messages: list[_Message] = field(default_factory=list)
    _posted: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        self.path.chmod(PRIVATE)
        text = self.path.read_text(encoding="utf-8")
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):
                self._recall(json.loads(line))
        if not text.endswith("\n"):  # an earlier run was killed while it wrote: nobody got an answer to that call
            self.path.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")

    def fail_next(self, *faults: Fault) -> None:
        """Let the next calls go wrong, one fault each, in order."""
        self._faults.extend(faults)

    def __call__(self, call: Call) -> Answer:
        """Answer one call."""
        try:
            body = _body(call)
        except ValueError:
            return _answer(_no("invalid_json"), 200, {})
        token = call.headers.get("authorization", "").removeprefix("Bearer ") or body.get("token", "")
        body.pop("token", None)
        method = call.path.removeprefix(ROOT)
        with self._lock:
            fault = self._faults.popleft() if self._faults else Fault()
            answer = self._refusal(token, fault) or self._do(method, body)
            self._write({"method": method, "body": body, "answer": answer})
        if fault.retry_after is not None:
            return _answer(answer, 429, {"Retry-After": str(fault.retry_after)})
        return _answer(answer, 200, {"x-oauth-scopes": SCOPES}, cut=fault.cut)

    def _refusal(self, token: str, fault: Fault) -> dict[str, Any] | None:
        if fault.retry_after is not None:
            return _no("ratelimited")
        if fault.error:
            return _no(fault.error)
        if token != TOKEN:
            return _no("invalid_auth" if token else "not_authed")
        return None

    def _do(self, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if method == "auth.test":
            who = {"user": "finops", "user_id": "U0FINOPS", "bot_id": "B0FINOPS", "team": "Lantern"}
            return {"ok": True, "url": "https://lantern.slack.com/", "team_id": "T0LANTERN", **who}
        known = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }
        return known[method](body) if method in known else _no("unknown_method")

    def _post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if refused := _refuse_content(body):
            return refused
        self._posted += 1
        ts = f"{int(self.clock().timestamp())}.{self._posted:06d}"
        message = _Message(_channel(str(body["channel"])), ts, _content(body), body.get("thread_ts"))
        self._messages.append(message)
        return {"ok": True, "channel": message.channel, "ts": ts, "message": _shown(message, metadata=True)}

    def _update(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if refused := _refuse_content(body):
            return refused
        if not _CHANNEL_ID.fullmatch(str(body["channel"])):  # unlike a post, an edit takes no name
            return _no("channel_not_found")
        message = self._find(str(body["channel"]), str(body.get("ts")))
        if message is None:
            return _no("message_not_found")
        if self.edit_window_s is not None and self._age_s(message) > self.edit_window_s:
            return _no("edit_window_closed")
        _edit(message, body)
        return {"ok": True, "channel": message.channel, "ts": message.ts, "text": message.content.get("text", "")}

    def _delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        message = self._find(str(body.get("channel")), str(body.get("ts")))
        if message is None:
            return _no("message_not_found")
        self._messages.remove(message)
        return {"ok": True, "channel": message.channel, "ts": message.ts}

    def _age_s(self, message: _Message) -> Decimal:
        return Decimal(int(self.clock().timestamp())) - Decimal(message.ts)

    def _history(self, body: Mapping[str, Any]) -> dict[str, Any]:
        channel = str(body.get("channel", ""))
        if not _CHANNEL_ID.fullmatch(channel):
            return _no("channel_not_found")
        try:
            oldest, latest = Decimal(str(body.get("oldest") or 0)), Decimal(str(body.get("latest") or "Infinity"))
            start, limit = int(body.get("cursor") or 0), min(int(body.get("limit") or _PAGE), 999)
        except (ValueError, InvalidOperation):
            return _no("invalid_arguments")
        with_ends = _flag(body.get("inclusive"))
        found = [
            message
            for message in sorted(self._messages, key=lambda message: Decimal(message.ts), reverse=True)
            if message.channel == channel
            and message.thread_ts in {None, message.ts}
            and (oldest < Decimal(message.ts) < latest or (with_ends and Decimal(message.ts) in {oldest, latest}))
        ]
        return _page(found, start, limit, body)

    def _replies(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A message and the answers to it, oldest first."""
        channel, ts = str(body.get("channel", "")), str(body.get("ts", ""))
        try:
            start, limit = int(body.get("cursor") or 0), min(int(body.get("limit") or _PAGE), 999)
        except ValueError:
            return _no("invalid_arguments")
        thread = [m for m in self._messages if m.channel == channel and ts in {m.ts, m.thread_ts}]
        if not thread:
            return _no("thread_not_found" if _CHANNEL_ID.fullmatch(channel) else "channel_not_found")
        return _page(sorted(thread, key=lambda message: Decimal(message.ts)), start, limit, body)

    def _find(self, channel: str, ts: str) -> _Message | None:
        return next((m for m in self._messages if m.channel == channel and m.ts == ts), None)

    def _write(self, received: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(PRIVATE)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(received) + "\n")

    def _recall(self, received: Mapping[str, Any]) -> None:
        """Take up a call of an earlier run."""
        method, body, answer = received["method"], received["body"], received["answer"]
        if not answer.get("ok"):
            return
        if method == "chat.postMessage":
            self._posted += 1
            message = _Message(answer["channel"], answer["ts"], _content(body), body.get("thread_ts"))
            self._messages.append(message)
        elif found := self._find(str(answer.get("channel")), str(answer.get("ts"))):
            if method == "chat.update":
                _edit(found, body)
            elif method == "chat.delete":
                self._messages.remove(found)


def _body(call: Call) -> dict[str, Any]:
    """The arguments: JSON or a form, and whatever the query holds."""
    given: dict[str, Any] = dict(call.query)
    text = call.body.decode("utf-8", "replace")
    if call.headers.get("content-type", "").startswith("application/json"):
        given |= dict(json.loads(text or "{}"))
        return given
    given |= dict(parse_qsl(text, keep_blank_values=True))
    for name in _STRUCTURED:
        if isinstance(given.get(name), str) and given[name]:
            given[name] = json.loads(given[name])
    return given


def _answer(body: object, status: int, headers: Mapping[str, str], *, cut: bool = False) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers, cut)


def _no(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


def _refuse_content(body: Mapping[str, Any]) -> dict[str, Any] | None:
    if not body.get("channel"):
        return _no("channel_not_found")
    return None if body.get("text") or body.get("blocks") else _no("no_text")


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("text", *_STRUCTURED) if name in body}


def _edit(message: _Message, body: Mapping[str, Any]) -> None:
    """Replace what is given. A text that comes without blocks takes the blocks away."""
    if "text" in body and "blocks" not in body:
        message.content.pop("blocks", None)
    message.content |= _content(body)


def _page(found: Sequence[_Message], start: int, limit: int, body: Mapping[str, Any]) -> dict[str, Any]:
    page = [_shown(m, metadata=_flag(body.get("include_all_metadata"))) for m in found[start : start + limit]]
    more = start + limit < len(found)
    following = {"response_metadata": {"next_cursor": str(start + limit)}} if more else {}
    return {"ok": True, "messages": page, "has_more": more, **following}


def _shown(message: _Message, *, metadata: bool) -> dict[str, Any]:
    content = {name: value for name, value in message.content.items() if metadata or name != "metadata"}
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    return {"type": "message", "user": "U0FINOPS", "bot_id": "B0FINOPS", "ts": message.ts, **thread, **content}


def _channel(name: str) -> str:
    """The ID of a channel named by ID or by name."""
    return name if _CHANNEL_ID.fullmatch(name) else _CHANNEL


def _flag(value: object) -> bool:
    return str(value).lower() in {"1", "true"}
