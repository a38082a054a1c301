"""A stand-in for Slack over real HTTP on loopback, whose next answers a test may spoil."""

import json
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from llm_finops_tests.slack.hosting import hosted
from llm_finops_tests.slack.uploads import Uploads

TOKEN = "xoxb-canary-0123456789-SECRET"

Answer = Callable[["Conversation"], None]


@dataclass
class Workspace:
    """What stands in for Slack: its messages, newest first, and how its next calls go wrong."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    script: list[Answer] = field(default_factory=list)  # one a call; after it everything works
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    readable: bool = True
    url: str = ""
    page: int = 100
    uploads: Uploads = field(default_factory=Uploads)

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]


class Conversation(BaseHTTPRequestHandler):
    workspace: Workspace
    given: dict[str, Any]
    method: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        is_json = self.headers["Content-Type"].startswith("application/json")
        self.given = json.loads(body or "{}") if is_json else {k: v[0] for k, v in parse_qs(body).items()}
        self.method = self.path.rpartition("/")[2]
        self.workspace.calls.append((self.method, self.given))
        (self.workspace.script.pop(0) if self.workspace.script else works)(self)

    def say(self, data: object, status: int = 200, *, cut: int = 0, headers: dict[str, str] | None = None) -> None:
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def accepts(talk: Conversation) -> dict[str, Any]:
    """Slack takes the call: a message is there, changed or read."""
    space, given = talk.workspace, talk.given
    if talk.method == "chat.postMessage":
        ts = f"1764000000.{len(space.messages):06}"
        space.messages.insert(0, {**given, "ts": ts})
        return {"ok": True, "channel": "C0FINOPS", "ts": ts}
    if talk.method == "chat.update":
        next(m for m in space.messages if m["ts"] == given["ts"]).update(given)
        return {"ok": True, "channel": given["channel"], "ts": given["ts"]}
    if talk.method == "files.getUploadURLExternal":
        return space.uploads.ask(given)
    if talk.method == "files.completeUploadExternal":
        return space.uploads.show(given, space.messages)
    if talk.method == "auth.test":
        return {"ok": True, "team": "Example", "user": "finops"}
    if not space.readable:
        return {"ok": False, "error": "missing_scope", "needed": "channels:history"}
    start = int(given.get("cursor") or 0)
    more = str(start + space.page) if start + space.page < len(space.messages) else ""
    page = space.messages[start : start + space.page]
    return {"ok": True, "messages": page, "response_metadata": {"next_cursor": more}}


def works(talk: Conversation) -> None:
    talk.say(accepts(talk), headers={"X-OAuth-Scopes": "chat:write,channels:history"})


def takes_it_and_cuts_the_answer(talk: Conversation) -> None:
    talk.say(accepts(talk), cut=9)


def takes_it_and_hangs_up(talk: Conversation) -> None:
    accepts(talk)


def takes_it_and_resets(talk: Conversation) -> None:
    accepts(talk)
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.connection.close()


def takes_it_and_says_nothing(talk: Conversation) -> None:
    accepts(talk)
    talk.connection.settimeout(5)
    talk.connection.recv(1)  # until the client gives up


def takes_it_and_answers_nonsense(talk: Conversation) -> None:
    accepts(talk)
    talk.say(f"<html>{TOKEN}</html>")


def refuses(error: str, status: int = 200, headers: dict[str, str] | None = None, **extra: str) -> Answer:
    return lambda talk: talk.say({"ok": False, "error": error, "echo": TOKEN, **extra}, status, headers=headers)


UNCERTAIN = [
    takes_it_and_cuts_the_answer,
    takes_it_and_hangs_up,
    takes_it_and_resets,
    takes_it_and_says_nothing,
    takes_it_and_answers_nonsense,
]


@contextmanager
def serving(space: Workspace) -> Iterator[Workspace]:
    with hosted(type("Talk", (Conversation,), {"workspace": space}), quiet=True) as address:
        space.url = f"{address}/api/"
        yield space
