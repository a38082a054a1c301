"""What providers said is kept by load, and books the same again: into an empty ledger, or by a mended parser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_finops.ledger.pages import pages_of
from llm_finops.pipeline.replaying import plan_replay, what_moved
from llm_finops.pipeline.work import Replay
from llm_finops_tests.connectors.server import Provider, Reply, Request
from llm_finops_tests.pipeline.by_post import LATER, NOBODY, ByPost, company_by_post, replayed
from llm_finops_tests.pipeline.little import DAYS, FIRST, KEY, LAST

MIDDLE = DAYS[2]
KEPT = "select load_id, count(*), sum(bytes) from load_pages group by load_id order by load_id"
GREEN = ("green", "sheet-1", "input", "0.25")
RED = ("red", "sheet-1", "input", "2.00")


@pytest.fixture
def by_post(root: Path, store: str) -> Iterator[tuple[ByPost, Provider]]:
    with company_by_post(root, store) as made:
        yield made


@pytest.fixture
def quick(root: Path) -> Iterator[tuple[ByPost, Provider]]:
    with company_by_post(root) as made:
        yield made


def test_every_page_of_a_whole_set_is_kept_as_it_came_and_no_key(by_post: tuple[ByPost, Provider]) -> None:
    company, provider = by_post
    answers: list[bytes] = []

    def echoing(request: Request) -> Reply:
        reply = company.answer(request)
        body = json.dumps({**json.loads(reply.body), "echo": request.headers["paper-key"]}).encode()
        answers.append(body.replace(KEY.encode(), b"[the key]"))
        return Reply(200, body, {"Set-Cookie": f"echo={KEY}"})

    provider.answer = echoing
    assert company.settle().ok

    with company.ledger() as ledger:
        pages = [page for load_id, *_ in company.rows(KEPT) for page in pages_of(ledger, load_id)]
    assert [page.body for page in pages] == answers
    assert len(pages) == len(provider.requests) == 1 + 3 + 3  # names; five days in twos
    assert pages[2].request == f"GET /usage?after=2026-11-19&first={FIRST}&until=2026-11-22"
    assert {page.status for page in pages} == {200}
    rows = company.rows("select * from load_pages")
    assert KEY not in repr(rows)
    assert all(KEY.encode() not in page.body for page in pages)
    assert sum(size for *_, size in company.rows(KEPT)) == sum(map(len, answers))


def test_a_set_that_did_not_come_whole_leaves_no_page_and_one_day_of_it_none_of_the_others(
    quick: tuple[ByPost, Provider],
) -> None:
    company, provider = quick
    provider.answer = lambda request: Reply(200, b'{"days": [') if request.path == "/costs" else company.answer(request)
    assert not company.settle().ok

    with_pages = "select dataset, outcome from loads where load_id in (select load_id from load_pages) order by 1"
    assert company.rows(with_pages) == [("names", "whole"), ("usage", "whole")]


def test_kept_pages_make_an_empty_ledger_equal_and_nobody_is_asked(
    by_post: tuple[ByPost, Provider], root: Path
) -> None:
    company, provider = by_post
    company.call_projects(red="The red team")
    assert company.settle(FIRST, MIDDLE).ok
    company.set_clock(LATER)
    company.call_projects(red="Crimson")
    company.report(MIDDLE, "2.75")
    assert company.settle(MIDDLE, LAST).ok
    asked = len(provider.requests)

    empty = ByPost(company.root, "empty")
    del empty.environment["PAPER_KEY"]
    company.point_to(NOBODY)
    with company.ledger() as old:
        replay = Replay(frozenset({"paper"}), old)
        with empty.ledger() as ledger:
            plan = plan_replay(empty.config, ledger, replay, "0000", "9999")
        assert (plan.days, plan.left) == (DAYS, [])
        assert replayed(empty, replay).ok
        assert empty.fingerprint() == company.fingerprint()
        assert replayed(empty, replay).new_versions == 0, "once more moves nothing"

    assert len(provider.requests) == asked
    assert empty.rows("select distinct replay_of from loads where source = 'paper'") == [(None,)]
    newest = "select max(load_id) from loads where dataset = 'cost_lines' and range_until = :day"
    ((load_id,),) = company.rows(newest, day=LAST)
    assert empty.rows(
        "select l.started_at, l.detail from loads l join load_periods p on p.load_id = l.load_id "
        "where p.dataset = 'cost_lines' and p.period = :day order by l.load_id limit 1",
        day=MIDDLE,
    ) == [(LATER, f"replay of load {load_id} of another ledger")]
    third = ByPost(company.root, "third")
    with empty.ledger() as second:
        assert replayed(third, Replay(frozenset({"paper"}), second)).ok
    assert third.fingerprint() == company.fingerprint(), "the pages went along"


def test_a_mended_parser_restates_what_it_mends_and_nothing_else(by_post: tuple[ByPost, Provider]) -> None:
    company, _ = by_post
    company.cost(MIDDLE, RED, GREEN)
    assert company.settle().ok
    before, amounts = company.fingerprint(), company.amounts()
    company.point_to(NOBODY)
    company.set_clock(LATER)
    again = replayed(company)
    assert (again.ok, again.new_versions) == (True, 0)
    assert company.fingerprint() == before

    company.point_to(NOBODY, parser=2)
    with company.ledger() as ledger:
        since = ledger.seq()
    mended = replayed(company)

    assert (mended.ok, mended.failed) == (True, [])
    assert company.amounts() == {**amounts, MIDDLE: amounts[MIDDLE] + 250_000_000}
    with company.ledger() as ledger:
        assert list(map(str, what_moved(ledger, since))) == [f"paper cost_lines {MIDDLE}: 2 USD → 2.25 USD"]
    made = "select distinct period from versions where from_seq > :since"
    assert company.rows(made, since=since) == [(MIDDLE,)]
    assert company.rows("select max(started_at) from loads where source = 'paper'") == [("2026-11-22T06:30:00Z",)]


def test_a_day_that_the_parser_rejected_comes_from_its_pages_and_is_not_sought_in_older_ones(
    quick: tuple[ByPost, Provider],
) -> None:
    company, _ = quick
    assert company.settle().ok
    company.set_clock(LATER)
    company.cost(LAST, ("red", "sheet-1", "input", "$4.50"))
    (failed,) = company.settle(LAST, LAST).failed
    assert "$4.50" in failed.why
    company.point_to(NOBODY)
    (again,) = replayed(company).failed
    assert (again.day, again.why) == (LAST, failed.why)
    assert company.amounts()[LAST] == 4_100_000_000

    company.point_to(NOBODY, parser=2)
    assert replayed(company).ok
    assert company.amounts()[LAST] == 4_500_000_000


def test_a_replay_is_as_final_as_the_reading_was(quick: tuple[ByPost, Provider]) -> None:
    company, provider = quick
    company.set_clock("2026-11-22T01:00:00Z")  # before the provider has settled the last day
    company.cost(LAST)
    assert company.settle().ok
    incomplete = "select count(*) from current_findings where kind = 'report incomplete' and day = :day"
    assert company.rows(incomplete, day=LAST) == [(1,)]
    company.set_clock("2026-12-24T06:00:00Z")
    before = company.fingerprint()

    assert replayed(company).new_versions == 0

    assert company.fingerprint() == before
    (report,) = [company.run_missing(LAST, LAST)]
    assert [one.ok for one in report] == [True], "and it is still missing"
    assert [request.get("first") for request in provider.requests[-2:]] == [LAST, LAST]


def test_old_pages_are_forgotten_at_the_end_of_a_run_and_their_days_are_left_as_they_are(
    by_post: tuple[ByPost, Provider],
) -> None:
    company, provider = by_post
    company.point_to(provider.url, more="[ledger]\npages_days = 10")
    assert company.settle(FIRST, MIDDLE).ok
    company.set_clock("2026-12-02T06:30:01Z")
    assert company.settle(DAYS[3], LAST).ok
    facts = company.fingerprint()

    with_pages = "select distinct started_at, dataset from loads join load_pages using (load_id) order by dataset"
    kept = ("2026-12-02T06:30:01Z", "cost_lines"), ("2026-12-02T06:30:01Z", "names"), ("2026-12-02T06:30:01Z", "usage")
    assert company.rows(with_pages) == [*kept]
    with company.ledger() as ledger:
        plan = plan_replay(company.config, ledger, Replay(frozenset({"paper"})), "0000", "9999")
    assert plan.days == DAYS[3:]
    named = f"{FIRST} to {MIDDLE}: no page of it is kept"
    assert plan.left == [f"paper usage {named}", f"paper cost_lines {named}"]
    company.point_to(NOBODY, parser=2)
    assert replayed(company).new_versions == 0
    assert company.fingerprint() == facts


def test_without_retention_no_page_is_kept(quick: tuple[ByPost, Provider]) -> None:
    company, provider = quick
    company.point_to(provider.url, more="[ledger]\npages_days = 0")
    assert company.settle().ok
    assert company.rows(KEPT) == []


def test_the_source_ledger_is_not_changed(quick: tuple[ByPost, Provider]) -> None:
    company, _ = quick
    assert company.settle().ok
    everything = ("versions", "commits", "loads", "load_periods", "load_pages")
    before = [company.rows(f"select * from {table}") for table in everything]
    empty = ByPost(company.root, "empty")
    with company.ledger() as old:
        assert replayed(empty, Replay(frozenset({"paper"}), old)).ok
        assert empty.rows("select day from digests") == [], "whoever keeps the other ledger tells its days"
    assert [company.rows(f"select * from {table}") for table in everything] == before


def test_a_run_that_books_after_a_later_reading_leaves_that_as_it_is(quick: tuple[ByPost, Provider]) -> None:
    company, provider = quick
    assert company.settle().ok
    company.set_clock(LATER)

    def meanwhile(request: Request) -> Reply:
        """Another run reads and books all days, after this one was answered and before it books."""
        reply = company.answer(request)
        if request.path == "/costs":
            provider.answer = company.answer
            company.set_clock("2026-11-23T06:31:00Z")
            company.report(FIRST, "3.00")
            assert company.settle().ok
        return reply

    provider.answer = meanwhile
    assert company.settle(FIRST, DAYS[1]).ok

    assert company.amounts()[FIRST] == 5_100_000_000
    read_later = f"read later, and not booked from this: {FIRST}, {DAYS[1]}"
    assert (read_later,) in company.rows("select detail from loads where dataset = 'cost_lines'")
