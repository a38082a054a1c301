"""A stand-in for Slack: messages and pictures posted, edited and read back, each call kept in a file over restarts."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from llm_finops.demo.files import PRIVATE
from llm_finops.demo.standins.server import Answer, Call
from llm_finops.demo.standins.slack_files import ASK, SHOW, UPLOADS, Files, Shown
from llm_finops.demo.standins.slack_messages import (
    CHANNEL_ID,
    Message,
    body_of,
    channel_id,
    content_of,
    edit,
    flag,
    no,
    page,
    refusal,
    said,
    shown,
)

TOKEN = "xoxb-lantern-demo-0001"  # noqa: S105  opens nothing but the stand-in
ROOT = "/api/"
SCOPES = "chat:write,channels:history,files:write"

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
class Slack:
    """One workspace. Each call is appended to `path` as {"method", "body", "answer"}; tokens are left out.

    Pictures are kept in the folder `slack_files` beside it.
    """

    path: Path
    clock: Callable[[], datetime]
    edit_window_s: int | None = None  # how long a message may be edited; None: for ever
    scopes: str = SCOPES
    _faults: deque[Fault] = field(default_factory=deque)
    _messages: list[Message] = field(default_factory=list)
    _posted: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.files = Files(self.path.parent / "slack_files", self.clock)
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
        if call.path.startswith(UPLOADS):
            return self._taken(call)
        try:
            body = body_of(call)
        except ValueError:
            return said(no("invalid_json"), 200, {})
        token = call.headers.get("authorization", "").removeprefix("Bearer ") or body.get("token", "")
        body.pop("token", None)
        method = call.path.removeprefix(ROOT)
        with self._lock:
            fault = self._faults.popleft() if self._faults else Fault()
            host = call.headers.get("host", "")
            answer = self._refusal(token, fault) or self._lacking(method) or self._do(method, body, host)
            self._write({"method": method, "body": body, "answer": answer})
        if fault.retry_after is not None:
            return said(answer, 429, {"Retry-After": str(fault.retry_after)})
        return said(answer, 200, {"x-oauth-scopes": self.scopes}, cut=fault.cut)

    def _refusal(self, token: str, fault: Fault) -> dict[str, Any] | None:
        if fault.retry_after is not None:
            return no("ratelimited")
        if fault.error:
            return no(fault.error)
        if token != TOKEN:
            return no("invalid_auth" if token else "not_authed")
        return None

    def _taken(self, call: Call) -> Answer:
        """The bytes of a file. Calls go wrong here, too, as `fail_next` says."""
        with self._lock:
            fault = self._faults.popleft() if self._faults else Fault()
            if fault.error or fault.retry_after is not None:
                retry = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                return Answer(429 if retry else 500, b"", retry)
            answer = self.files.take(call)
            received = {"method": UPLOADS, "body": {"bytes": len(call.body)}}
            self._write({**received, "answer": {"ok": answer.status == 200}})
        return replace(answer, cut=fault.cut)

    def _lacking(self, method: str) -> dict[str, Any] | None:
        if method.startswith("files.") and "files:write" not in self.scopes.split(","):
            return {**no("missing_scope"), "needed": "files:write", "provided": self.scopes}
        return None

    def _do(self, method: str, body: Mapping[str, Any], host: str) -> dict[str, Any]:
        if method == ASK:
            return self.files.address(body, host)
        if method == "auth.test":
            who = {"user": "finops", "user_id": "U0FINOPS", "bot_id": "B0FINOPS", "team": "Lantern"}
            return {"ok": True, "url": "https://lantern.slack.com/", "team_id": "T0LANTERN", **who}
        known = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            SHOW: self._show,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }
        return known[method](body) if method in known else no("unknown_method")

    def _post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if refused := refusal(body):
            return refused
        self._posted += 1
        ts = f"{int(self.clock().timestamp())}.{self._posted:06d}"
        message = Message(channel_id(str(body["channel"])), ts, content_of(body), body.get("thread_ts"))
        self._messages.append(message)
        return {"ok": True, "channel": message.channel, "ts": ts, "message": shown(message, metadata=True)}

    def _show(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if not CHANNEL_ID.fullmatch(str(body.get("channel_id", ""))):
            return no("invalid_channel")
        answer, made = self.files.show(body)
        self._add(made)
        return answer

    def _add(self, made: Shown | None) -> None:
        """The message that shows a file. Whoever asked for it is not told its timestamp."""
        if made:
            self._posted += 1
            ts = f"{int(self.clock().timestamp())}.{self._posted:06d}"
            self._messages.append(Message(made.channel, ts, made.content, made.thread_ts))

    def _update(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if refused := refusal(body):
            return refused
        if not CHANNEL_ID.fullmatch(str(body["channel"])):  # unlike a post, an edit takes no name
            return no("channel_not_found")
        message = self._find(str(body["channel"]), str(body.get("ts")))
        if message is None:
            return no("message_not_found")
        if self.edit_window_s is not None and self._age_s(message) > self.edit_window_s:
            return no("edit_window_closed")
        edit(message, body)
        return {"ok": True, "channel": message.channel, "ts": message.ts, "text": message.content.get("text", "")}

    def _delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        message = self._find(str(body.get("channel")), str(body.get("ts")))
        if message is None:
            return no("message_not_found")
        self._messages.remove(message)
        return {"ok": True, "channel": message.channel, "ts": message.ts}

    def _age_s(self, message: Message) -> Decimal:
        return Decimal(int(self.clock().timestamp())) - Decimal(message.ts)

    def _history(self, body: Mapping[str, Any]) -> dict[str, Any]:
        channel = str(body.get("channel", ""))
        if not CHANNEL_ID.fullmatch(channel):
            return no("channel_not_found")
        try:
            oldest, latest = Decimal(str(body.get("oldest") or 0)), Decimal(str(body.get("latest") or "Infinity"))
            start, limit = int(body.get("cursor") or 0), min(int(body.get("limit") or _PAGE), 999)
        except (ValueError, InvalidOperation):
            return no("invalid_arguments")
        with_ends = flag(body.get("inclusive"))
        found = [
            message
            for message in sorted(self._messages, key=lambda message: Decimal(message.ts), reverse=True)
            if message.channel == channel
            and message.thread_ts in {None, message.ts}
            and (oldest < Decimal(message.ts) < latest or (with_ends and Decimal(message.ts) in {oldest, latest}))
        ]
        return page(found, start, limit, body)

    def _replies(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A message and the answers to it, oldest first."""
        channel, ts = str(body.get("channel", "")), str(body.get("ts", ""))
        try:
            start, limit = int(body.get("cursor") or 0), min(int(body.get("limit") or _PAGE), 999)
        except ValueError:
            return no("invalid_arguments")
        thread = [m for m in self._messages if m.channel == channel and ts in {m.ts, m.thread_ts}]
        if not thread:
            return no("thread_not_found" if CHANNEL_ID.fullmatch(channel) else "channel_not_found")
        return page(sorted(thread, key=lambda message: Decimal(message.ts)), start, limit, body)

    def _find(self, channel: str, ts: str) -> Message | None:
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
            message = Message(answer["channel"], answer["ts"], content_of(body), body.get("thread_ts"))
            self._messages.append(message)
        elif method.startswith("files."):
            self._add(self.files.recall(method, body, answer))
        elif found := self._find(str(answer.get("channel")), str(answer.get("ts"))):
            if method == "chat.update":
                edit(found, body)
            elif method == "chat.delete":
                self._messages.remove(found)
