"""What calls to the stand-in for Slack hold, and how its messages are read back."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from llm_finops.demo.standins.server import Answer, Call

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
_CHANNEL = "C0LANTERN01"
_STRUCTURED = ("blocks", "metadata", "attachments")  # JSON inside a form


@dataclass
class Message:
    """A message where it stands."""

    channel: str
    ts: str
    content: dict[str, Any]
    thread_ts: str | None = None


def body_of(call: Call) -> dict[str, Any]:
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


def said(body: object, status: int, headers: Mapping[str, str], *, cut: bool = False) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body).encode(), headers, cut)


def no(error: str) -> dict[str, Any]:
    """A refusal, by its code."""
    return {"ok": False, "error": error}


def refusal(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Why a message cannot be taken, if so."""
    if not body.get("channel"):
        return no("channel_not_found")
    return None if body.get("text") or body.get("blocks") else no("no_text")


def content_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a call's arguments a message holds."""
    return {name: body[name] for name in ("text", *_STRUCTURED) if name in body}


def edit(message: Message, body: Mapping[str, Any]) -> None:
    """Replace what is given. A text that comes without blocks takes the blocks away."""
    if "text" in body and "blocks" not in body:
        message.content.pop("blocks", None)
    message.content |= content_of(body)


def page(found: Sequence[Message], start: int, limit: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """Some messages as history shows them, and where it goes on."""
    messages = [shown(m, metadata=flag(body.get("include_all_metadata"))) for m in found[start : start + limit]]
    more = start + limit < len(found)
    following = {"response_metadata": {"next_cursor": str(start + limit)}} if more else {}
    return {"ok": True, "messages": messages, "has_more": more, **following}


def shown(message: Message, *, metadata: bool) -> dict[str, Any]:
    """A message as it is read back."""
    content = {name: value for name, value in message.content.items() if metadata or name != "metadata"}
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    return {"type": "message", "user": "U0FINOPS", "bot_id": "B0FINOPS", "ts": message.ts, **thread, **content}


def channel_id(name: str) -> str:
    """The ID of a channel named by ID or by name."""
    return name if CHANNEL_ID.fullmatch(name) else _CHANNEL


def flag(value: object) -> bool:
    """A yes or no of a form."""
    return str(value).lower() in {"1", "true"}
