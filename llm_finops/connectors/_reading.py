"""Reading from one provider under one key: a GET at a time, bounded in bytes, time and tries.

The key travels in headers only, to the configured host only: redirects are not followed, plain http goes nowhere but
to this machine, and no message or answer that leaves this module holds it.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import httpx
import stamina

from llm_finops.connectors import _answers, tape
from llm_finops.connectors._patience import backoff, retry_after
from llm_finops.connectors.contract import (
    BadRequest,
    Clock,
    NotWhole,
    Options,
    RateLimited,
    Refused,
    SourceError,
    TimedOut,
    Unavailable,
    Waiting,
    is_loopback,
)

Params = Iterable[tuple[str, str]]

# Of a 429: no waiting helps, a person must act.
_FOR_A_PERSON = (b"enforced_spend_limit_reached", b"credit_balance_exhausted", b"insufficient_quota")


@dataclass(frozen=True, slots=True)
class Access:
    """Whose data, from where, and with which key; `key_kind` says in words which key is needed."""

    provider: str
    account: str
    options: Options
    key_kind: str
    key: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.provider} (account {self.account})"


class _Later(Exception):
    def __init__(self, text: str, final: Callable[[str], SourceError], asked_s: float | None, *, busy: bool) -> None:
        super().__init__(text)
        self.final = final
        self.asked_s = asked_s
        self.busy = busy


class _Line:
    """The socket in use, so that a watchdog can cut it: httpx bounds each read, but not their sum."""

    def __init__(self) -> None:
        self.was_cut = False
        self._stream: Any = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note each new connection (an extension of httpx's transport)."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._stream = info["return_value"]

    def _cut(self) -> None:
        self.was_cut = True
        if self._stream is not None:
            try:
                socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)
            except OSError:
                return  # it was closed already

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut the line if the block takes longer."""
        self.was_cut = False
        watchdog = threading.Timer(seconds, self._cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()


class _Hidden(logging.Filter):
    """Takes the key out of what the libraries below log: they write down every header of an answer."""

    _LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def __call__(self, text: str) -> str:
        return text.replace(self._key, "[the key]")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self(record.getMessage()), None
        return True

    def begin(self) -> None:
        for name in self._LOGGERS:
            logging.getLogger(name).addFilter(self)

    def end(self) -> None:
        for name in self._LOGGERS:
            logging.getLogger(name).removeFilter(self)


class Reader:
    """A connection of one account. `calls` counts every request sent; `waits` holds the pauses of this pull.

    `lost_s` is the time of this pull that went into requests which brought no answer to use.
    """

    def __init__(self, access: Access, headers: Mapping[str, str], waiting: Waiting, clock: Clock) -> None:
        key, env = access.key, access.options.admin_key_env
        if not key or not (key.isascii() and key.isprintable()) or " " in key:
            raise Refused(f"{access}: {env} is empty or holds a space, line break or foreign letter; no key does")
        self.access = access
        self.clock = clock
        self.calls = 0
        self.waits: list[float] = []
        self.lost_s = 0.0
        self._lost_to = ""
        self._waiting = waiting
        self._tape = tape.current()
        self._line = _Line()
        self._hidden = _Hidden(key)
        self._hidden.begin()
        self._traced = {"trace": self._line.trace}
        self._client = httpx.Client(
            headers={"User-Agent": "llm-finops", "Accept": "application/json", "Accept-Encoding": "gzip", **headers},
            follow_redirects=False,
            timeout=httpx.Timeout(waiting.read_s, connect=waiting.connect_s),
            limits=httpx.Limits(max_connections=1),
            verify=_trusted_roots(),
            # A proxy between us and this machine would see the key in the clear.
            trust_env=not is_loopback(httpx.URL(access.options.base_url).host),
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
        self._hidden.end()

    def begin(self) -> None:
        """A new pull: calls are counted afresh, and all patience is there again."""
        self.calls = 0
        self.waits = []
        self.lost_s = 0.0

    def get(
        self, path: str, params: Params, what: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, Any]:
        """The JSON object at a path of the provider; `what` is asked for, in words, with its days.

        Asks again after 429, 5xx, time-outs and cut lines, within our patience. SourceError, of the kind that fits,
        where no whole answer came.
        """
        if self.lost_s >= self._waiting.budget_s:
            spent = f"{self.lost_s:.3g} s of this pull went into requests that brought nothing"
            raise TimedOut(f"{self.access}, {what}: not asked any more: {spent}, the last: {self._lost_to}")
        tries = 0

        def again(error: Exception) -> bool | float:
            return self._pause(error, tries) if isinstance(error, _Later) else False

        try:
            for attempt in stamina.retry_context(on=again, attempts=self._waiting.attempts, timeout=None):
                tries = attempt.num
                with attempt, self._timed():
                    return self._ask(path, params, what, headers)
        except _Later as later:
            raise later.final(f"{later}; gave up after {tries} {'try' if tries == 1 else 'tries'}") from None
        raise AssertionError("stamina ends with an answer or an error")

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except (_Later, SourceError) as error:
            self.lost_s += time.monotonic() - began
            self._lost_to = str(error)
            raise

    def _pause(self, later: _Later, tries: int) -> bool | float:
        pause = later.asked_s
        if pause is None:
            pause = backoff(tries, self._waiting, busy=later.busy)
        if tries >= self._waiting.attempts or sum(self.waits) + self.lost_s + pause > self._waiting.budget_s:
            return False
        self.waits.append(pause)
        return pause

    def _ask(self, path: str, params: Params, what: str, more: Mapping[str, str]) -> dict[str, Any]:
        url = self.access.options.base_url + path
        place = f"{self.access}, {what}: GET {url}"
        asked = list(params)
        request = tape.spelled(path, asked)
        if (kept := self._tape.played(request)) is not None:
            return self._read(place, kept.status, {}, kept.body)
        self.calls += 1
        try:
            with (
                self._line.within(self._waiting.deadline_s),
                self._client.stream(
                    "GET", url, params=list(asked), headers=dict(more), extensions=self._traced
                ) as answer,
            ):
                # A key that is echoed must not get any further, neither into a message nor into the ledger.
                headers = {name.lower(): self._hidden(value) for name, value in answer.headers.items()}
                body = _answers.inflate(answer.iter_raw(), headers.get("content-encoding", ""))
        except (httpx.HTTPError, _answers.Cut) as error:
            raise self._lost(place, error) from None
        except NotWhole as error:
            raise NotWhole(f"{place}: {error}") from None
        body = body.replace(self.access.key.encode(), b"[the key]")
        self._tape.record(request, self.clock(), answer.status_code, body)
        return self._read(place, answer.status_code, headers, body)

    def _lost(self, place: str, error: Exception) -> SourceError | _Later:
        why = self._hidden(f"{type(error).__name__}: {error}")
        if self._line.was_cut:
            why = f"no whole answer within {self._waiting.deadline_s:g} s"
        elif isinstance(error, _answers.Cut):
            why = "the line was cut in the middle of the answer"
        if _is_certificate(error):
            return BadRequest(f"{place}: the certificate is not trusted ({why}); SSL_CERT_FILE can name your own roots")
        silent = self._line.was_cut or isinstance(error, httpx.TimeoutException)
        return _Later(f"{place}: {why}", TimedOut if silent else Unavailable, None, busy=False)

    def _read(self, place: str, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        if status == httpx.codes.OK:
            try:
                return _answers.read_object(body, headers.get("content-type", ""))
            except NotWhole as error:
                raise NotWhole(f"{place}: {error}") from None
        if status < 300:
            raise NotWhole(f"{place} answered {status}, expected 200 with a report")
        if status < 400:
            host = urlsplit(headers.get("location", "")).hostname or "another path"
            raise BadRequest(f"{place} answered {status} to {host}: not followed, the key would go along; set base_url")
        message, code, param = (self._hidden(text) for text in _answers.complaint(body))
        request = headers.get("request-id") or headers.get("x-request-id") or "none"
        said = f"{place} answered {status} {code}: {message[:300] or 'without a reason'} (request {request[:80]})"
        theirs = {"param": param, "code": code, "said": message}
        if status in {401, 403}:
            needed = f"{self.access.options.admin_key_env} must hold {self.access.key_kind}"
            raise Refused(f"{said}. {needed}", status=status, **theirs)
        if status in {408, 429} or status >= 500:
            raise self._later(said, status, headers, body)
        hint = ". The interface has changed, or base_url is wrong" if status in {404, 410} else ""
        raise BadRequest(said + hint, status=status, **theirs)

    def _later(self, said: str, status: int, headers: Mapping[str, str], body: bytes) -> SourceError | _Later:
        asked_s = retry_after(headers, self.clock())
        if headers.get("x-should-retry", "").lower() == "false":  # the vendors' own clients go by it too
            final = RateLimited if status == 429 else Unavailable
            return final(f"{said}. The provider says that asking again does not help")
        if status != 429:
            return _Later(said, Unavailable, asked_s, busy=False)
        if asked_s is None and any(code in body for code in _FOR_A_PERSON):
            return RateLimited(f"{said}. Waiting does not help: raise the limit or add credit at the provider")
        if asked_s is None:
            return _Later(said, RateLimited, None, busy=True)
        until = self.clock() + timedelta(seconds=asked_s)
        said = f"{said}; rate limited until {until:%Y-%m-%dT%H:%M:%SZ}"
        return _Later(said, lambda text: RateLimited(text, until=until), asked_s, busy=True)


@cache
def _trusted_roots() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # reading the roots takes longer than most requests


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
