"""The files of the stand-in for Slack: an address to send one to, its bytes, and the call that shows it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from llm_finops.demo.files import PRIVATE
from llm_finops.demo.standins.server import Answer, Call
from llm_finops.demo.standins.slack_messages import no

ASK, SHOW = "files.getUploadURLExternal", "files.completeUploadExternal"
UPLOADS = "/upload/v1/"
_GOOD_FOR = timedelta(minutes=10)  # an address; Slack does not say for how long
_FILE_MAX = 1_000_000
_NAME = re.compile(r"[\w][\w.-]{0,80}", re.ASCII)


class Shown(NamedTuple):
    """A message that shows files: where, and what of it people see."""

    channel: str
    thread_ts: str | None
    content: dict[str, Any]


@dataclass
class _File:
    name: str
    length: int
    asked_at: datetime
    is_sent: bool = False


@dataclass
class Files:
    """Files on their way and shown. What is shown is kept in `folder`, each by its name."""

    folder: Path
    clock: Callable[[], datetime]
    _pending: dict[str, _File] = field(default_factory=dict)
    _asked: int = 0

    def address(self, body: Mapping[str, Any], host: str) -> dict[str, Any]:
        """files.getUploadURLExternal: an ID, and where the bytes go."""
        name, length = str(body.get("filename", "")), str(body.get("length", ""))
        if not _NAME.fullmatch(name) or not length.isdecimal() or not int(length):
            return no("missing_argument")
        if int(length) > _FILE_MAX:
            return no("file_upload_size_restricted")
        self._asked += 1
        file_id = f"F0LANTERN{self._asked:03d}"
        self._pending[file_id] = _File(name, int(length), self.clock())
        return {"ok": True, "upload_url": f"http://{host}{UPLOADS}{file_id}", "file_id": file_id}

    def take(self, call: Call) -> Answer:
        """The bytes come. Who knows the address may send them, once and in time: no token is asked for."""
        file_id = call.path.removeprefix(UPLOADS)
        file = self._pending.get(file_id)
        if file is None or file.is_sent or self.clock() - file.asked_at > _GOOD_FOR:
            return Answer(404, b"not found", {"Content-Type": "text/plain"})
        if len(call.body) != file.length:
            return Answer(400, b"the length is another one", {"Content-Type": "text/plain"})
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / file.name
        path.touch(PRIVATE)
        path.write_bytes(call.body)
        file.is_sent = True
        return Answer(200, f"OK - {len(call.body)}".encode(), {"Content-Type": "text/plain"})

    def show(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], Shown | None]:
        """files.completeUploadExternal: what is answered, and the message that shows the files, if they are there."""
        try:
            asked = [(str(file["id"]), str(file.get("title", ""))) for file in json.loads(str(body.get("files")))]
        except (ValueError, TypeError, KeyError, AttributeError):
            return no("invalid_arguments"), None
        if not asked or not all(file_id in self._pending and self._pending[file_id].is_sent for file_id, _ in asked):
            return no("file_not_found"), None
        shown = [{"id": at, "name": self._pending.pop(at).name, "title": title} for at, title in asked]
        answer = {"ok": True, "files": [{"id": file["id"], "title": file["title"]} for file in shown]}
        content = {"text": str(body.get("initial_comment", "")), "files": shown}
        thread_ts = body.get("thread_ts")
        return answer, Shown(str(body.get("channel_id", "")), str(thread_ts) if thread_ts else None, content)

    def recall(self, method: str, body: Mapping[str, Any], answer: Mapping[str, Any]) -> Shown | None:
        """Take up a call of an earlier run that went well: the message that it made, if any."""
        if method == SHOW:
            return self.show(body)[1]
        self._asked += 1
        name, length = str(body["filename"]), int(body["length"])
        self._pending[str(answer["file_id"])] = _File(name, length, self.clock(), is_sent=True)
        return None
