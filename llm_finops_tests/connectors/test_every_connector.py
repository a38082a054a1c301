"""What must hold for every provider, the next one included: each connector found is put through the same faults."""

import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

import llm_finops.connectors
from llm_finops.connectors.contract import (
    Asked,
    BadRequest,
    Connector,
    NotWhole,
    Pulled,
    RateLimited,
    Refused,
    SourceError,
    TimedOut,
    Unavailable,
    Waiting,
    discover,
)
from llm_finops.connectors.tape import playing, recording
from llm_finops_tests.connectors import extra, pages
from llm_finops_tests.connectors.pages import DAYS, PLAIN
from llm_finops_tests.connectors.server import Provider, Reply, Request, said, serving

CONNECTORS = {**discover(llm_finops.connectors), **discover(extra)}
KEY = "sk-canary-7f3a9c0e1b"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
WAITING = Waiting(attempts=3, connect_s=2, read_s=2, deadline_s=5)
ERROR = {"error": {"message": f"no, not with {KEY}", "type": "some_error", "code": "some_code", "param": None}}

Fault = Callable[[int, Request, Reply], Reply]


@dataclass
class Vendor:
    """A provider that answers truly, so many days a page, unless the fault says otherwise; `asked` counts.

    Both are of one report. What is asked for beside it is answered well, and not counted.
    """

    of: pages.Pages
    report: str
    fault: Fault = lambda _n, _request, reply: reply
    rows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    days_a_page: int = 1
    asked: int = 0

    def __call__(self, request: Request) -> Reply:
        question = self.of.question(request)
        if question.report != self.report:
            return self.of.beside(self.report, question)
        days = [day for day in DAYS if question.first <= day < question.until]
        match = re.fullmatch(r"page_(\d)=\+/", question.cursor or "")
        start = int(match[1]) if match else 0
        stop = start + self.days_a_page
        content = {day: self.rows.get(day, (PLAIN,)) for day in days[start:stop]}
        cursor = f"page_{stop}=+/" if stop < len(days) else None
        self.asked += 1
        return self.fault(self.asked, request, said(self.of.page(question.report, content, cursor)))


@dataclass(frozen=True)
class Subject:
    """One report of one provider."""

    provider: str
    report: str

    def __str__(self) -> str:
        return f"{self.provider} {self.report}"

    @property
    def pages(self) -> pages.Pages:
        return pages.of(self.provider)

    @property
    def is_costs(self) -> bool:
        return self.report.endswith("costs")

    @property
    def is_read_last(self) -> bool:
        """Whether nothing that makes a day whole is asked for after it."""
        return self.report not in self.pages.together[:-1]

    def vendor(
        self, fault: Fault = lambda _n, _request, reply: reply, rows: Mapping[str, Sequence[str]] = MappingProxyType({})
    ) -> Vendor:
        return Vendor(self.pages, self.report, fault, rows)

    @contextmanager
    def reading(self, vendor: Vendor, waiting: Waiting = WAITING) -> Iterator[tuple[Connector, Provider]]:
        with serving(vendor) as server, closing(connect(CONNECTORS[self.provider], server.url, waiting)) as connector:
            yield connector, server

    def pull(self, connector: Connector, days: Sequence[str] = DAYS) -> Pulled[Any]:
        asked = Asked("acct", date.fromisoformat(days[0]), date.fromisoformat(days[-1]))
        return connector.costs(asked) if self.is_costs else connector.usage(asked)

    def own(self, server: Provider) -> list[Request]:
        """What was asked for of this report, in order."""
        return [request for request in server.requests if self.pages.question(request).report == self.report]

    def worth(self, pulled: Pulled[Any], day: str) -> int:
        rows = pulled.days[day]
        return sum(row.amount_nano if self.is_costs else row.quantity for row in rows)

    @property
    def plain(self) -> int:
        return self.pages.plain(self.report)


def connect(module: ModuleType, url: str, waiting: Waiting = WAITING, key: str = KEY) -> Connector:
    connector: Connector = module.connect("acct", module.Options(base_url=url), key, wait=waiting, clock=lambda: NOW)
    return connector


@pytest.fixture(params=[Subject(p, r) for p in sorted(CONNECTORS) for r in pages.of(p).reports], ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


def always(reply: Reply) -> Fault:
    return lambda _n, _request, _reply: reply


def first(times: int, reply: Reply) -> Fault:
    return lambda n, _request, true: reply if n <= times else true


def test_the_house_has_its_connectors_and_a_third_takes_one_file() -> None:
    assert sorted(CONNECTORS) == ["acme", "anthropic", "openai"]


def test_a_range_comes_whole_over_many_pages(subject: Subject) -> None:
    with subject.reading(subject.vendor()) as (connector, server):
        pulled = subject.pull(connector)

        assert list(pulled.days) == list(DAYS)
        assert [subject.worth(pulled, day) for day in DAYS] == [subject.plain] * 3
        own = subject.own(server)
        assert (len(own), pulled.calls) == (3, len(server.requests))
        assert (pulled.rejected, pulled.duplicates, pulled.clipped) == ({}, {}, frozenset())
        assert pulled.grain
        # A cursor is percent-encoded once.
        assert own[1].target.count("page_1%3D%2B%2F") == 1
        for day in DAYS:
            for row in pulled.days[day]:
                assert (row.account, row.provider) == ("acct", subject.provider)
                assert not subject.is_costs or (row.currency, row.period_from) == (subject.pages.currency, day)


def test_a_day_is_the_same_alone_or_in_a_range(subject: Subject) -> None:
    with subject.reading(subject.vendor()) as (connector, _):
        whole = subject.pull(connector)
        alone = [subject.pull(connector, [day]) for day in DAYS]

    assert whole.days == {day: rows for pulled in alone for day, rows in pulled.days.items()}
    assert whole.findings == tuple(sorted(finding for pulled in alone for finding in pulled.findings))


def test_a_day_without_rows_is_covered(subject: Subject) -> None:
    with subject.reading(replace(subject.vendor(rows=dict.fromkeys(DAYS, ())), days_a_page=3)) as (connector, _):
        pulled = subject.pull(connector)

    assert pulled.days == dict.fromkeys(DAYS, ())
    assert pulled.rejected == {}
    assert {finding.kind for finding in pulled.findings} <= {"older interface"}


# fault, what is raised, how many calls are made for three days of a page each. A failing range is asked once more
# day by day; a try is made three times where trying helps.
ONCE, TRIED, DAILY, TRIED_DAILY = 1, 3, 1 + 3, 3 + 3 * 3
HTML = b"<html><script>var a=1</script><body><h1>Sign in</h1> to continue</body></html>"
LIMIT = {"error": {"type": "x", "code": "enforced_spend_limit_reached", "message": "monthly limit reached"}}
NO_CREDIT = {"error": {"type": "insufficient_quota", "message": "no credit left"}}
FAILING: dict[str, tuple[Reply, type[SourceError], int, str]] = {
    **{f"status {s}": (said(ERROR, s), Refused, ONCE, "must hold") for s in (401, 403)},
    **{f"status {s}": (said(ERROR, s), BadRequest, ONCE, "some_code") for s in (400, 404, 405, 410, 413, 422)},
    **{f"status {s}": (said(ERROR, s), Unavailable, TRIED_DAILY, "3 tries") for s in (408, 500, 502, 503, 504, 529)},
    **{f"status {s}": (Reply(s), NotWhole, DAILY, "expected 200") for s in (204, 206)},
    "redirect": (Reply(302, b"", {"Location": "https://evil.example/x"}), BadRequest, ONCE, "evil.example"),
    "429 without a time": (said(ERROR, 429), RateLimited, TRIED, "3 tries"),
    "429 for an hour": (
        said(ERROR, 429, Retry_After="3600"),
        RateLimited,
        ONCE,
        "rate limited until 2026-11-24T07:00:00Z",
    ),
    "429 for an hour, in ms": (said(ERROR, 429, retry_after_ms="3600000"), RateLimited, ONCE, "until 2026-11-24T07:00"),
    "429 of a spending limit": (said(LIMIT, 429), RateLimited, ONCE, "monthly limit reached"),
    "429 without credit": (said(NO_CREDIT, 429), RateLimited, ONCE, "add credit"),
    "html": (Reply(200, HTML, {"Content-Type": "text/html"}), NotWhole, DAILY, "got text/html.*'Sign in to continue'"),
    "empty body": (Reply(200, b""), NotWhole, DAILY, "empty"),
    "a list": (said([]), NotWhole, DAILY, "JSON object"),
    "NaN": (Reply(200, b'{"data": [], "has_more": NaN}'), NotWhole, DAILY, "NaN"),
    "a name twice": (Reply(200, b'{"has_more": false, "has_more": false}'), NotWhole, DAILY, "twice"),
    "deep nesting": (Reply(200, b"[" * 100_000), NotWhole, DAILY, "nested"),
    "another shape": (said({"object": "page"}), NotWhole, DAILY, "schema changed"),
    "reset in the body": (Reply(200, b'{"data": []}', cut=6), Unavailable, TRIED_DAILY, "3 tries"),
    "an unknown encoding": (Reply(200, b"{}", {"Content-Encoding": "br"}), NotWhole, DAILY, "'br'"),
    "gzip that is none": (Reply(200, b"{}", {"Content-Encoding": "gzip"}), NotWhole, DAILY, "expected gzip"),
}


@pytest.mark.parametrize("fault", FAILING)
def test_what_fails_for_ever_raises_its_kind_and_gives_up_in_time(subject: Subject, fault: str) -> None:
    reply, kind, calls, words = FAILING[fault]
    if subject.report in subject.pages.optional and reply.status == 404:
        return  # that is how it is said that there is no such report: see below
    with subject.reading(subject.vendor(always(reply))) as (connector, server):
        with pytest.raises(SourceError, match=words) as caught:
            subject.pull(connector)

        assert type(caught.value) is kind
        assert len(subject.own(server)) == calls
        message = str(caught.value)
        assert f"{subject.provider} (account acct)" in message
        assert KEY not in message
        assert "2026-11-18" in message


@pytest.mark.parametrize(("provider", "report"), [(p, r) for p in CONNECTORS for r in sorted(pages.of(p).optional)])
def test_a_report_that_the_organization_does_not_have_is_left_out_and_said(provider: str, report: str) -> None:
    subject = Subject(provider, report)
    with subject.reading(subject.vendor(always(said(ERROR, 404)))) as (connector, server):
        first, again = subject.pull(connector), subject.pull(connector)

        assert len(subject.own(server)) == 1  # decided once
    assert first.days == dict.fromkeys(DAYS, ())
    assert first.findings == again.findings
    left_out = [(f.kind, f.subject, f.account, f.day) for f in first.findings]
    assert left_out == [("report left out", report, "acct", day) for day in DAYS]


RETRIED: dict[str, tuple[Fault, int]] = {
    **{f"status {s} once": (first(1, said(ERROR, s)), 1) for s in (429, 500, 502, 503, 504, 529)},
    **{
        f"429 twice, Retry-After {value!r}": (first(2, said(ERROR, 429, Retry_After=value)), 2)
        for value in ("2", "0", "-1", "nan", "inf", "abc", "", "1e20", "Wed, 21 Oct 2015 07:28:00 GMT")
    },
    "a reset answer once": (first(1, Reply(200, b'{"data": []}', cut=6)), 1),
}


@pytest.mark.parametrize("fault", RETRIED)
def test_what_passes_is_tried_again_and_the_range_comes_whole(subject: Subject, fault: str) -> None:
    hook, again = RETRIED[fault]
    with subject.reading(subject.vendor(hook)) as (connector, server):
        pulled = subject.pull(connector)

    assert [subject.worth(pulled, day) for day in DAYS] == [subject.plain] * 3
    assert len(subject.own(server)) == 3 + again


def test_a_silent_provider_is_tried_again_after_the_time_out(subject: Subject) -> None:
    vendor = subject.vendor(lambda n, _request, reply: replace(reply, silent_s=5) if n == 1 else reply)
    with subject.reading(vendor, replace(WAITING, read_s=0.3)) as (connector, _):
        subject.pull(connector)

    assert vendor.asked == 4


def test_a_provider_that_stays_silent_is_given_one_budget(subject: Subject) -> None:
    little = replace(WAITING, read_s=0.1, budget_s=0.05)
    with subject.reading(subject.vendor(always(Reply(silent_s=5))), little) as (connector, server):
        with pytest.raises(TimedOut, match=r"not asked any more: .*ReadTimeout"):
            subject.pull(connector)

        assert len(subject.own(server)) == 1


def test_a_provider_that_stays_silent_is_not_asked_day_by_day(subject: Subject) -> None:
    days = (*DAYS, "2026-11-21", "2026-11-22", "2026-11-23")
    silent = replace(WAITING, attempts=1, read_s=0.1)
    with subject.reading(subject.vendor(always(Reply(silent_s=5))), silent) as (connector, server):
        with pytest.raises(TimedOut, match="account acct"):
            subject.pull(connector, days)

        assert len(subject.own(server)) == 1 + 2


@pytest.mark.parametrize(
    ("words", "calls"),
    [("Data are available from 2026-11-19 (UTC).", 1 + 1 + 2), ("The start is too early.", 1 + 2 + 2)],
    ids=["named", "not named"],
)
def test_days_before_the_providers_data_are_told_and_the_others_read(subject: Subject, words: str, calls: int) -> None:
    refusal = said({"error": {**ERROR["error"], "message": words}}, 400)

    def young(_n: int, request: Request, reply: Reply) -> Reply:
        return refusal if subject.pages.question(request).first < DAYS[1] else reply

    with subject.reading(subject.vendor(young)) as (connector, server):
        pulled = subject.pull(connector)

    assert [subject.worth(pulled, day) for day in DAYS[1:]] == [subject.plain] * 2
    assert list(pulled.rejected) == [DAYS[0]]
    assert f"no data before {DAYS[1]}: set start_date = {DAYS[1]} in finops.toml" in pulled.rejected[DAYS[0]]
    assert words in pulled.rejected[DAYS[0]]
    assert len(subject.own(server)) == calls


def test_nobody_at_the_address_is_unavailable(subject: Subject) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with (
            closing(connect(CONNECTORS[subject.provider], url)) as connector,
            pytest.raises(Unavailable, match=r"127\.0\.0\.1"),
        ):
            subject.pull(connector)


@pytest.mark.parametrize("cut", [1, 7, 40, 150, -2, -1])
def test_no_cut_of_the_json_yields_rows(subject: Subject, cut: int) -> None:
    vendor = subject.vendor(lambda _n, _request, reply: replace(reply, body=reply.body[:cut]))
    with subject.reading(vendor) as (connector, _), pytest.raises(NotWhole, match="expected JSON"):
        subject.pull(connector)


def _paging(subject: Subject, *cursors: str | None) -> Fault:
    """Every page says that there is more, with these cursors in turn, for ever."""
    page = subject.pages.page(subject.report, {}, None)
    endless = [said({**page, "has_more": True, subject.pages.cursor_field: cursor}) for cursor in cursors]
    return lambda n, _request, _reply: endless[(n - 1) % len(endless)]


@pytest.mark.parametrize(
    ("cursors", "calls", "words"),
    [(("a",), 2, "pagination loop"), (("a", "b"), 3, "pagination loop"), ((None,), 1, "contradictory paging")],
    ids=["one cursor", "a cycle of two", "no cursor"],
)
def test_paging_that_cannot_end_is_not_whole(
    subject: Subject, cursors: Sequence[str | None], calls: int, words: str
) -> None:
    with subject.reading(subject.vendor(_paging(subject, *cursors))) as (connector, server):
        with pytest.raises(NotWhole, match=words):
            subject.pull(connector, DAYS[:1])

        assert len(subject.own(server)) == calls


def test_no_more_pages_ends_the_set_whatever_the_cursor_says(subject: Subject) -> None:
    page = subject.pages.page(subject.report, {DAYS[0]: (PLAIN,)}, None) | {subject.pages.cursor_field: "page_9"}
    with subject.reading(subject.vendor(always(said(page)))) as (connector, _):
        assert subject.worth(subject.pull(connector, DAYS[:1]), DAYS[0]) == subject.plain


def test_page_two_failing_for_ever_means_each_day_alone(subject: Subject) -> None:
    def no_second_page(_n: int, request: Request, reply: Reply) -> Reply:
        return said(ERROR, 500) if subject.pages.question(request).cursor else reply

    with subject.reading(subject.vendor(no_second_page)) as (connector, server):
        pulled = subject.pull(connector)

    assert [subject.worth(pulled, day) for day in DAYS] == [subject.plain] * 3
    assert len(subject.own(server)) == 1 + 3 + 3


def test_one_day_that_cannot_be_had_is_rejected_by_name_and_the_others_stand(subject: Subject) -> None:
    def not_the_second_day(_n: int, request: Request, reply: Reply) -> Reply:
        question = subject.pages.question(request)
        return said(ERROR, 503) if question.first <= DAYS[1] < question.until else reply

    with subject.reading(subject.vendor(not_the_second_day)) as (connector, _):
        pulled = subject.pull(connector)

    assert list(pulled.days) == [DAYS[0], DAYS[2]]
    assert list(pulled.rejected) == [DAYS[1]]
    assert "answered 503" in pulled.rejected[DAYS[1]]
    assert f"{subject.provider} (account acct)" in pulled.rejected[DAYS[1]]


def test_a_limit_met_on_the_way_keeps_what_came_and_asks_no_further(subject: Subject) -> None:
    def limited(_n: int, request: Request, reply: Reply) -> Reply:
        question = subject.pages.question(request)
        if question.first == DAYS[1]:
            return said(ERROR, 429, Retry_After="86400")
        return reply if question.until == DAYS[1] else said(ERROR, 500)

    with subject.reading(subject.vendor(limited)) as (connector, server):
        if subject.is_read_last:
            pulled = subject.pull(connector)
            assert list(pulled.days) == [DAYS[0]]
            assert list(pulled.rejected) == [DAYS[1], DAYS[2]]
        else:  # the day lacks the reports that are not asked for any more
            with pytest.raises(RateLimited):
                subject.pull(connector)

    assert subject.own(server)[-1] == server.requests[-1]
    assert len(subject.own(server)) == 3 + 1 + 1


def test_patience_is_one_budget_for_the_whole_pull(subject: Subject) -> None:
    with subject.reading(subject.vendor(always(said(ERROR, 500))), replace(WAITING, budget_s=2)) as (
        connector,
        s,
    ):
        with pytest.raises(Unavailable):
            subject.pull(connector)

        assert len(subject.own(s)) <= 4 + 4  # at least half a second a pause, then one try a question


@pytest.mark.parametrize("kind", [pages.NO_FIELD, pages.UNREADABLE, pages.NEGATIVE])
def test_one_unreadable_row_rejects_its_own_day_only(subject: Subject, kind: str) -> None:
    if kind == pages.NEGATIVE and subject.is_costs:
        return  # a negative amount is a credit, and can be booked
    with subject.reading(subject.vendor(rows={DAYS[1]: (kind,)})) as (connector, server):
        pulled = subject.pull(connector)

    assert list(pulled.days) == [DAYS[0], DAYS[2]]
    assert list(pulled.rejected) == [DAYS[1]]
    assert DAYS[1] in pulled.rejected[DAYS[1]]
    assert len(subject.own(server)) == 3


def test_an_unknown_field_is_said_and_changes_nothing(subject: Subject) -> None:
    with subject.reading(subject.vendor(rows={DAYS[1]: (pages.UNKNOWN_FIELD,)})) as (connector, _):
        pulled = subject.pull(connector)

    assert subject.worth(pulled, DAYS[1]) == subject.plain
    said_of = [(f.day, f.account, f.amount) for f in pulled.findings if f.kind == "unknown field"]
    assert said_of == [(DAYS[1], "acct", 1)]
    assert any("brand_new" in f.subject for f in pulled.findings)


def test_pages_that_overlap_are_merged_and_counted(subject: Subject) -> None:
    def twice(n: int, _request: Request, _reply: Reply) -> Reply:
        days = {1: DAYS[:2], 2: DAYS[1:]}[n]
        page = subject.pages.page(subject.report, dict.fromkeys(days, (PLAIN,)), "more" if n == 1 else None)
        return said(page)

    with subject.reading(subject.vendor(twice)) as (connector, _):
        pulled = subject.pull(connector)

    assert [subject.worth(pulled, day) for day in DAYS] == [subject.plain] * 3
    assert pulled.duplicates == {DAYS[1]: 1}


def test_a_day_that_was_not_asked_spoils_the_answer(subject: Subject) -> None:
    page = subject.pages.page(subject.report, {DAYS[0]: (PLAIN,), DAYS[1]: (PLAIN,)}, None)
    with (
        subject.reading(subject.vendor(always(said(page)))) as (connector, _),
        pytest.raises(NotWhole, match="asked"),
    ):
        subject.pull(connector, DAYS[:1])


@pytest.mark.parametrize("provider", CONNECTORS)
def test_names_that_do_not_come_whole_raise(provider: str) -> None:
    with (
        serving(lambda _request: said(ERROR, 500)) as server,
        closing(connect(CONNECTORS[provider], server.url)) as connector,
        pytest.raises(Unavailable, match="account acct"),
    ):
        connector.names()


@pytest.mark.parametrize("key", ["", "sk-a\n", "sk a", "sk-ü"], ids=repr)
def test_a_value_that_can_be_no_key_is_refused_without_showing_it(subject: Subject, key: str) -> None:
    module = CONNECTORS[subject.provider]
    with pytest.raises(Refused, match=module.Options().admin_key_env) as caught:
        connect(module, "http://127.0.0.1:1", key=key)

    assert not key.strip() or key.strip() not in str(caught.value)


def test_what_is_recorded_is_read_again_without_the_provider_and_holds_no_key(subject: Subject) -> None:
    def echo(_: int, request: Request, true: Reply) -> Reply:
        return replace(true, body=true.body[:-1] + f', "echo": "{KEY}", "at": "{request.target}"}}'.encode())

    with recording() as tape, subject.reading(subject.vendor(echo)) as (connector, server):
        pulled = subject.pull(connector)
        asked = len(server.requests)
    assert len(tape.pages) == asked == pulled.calls
    assert all(KEY.encode() not in page.body and KEY not in page.request for page in tape.pages)
    assert {page.fetched_at for page in tape.pages} == {"2026-11-24T06:00:00Z"}

    with playing(tape.pages), closing(connect(CONNECTORS[subject.provider], "http://127.0.0.1:9")) as connector:
        assert subject.pull(connector) == replace(pulled, calls=0)
        with pytest.raises(NotWhole, match="the kept pages hold no answer to this request"):
            subject.pull(connector, DAYS[:1])


def test_a_range_that_had_to_be_asked_day_by_day_is_read_again_day_by_day(subject: Subject) -> None:
    def cut(n: int, _: Request, true: Reply) -> Reply:
        return replace(true, body=b'{"data": [') if n == 2 else true

    with recording() as tape, subject.reading(subject.vendor(cut)) as (connector, _):
        pulled = subject.pull(connector)
    assert list(pulled.days) == list(DAYS)

    with playing(tape.pages), closing(connect(CONNECTORS[subject.provider], "http://127.0.0.1:9")) as connector:
        assert subject.pull(connector) == replace(pulled, calls=0)


def test_what_was_asked_again_is_recorded_once(subject: Subject) -> None:
    with recording() as tape, subject.reading(subject.vendor(first(1, said(ERROR, 529)))) as (connector, server):
        pulled = subject.pull(connector)
    assert len(tape.pages) == len(server.requests) - 1 == pulled.calls - 1
    assert 529 not in {page.status for page in tape.pages}
