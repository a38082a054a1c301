"""slack-sdk's client over httpx: no redirect, no retry, no log line, and every failure told apart.

The SDK's own transport follows redirects with the token on, and cannot tell a connection that was never
made from one lost after the message went out. `_perform_urllib_http_request_internal` is its one seam;
the tests pin it.
"""

import ipaddress
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

import httpx
from slack_sdk import WebClient

from llm_finops.slack.outcomes import UNREADABLE, NotSent, SlackError, SlackSetupError, judged

ANSWER_MAX = 8_000_000  # bytes; a page of history stays well below
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
SLACK_URL = "https://slack.com/api/"


class Client(WebClient):
    """A WebClient that sends each call exactly once."""

    def __init__(self, token: str, base_url: str, timeout_s: float) -> None:
        # Not a registered one: no logging configuration can make it speak.
        silent = logging.Logger("llm_finops.slack", logging.CRITICAL + 1)  # noqa: LOG001
        super().__init__(token, base_url=base_url, retry_handlers=[], logger=silent)
        self._secret = token
        self._timeout_s = timeout_s
        # A proxy of the environment is for the world outside; a stand-in on this machine is spoken to directly.
        self._by_environment = urlsplit(base_url).scheme == "https"

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        body = req.data if isinstance(req.data, bytes) else b""
        headers = {**dict(req.header_items()), "Connection": "close"}
        with (
            _hiding(self._secret),
            httpx.Client(timeout=self._timeout_s, trust_env=self._by_environment, follow_redirects=False) as http,
            http.stream("POST", url, content=body, headers=headers) as answer,
        ):
            text = _bounded(answer).decode("utf-8", "replace").replace(self._secret, "(token)")
            return {"status": answer.status_code, "headers": answer.headers, "body": _object_or_error(text)}

    def upload(self, what: str, address: str, content: bytes) -> None:
        """Send bytes where Slack said that they go. The address is the leave to do so: the token stays here.

        NotSent in every failure: what was not asked to be shown is thrown away by Slack.
        """
        url = self._checked_upload(what, address)
        hidden = _hiding(self._secret, str(url), *([path] if len(path := url.raw_path.decode("ascii")) > 1 else []))
        headers = {"Content-Type": "application/octet-stream", "Connection": "close"}
        try:
            with (
                hidden,
                httpx.Client(timeout=self._timeout_s, trust_env=self._by_environment, follow_redirects=False) as http,
                http.stream("POST", url, content=content, headers=headers) as answer,
            ):
                _bounded(answer)
            trouble = None if answer.status_code == 200 else _not_uploaded(what, answer)
        except httpx.HTTPError as lost:
            trouble = NotSent(f"{what}: the connection was lost ({type(lost).__name__}); to be tried again")
        if trouble:
            raise trouble  # outside the handler: the error holds the address and must not come along

    def _checked_upload(self, what: str, address: str) -> httpx.URL:
        """Https; plain http only where the API itself is a stand-in on this machine."""
        try:
            if address and (urlsplit(address).scheme == "https" or not self._by_environment):
                return httpx.URL(checked_address(address))
        except (httpx.InvalidURL, ValueError):
            pass  # as below, without the error, which quotes the address
        raise NotSent(f"{what}: expected an https address to send it to", code=UNREADABLE, permanent=True)


def _not_uploaded(what: str, answer: httpx.Response) -> SlackError:
    """An address is good for a while and for one file: at the next try a new one is asked for."""
    status = answer.status_code
    if 300 <= status < 400 or status == 429 or status >= 500:
        return judged(what, status, answer.headers, {})
    return NotSent(f"{what}: HTTP {status}; to be tried again at a new address", code=UNREADABLE)


@contextmanager
def _hiding(*secrets: str) -> Iterator[None]:
    """Meanwhile, what the libraries below log holds no secret: at DEBUG they write every header of an answer."""

    def hide(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for secret in secrets:
            text = text.replace(secret, "(token)")
        record.msg, record.args = text, None
        return True

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(hide)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(hide)


def checked_address(base_url: str | None) -> str:
    """The API's base address: https, or http on this machine (a stand-in); SlackSetupError otherwise."""
    url = base_url or SLACK_URL
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and _loopback(parts.hostname or ""))
    if not safe or not parts.hostname or parts.username is not None or parts.password is not None:
        raise SlackSetupError(
            f"expected Slack's base address as https://host/path (http only on this machine), without a user or "
            f"password; saw scheme {parts.scheme!r}, host {parts.hostname!r}"
        )
    return url


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bounded(answer: httpx.Response) -> bytes:
    """The body, empty where it is too long or, of a refusal, cut: the status alone says it was refused."""
    body = b""
    try:
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > ANSWER_MAX:
                return b""
    except httpx.HTTPError:
        if answer.status_code < 400:
            raise
    return body


def _object_or_error(text: str) -> str:
    try:
        if isinstance(json.loads(text), dict):
            return text
    except ValueError:
        pass
    return json.dumps({"ok": False, "error": UNREADABLE})
