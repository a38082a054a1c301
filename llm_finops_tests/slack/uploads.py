"""Slack's calls to show a file, and the host that takes its bytes, which is another than the API's."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from llm_finops_tests.slack.hosting import hosted


@dataclass
class Uploads:
    """Files on their way. An address is good for one sending; `hidden`: the token may not read files."""

    names: dict[str, str] = field(default_factory=dict)  # by ID
    sent: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # path, headers, body
    script: list[Callable[["Host"], None]] = field(default_factory=list)  # how the next sendings go
    hidden: bool = False
    url: str = ""  # where files are taken

    def ask(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """files.getUploadURLExternal."""
        file_id = f"F0{len(self.names)}"
        self.names[file_id] = given["filename"]
        address = f"{self.url}{file_id}?length={given['length']}&leave=s3cret"
        return {"ok": True, "upload_url": address, "file_id": file_id}

    def show(self, given: Mapping[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
        """files.completeUploadExternal: a message in the thread, which the answer says nothing of."""
        (file,) = json.loads(given["files"])
        if not any(path.startswith(f"/{file['id']}?length={len(body)}&") for path, _, body in self.sent):
            return {"ok": False, "error": "file_not_found"}
        of = {"x_files": [file["id"]]} if self.hidden else {"files": [{**file, "name": self.names[file["id"]]}]}
        said = {"text": given["initial_comment"], "thread_ts": given["thread_ts"], **of}
        messages.insert(0, {"ts": f"1764000001.{len(messages):06}", **said})
        return {"ok": True, "files": [file]}


class Host(BaseHTTPRequestHandler):
    uploads: Uploads

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.uploads.script:
            self.uploads.script.pop(0)(self)
            return
        self.uploads.sent.append((self.path, dict(self.headers.items()), body))
        self.say(200)

    def say(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def taking(uploads: Uploads) -> Iterator[Uploads]:
    with hosted(type("Taking", (Host,), {"uploads": uploads})) as address:
        uploads.url = f"{address}/"
        yield uploads
