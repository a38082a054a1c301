"""One request at a time: bounded in time, tries and bytes, and the key goes nowhere else."""

import gzip
import io
import logging
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors._patience import backoff, retry_after
from llm_finops.connectors._reading import Access, Reader
from llm_finops.connectors.contract import (
    BadRequest,
    NotWhole,
    Options,
    RateLimited,
    SourceError,
    TimedOut,
    Unavailable,
    Waiting,
)
from llm_finops_tests.connectors.server import Provider, Reply, Request, said, serving

KEY = "sk-canary-7f3a9c0e1b"
NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
WAITING = Waiting(attempts=4, connect_s=2, read_s=2, deadline_s=5)
OK = said({"fine": True})


def reader_of(url: str, waiting: Waiting = WAITING) -> Reader:
    options = Options(admin_key_env="ACME_KEY", base_url=url, settle_hours=0)
    access = Access("acme", "acct", options, "an owner's key", KEY)
    return Reader(access, {"x-api-key": KEY, "Authorization": f"Bearer {KEY}"}, waiting, lambda: NOW)


@contextmanager
def reading(answer: Callable[[Request], Reply], waiting: Waiting = WAITING) -> Iterator[tuple[Reader, Provider]]:
    with serving(answer) as server, closing(reader_of(server.url, waiting)) as reader:
        yield reader, server


def in_turn(*replies: Reply) -> Callable[[Request], Reply]:
    left = list(replies)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def http_dates(moment: datetime) -> list[str]:
    imf = formatdate(moment.timestamp(), usegmt=True)
    return [imf, imf.lower(), moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"), moment.strftime("%a %b %d %H:%M:%S %Y")]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2"}, 2),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "0"}, 0.05),
        *(({"Retry-After": text}, 3) for text in http_dates(NOW + timedelta(seconds=3))),
        *(({"Retry-After": text}, None) for text in http_dates(NOW - timedelta(seconds=3))),
        *(({"Retry-After": text}, None) for text in ("-1", "nan", "inf", "abc", "", "1e20", "9" * 12, "٣", "2, 2")),
        ({}, None),
    ],
)
def test_what_an_answer_asks_us_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_a_date_is_held_against_the_clock_of_the_one_who_wrote_it() -> None:
    theirs = NOW + timedelta(hours=1)
    headers = {"Retry-After": http_dates(theirs + timedelta(seconds=7))[0], "Date": http_dates(theirs)[0]}

    assert retry_after(headers, NOW) == 7


@given(st.text() | st.from_regex(r"[A-Za-z]{3}, \d\d? [A-Za-z]{3} \d{1,5} \d\d:\d\d:\d\d( [A-Z+\-0-9]{1,5})?"))
def test_no_header_makes_us_wait_without_sense(text: str) -> None:
    seconds = retry_after({"Retry-After": text}, NOW)

    assert seconds is None or 0 < seconds <= 31 * 86_400


@given(st.integers(1, 10_000), st.booleans())
def test_backoff_is_never_nothing_and_never_beyond_the_cap(tries: int, busy: bool) -> None:
    assert 0.5 * WAITING.first_s <= backoff(tries, WAITING, busy=busy) <= WAITING.cap_s


def test_the_pauses_are_those_asked_for_else_growing() -> None:
    with reading(in_turn(said({}, 429, Retry_After="2"), said({}, 503, Retry_After="7"), said({}, 500), OK)) as (r, _):
        assert r.get("/x", [], "a thing") == {"fine": True}

        assert r.waits[:2] == [2, 7]
        assert 2 <= r.waits[2] <= 4  # the third pause: one second, doubled twice, up to half of it off
        assert r.calls == 4


def test_a_429_that_names_no_time_is_given_longer() -> None:
    with reading(in_turn(said({}, 429), OK)) as (reader, _):
        reader.get("/x", [], "a thing")

        assert 5 <= reader.waits[0] <= 10


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (503, Unavailable)])
def test_who_says_that_asking_again_is_of_no_use_is_asked_once(status: int, kind: type[SourceError]) -> None:
    with reading(in_turn(said({}, status, Retry_After="1", X_Should_Retry="false"), OK)) as (reader, server):
        with pytest.raises(kind, match="asking again does not help"):
            reader.get("/x", [], "a thing")

        assert (reader.waits, len(server.requests)) == ([], 1)


def test_no_pause_is_begun_that_the_budget_does_not_cover() -> None:
    with reading(in_turn(said({}, 429, Retry_After="5")), replace(WAITING, budget_s=12)) as (reader, server):
        with pytest.raises(
            RateLimited, match="rate limited until 2026-11-24T14:00:05Z; gave up after 3 tries"
        ) as caught:
            reader.get("/x", [], "a thing")

        assert caught.value.until == NOW + timedelta(seconds=5)
        assert (reader.waits, len(server.requests)) == ([5, 5], 3)


def test_time_spent_on_silence_is_of_the_same_budget_as_the_pauses() -> None:
    silent = Reply(200, OK.body, silent_s=5)
    little = replace(WAITING, read_s=0.1, budget_s=0.05)
    with reading(in_turn(silent, OK), little) as (reader, server):
        with pytest.raises(TimedOut, match=r"ReadTimeout.*gave up after 1 try"):
            reader.get("/x", [], "a thing")
        with pytest.raises(TimedOut, match=r"acme \(account acct\), a thing: not asked any more: .*ReadTimeout"):
            reader.get("/x", [], "a thing")
        assert (reader.calls, len(server.requests)) == (1, 1)

        reader.begin()
        assert reader.get("/x", [], "a thing") == {"fine": True}


def test_a_certain_503_far_in_the_future_is_not_waited_for() -> None:
    with reading(in_turn(said({}, 503, Retry_After="86400"))) as (reader, server):
        with pytest.raises(Unavailable, match="gave up after 1 try"):
            reader.get("/x", [], "a thing")

        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_key_is_not_sent_along(status: int) -> None:
    with serving(lambda _request: OK) as elsewhere:
        away = Reply(status, b"", {"Location": f"{elsewhere.url}/steal"})
        with reading(lambda _request: away) as (reader, _), pytest.raises(BadRequest, match="not followed"):
            reader.get("/x", [], "a thing")

        assert elsewhere.requests == []


def test_the_key_goes_in_headers_and_not_in_the_address() -> None:
    with reading(in_turn(OK)) as (reader, server):
        reader.get("/x", [("group_by[]", "a"), ("group_by[]", "b"), ("page", "p=+/")], "a thing")

        (request,) = server.requests
        assert request.headers["x-api-key"] == KEY
        assert request.target == "/x?group_by%5B%5D=a&group_by%5B%5D=b&page=p%3D%2B%2F"
        assert request.every("group_by[]") == ["a", "b"]
        assert request.get("page") == "p=+/"


ECHOES: dict[str, Reply] = {
    "401": said({"error": {"message": f"Incorrect API key provided: {KEY}.", "code": KEY}}, 401),
    "400 in html": Reply(400, f"<p>{'x' * 190}{KEY}</p>".encode()),
    "500": said({"error": {"message": KEY * 50}}, 500),
    "429": said({"error": {"message": KEY}}, 429),
    "200 in html": Reply(200, f"<html>{'y' * 185} {KEY}</html>".encode(), {"Content-Type": f"text/{KEY}"}),
    "redirect": Reply(302, b"", {"Location": f"https://evil.example/?{KEY}"}),
    "cut": Reply(200, KEY.encode() * 9, cut=30),
    "encoding": Reply(200, b"{}", {"Content-Encoding": KEY}),
    "request id": said({}, 500, request_id=KEY),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_key_that_is_echoed_appears_in_no_message_and_no_log(echo: str) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(_Everything())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with reading(in_turn(ECHOES[echo])) as (reader, _), pytest.raises(SourceError) as caught:
            reader.get("/x", [], "a thing")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    assert "GET http://127.0.0.1" in str(caught.value)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert KEY[:12] not in f"{chain!r} {chain}"
        chain = chain.__cause__
    assert "httpcore" in heard.getvalue()
    assert KEY[:12] not in heard.getvalue()
    assert KEY not in repr(reader.access)


class _Everything(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {record.__dict__}"


def test_a_key_in_an_answer_does_not_reach_the_ledger() -> None:
    with reading(in_turn(said({"name": f"key {KEY}"}))) as (reader, _):
        assert reader.get("/x", [], "a thing") == {"name": "key [the key]"}


@pytest.mark.parametrize("where", ["body", "head"])
def test_an_answer_that_drips_is_cut_at_the_deadline(where: str) -> None:
    reply = Reply(200, b'{"a": 1}' + b" " * 50, drip_s=0.03, headers={"X": "y"})
    if where == "head":
        reply = replace(reply, drips_head=True)
    began = time.monotonic()
    with reading(in_turn(reply), replace(WAITING, attempts=1, deadline_s=0.2)) as (reader, _):
        with pytest.raises(TimedOut, match=r"no whole answer within 0\.2 s"):
            reader.get("/x", [], "a thing")

        assert time.monotonic() - began < 1.4  # the whole would take 1.7 s and more


def test_the_line_is_used_again_after_it_was_cut() -> None:
    slow = Reply(200, b" " * 60, drip_s=0.03)
    with reading(in_turn(slow, OK, OK), replace(WAITING, deadline_s=0.5)) as (reader, _):
        assert reader.get("/x", [], "a thing") == {"fine": True}
        assert reader.get("/x", [], "a thing") == {"fine": True}
        assert reader.calls == 3


def test_compressed_pages_are_read() -> None:
    body = gzip.compress(b'{"amount": 0.10}')
    with reading(in_turn(Reply(200, body, {"Content-Encoding": "gzip"}))) as (reader, server):
        assert str(reader.get("/x", [], "a thing")["amount"]) == "0.10"
        assert server.requests[0].headers["accept-encoding"] == "gzip"


def test_a_bomb_is_refused_in_bounded_memory() -> None:
    bomb = gzip.compress(b"[" + b" " * (128 * 2**20), 1)
    with reading(in_turn(Reply(200, bomb, {"Content-Encoding": "gzip"}))) as (reader, _):
        tracemalloc.start()
        try:
            with pytest.raises(NotWhole, match="over 64 MB"):
                reader.get("/x", [], "a thing")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert len(bomb) < 2**20
    assert peak < 100 * 2**20


def test_gzip_that_stops_early_is_a_cut_line() -> None:
    half = gzip.compress(b'{"fine": true, "and": "more"}')[:-9]
    whole = Reply(200, gzip.compress(b'{"fine": true}'), {"Content-Encoding": "gzip"})
    with reading(in_turn(replace(whole, body=half), whole)) as (reader, _):
        assert reader.get("/x", [], "a thing") == {"fine": True}
        assert reader.calls == 2


def test_a_proxy_does_not_see_what_goes_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with reading(in_turn(OK)) as (reader, _):
        assert reader.get("/x", [], "a thing") == {"fine": True}


def test_a_proxy_that_is_not_there_is_an_error_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with (
        closing(reader_of("https://api.acme.example/v1")) as reader,
        pytest.raises(Unavailable, match=r"https://api\.acme\.example/v1/x: ConnectError"),
    ):
        reader.get("/x", [], "a thing")


def test_tls_with_somebody_who_does_not_speak_it_fails() -> None:
    with serving(lambda _request: OK) as server:
        url = server.url.replace("http://", "https://")
        with closing(reader_of(url)) as reader, pytest.raises(Unavailable, match="SSL"):
            reader.get("/x", [], "a thing")

        assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.acme.example",
        "ftp://127.0.0.1",
        "https://me:pw@acme.example",
        "https://",
        "https://a.example?x=1",
        "x",
    ],
)
def test_only_https_or_this_machine_may_be_configured(url: str) -> None:
    with pytest.raises(ValueError, match="expected https://HOST"):
        Options(admin_key_env="ACME_KEY", base_url=url, settle_hours=0)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"admin_key": "sk"}, "Extra inputs"), ({"settle_hours": -1}, "greater"), ({"admin_key_env": "a b"}, "pattern")],
)
def test_options_are_strict(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options.model_validate({"admin_key_env": "K", "base_url": "https://a.example", "settle_hours": 1, **wrong})
