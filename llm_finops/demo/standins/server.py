"""A small HTTP server on this machine: a call goes in, an answer comes out, and calls are counted by path."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

BODY_MAX = 2_000_000


class Call(NamedTuple):
    """What a client sent. Header names are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def one(self, name: str) -> str | None:
        """The last value of a parameter of the query."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a list parameter, written `name=a&name=b` or `name[]=a&name[]=b`."""
        return tuple(value for key, value in self.query if key in {name, f"{name}[]"})


@dataclass(frozen=True)
class Answer:
    """What the client gets. `cut`: the line breaks in the middle of the body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


App = Callable[[Call], Answer]


class Served:
    """A running server: its address, how often each path was called, and how to stop it."""

    def __init__(self, server: ThreadingHTTPServer, calls: Counter[str]) -> None:
        self._server = server
        self.calls = calls
        self.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        # A short poll, so that stopping does not take half a second.
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; from then on a connection is refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(app: App, port: int = 0) -> Served:
    """Serve an app on 127.0.0.1, at a port of the system's choice unless one is named. OSError if it is taken."""
    calls: Counter[str] = Counter()
    lock = threading.Lock()

    def counted(call: Call) -> Answer:
        with lock:
            calls[call.path] += 1
        return app(call)

    return Served(_Server(("127.0.0.1", port), type("_Bound", (_Handler,), {"app": staticmethod(counted)})), calls)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # clients may hang up as they like
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    app: App
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: two small packets would wait for each other
    disable_nagle_algorithm = True
    timeout = 60

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        if size > BODY_MAX:
            self.send_error(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        answer = self.app(Call(self.command, parts.path, query, headers, self.rfile.read(size)))
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.close_connection = self.close_connection or answer.cut

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  (the names http.server asks for)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's own name)
        pass
