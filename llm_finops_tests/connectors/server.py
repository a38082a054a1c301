"""A provider's side of the line, on loopback: it answers as the test scripts it, and keeps what it was asked."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    target: str

    def get(self, name: str) -> str | None:
        return dict(self.query).get(name)

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]


@dataclass(frozen=True)
class Reply:
    """`cut` closes the line after so many bytes of a body whose length was promised; `silent_s` says nothing first."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent_s: float = 0
    drip_s: float = 0  # between two bytes of the body, or with `drips_head` of the whole answer
    drips_head: bool = False


def said(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **_dashed(headers)})


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Provider:
    """What is asked goes to `answer`; `requests` keeps it."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.requests: list[Request] = []
        self.answer = answer
        self.closing = Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one packet
            timeout = 10

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = tuple(parse_qsl(parts.query, keep_blank_values=True))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(parts.path, query, headers, self.path)
                provider.requests.append(request)
                provider.send(self, provider.answer(request))

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        self.closing.wait(reply.silent_s)
        try:
            if reply.drips_head:
                self._drip(handler, b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 100, reply.drip_s)
            handler.send_response(reply.status)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(reply.body)))
            handler.end_headers()
            self._send_body(handler, reply)
            handler.wfile.flush()
        except OSError:
            handler.close_connection = True  # the other side gave up, as some tests want

    def _send_body(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.drip_s:
            self._drip(handler, reply.body, reply.drip_s)
        else:
            handler.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
            handler.close_connection = reply.cut is not None

    def _drip(self, handler: BaseHTTPRequestHandler, content: bytes, pause_s: float) -> None:
        for byte in content:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(pause_s)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(answer: Callable[[Request], Reply]) -> Iterator[Provider]:
    provider = Provider(answer)
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()
