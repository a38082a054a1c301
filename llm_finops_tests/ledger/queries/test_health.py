"""Freshness, restatements, quarantine, coverage and basis; and the way from a line to its loads."""

from dataclasses import replace

import pytest

from llm_finops.core.pages import Page
from llm_finops.core.records import Quarantined
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.pages import keep_pages
from llm_finops.ledger.queries import (
    basis_days,
    coverage_days,
    held,
    line,
    line_shares,
    lines_of,
    load,
    load_pages,
    provisional_days,
    quarantined,
    quarantined_count,
    restated,
    snapshot,
    sources,
)
from llm_finops_tests.ledger.queries import company as little
from llm_finops_tests.ledger.queries.company import DAYS
from llm_finops_tests.ledger.queries.reckoned import rows_of
from llm_finops_tests.ledger.queries.test_money import ALL


def test_a_source_is_as_fresh_as_its_last_load_and_its_newest_whole_day(company: Ledger) -> None:
    with snapshot(company) as reader:
        (read,) = sources(reader)
    assert (read.source, read.dataset, read.started_at) == ("openai", "cost_lines", "2026-11-04T06:00:00Z")
    assert (read.outcome, read.detail, read.newest_whole) == ("failed", "500", little.DAYS[2])


def test_a_day_is_provisional_until_it_was_read_so_many_hours_after_its_end(company: Ledger) -> None:
    day, after = little.DAYS[2], little.DAYS[3]  # read on the second morning after it, thirty hours after its end
    with snapshot(company) as reader:
        found = [provisional_days(reader, day, day, {"openai": hours, "anthropic": 999}) for hours in (30, 31)]
        assert provisional_days(reader, after, after, {"openai": 31}) == ()
    assert found == [(), (day,)]


def test_what_was_restated_is_told_with_its_commit(company: Ledger) -> None:
    with snapshot(company) as reader:
        found = restated(reader, ALL.first, ALL.last)
        assert restated(reader, "2026-11-01", "2026-11-02") == ()
        assert restated(reader, ALL.first, ALL.last, limit=2) == found[:2]
    (moment,) = {row.at_utc for row in found}
    assert moment.startswith("20")
    # What was booked again with the same content is not there: usage, coverage, requests.
    assert {(row.dataset, row.scope) for row in found} == {
        *((name, account) for name in ("cost_lines", "allocations") for account in little.ACCOUNTS),
        ("margins", "*"),
        ("request_costs", "*"),
    }
    assert {(row.period, row.reason) for row in found} == {(little.DAYS[1], f"the day {little.DAYS[1]}")}


def test_bad_rows_and_held_days_are_there(company: Ledger) -> None:
    with snapshot(company) as reader:
        (bad,), (day,) = quarantined(reader), held(reader)
    assert (bad.day, bad.source, bad.reason, bad.file) == (little.DAYS[2], "openai", "no amount", "costs.csv")
    assert (day.period, day.before, day.after) == (little.DAYS[2], 100, 10)


def test_coverage_is_of_tokens(company: Ledger) -> None:
    with snapshot(company) as reader:
        found = {row.day: (row.quantity, row.covered) for row in coverage_days(reader, ALL)}
        of_openai = coverage_days(reader, replace(ALL, provider="openai"))
    for day in little.DAYS:
        rows = [row for _, at, row in rows_of(company, d.COVERAGE, ALL) if at == day]
        assert found[day] == (sum(row.quantity for row in rows), sum(row.covered for row in rows))
        own = [row.quantity for row in rows if row.account == "openai"]
        assert next(row.quantity for row in of_openai if row.day == day) == sum(own)


def test_every_day_of_an_account_has_a_basis_or_is_missing(company: Ledger) -> None:
    asked = replace(ALL, first="2026-10-29")
    with snapshot(company) as reader:
        found = {(row.account, row.day): row for row in basis_days(reader, asked)}
        of_openai = basis_days(reader, replace(asked, provider="openai"))
    assert len(found) == 3 * 5
    other = {at: row.basis for at, row in found.items() if row.basis != "reported"}
    assert other == {
        **{(account, "2026-10-29"): "missing" for account in little.ACCOUNTS},
        ("claude", little.DAYS[-1]): "estimated",
        ("claude-eu", little.DAYS[-1]): "missing",
    }
    assert {row.account for row in of_openai} == {"openai"}
    own = sum(line.amount_nano for line in company.read(d.COST_LINES, "openai", "2026-10-31"))
    assert found["openai", "2026-10-31"].cost_nano == own
    assert found["claude-eu", "2026-10-31"].cost_nano == 0  # in dollars


def test_the_lines_of_a_day_are_there_largest_first(company: Ledger) -> None:
    with snapshot(company) as reader:
        found = lines_of(reader, ALL, "2026-10-31")
        of_openai = lines_of(reader, ALL, "2026-10-31", account="openai")
        two = lines_of(reader, replace(ALL, provider="openai"), "2026-10-31", limit=2)
    assert [row.line.amount_nano for row in found] == sorted((r.line.amount_nano for r in found), reverse=True)
    assert {row.line.currency for row in found} == {"USD"}
    assert {(row.dataset, row.day) for row in of_openai} == {("cost_lines", "2026-10-31")}
    assert of_openai == tuple(row for row in found if row.line.account == "openai")
    assert two == of_openai[:2]


def test_a_line_is_traced_to_its_versions_and_loads(company: Ledger) -> None:
    day = little.DAYS[2]
    with snapshot(company) as reader:
        traced = line(reader, "openai-0-reported", day)
        restated_line = line(reader, "openai-0-reported", little.DAYS[1])
        nobodys = (
            line(reader, "openai-9-reported", day),
            line_shares(reader, "openai-9-reported", day),
            load(reader, 99),
        )
        assert traced is not None
        (by,) = traced.loads
        read = load(reader, by.load_id)
        kept = [page[1:] for page in load_pages(reader, by.load_id)]
    assert (by.started_at, by.outcome) == ("2026-11-03T06:00:00Z", "whole")
    assert [version.is_current for version in traced.versions] == [True]
    assert read is not None
    assert (read.load.pages, read.load.duplicates, read.load.quarantined, read.load.calls) == (1, 1, 1, 2)
    assert kept == [(1, "GET /costs", "2026-11-03T06:00:00Z", 200, 0)]
    (period,) = read.periods
    assert (period.period, period.version_id, period.rows, period.is_current) == (day, traced.line.version_id, 3, True)
    assert restated_line is not None
    assert [version.is_current for version in restated_line.versions] == [True, False]
    assert restated_line.line.line.amount_nano == 3 * (10_000 + 31)
    assert nobodys == (None, (), None)


def test_a_load_that_read_pages_again_has_those_of_the_load_before(ledger: Ledger) -> None:
    day = little.DAYS[0]
    first = ledger.journals.begin_load("openai", "usage", day, day)
    keep_pages(ledger, first, [Page(f"GET /usage?page={n}", "2026-11-03T06:00:00Z", 200, b"", "-", n) for n in (7, 9)])
    again = ledger.journals.begin_load("openai", "usage", day, day, replay_of=first)
    other = ledger.journals.begin_load("openai", "usage", day, day)
    with snapshot(ledger) as reader:
        kept = load_pages(reader, first)
        assert [(page.load_id, page.position, page.bytes) for page in kept] == [(first, 1, 7), (first, 2, 9)]
        assert load_pages(reader, again) == kept
        assert load_pages(reader, other) == load_pages(reader, 99) == ()


@pytest.mark.parametrize("descending", [False, True])
def test_rows_that_are_not_counted_are_read_a_page_at_a_time(ledger: Ledger, *, descending: bool) -> None:
    named = [Quarantined(reason, file, f"line {n}") for n in range(3) for reason in ("Zone", "age") for file in "bAä"]
    for day, bad in ((DAYS[0], named[:5]), (DAYS[1], named), (DAYS[0], named[4:12]), (DAYS[2], named[:4])):
        load_id = ledger.journals.begin_load("gateway", "request_totals", day, day)
        with ledger.commit("read") as commit:
            commit.book(d.REQUEST_TOTALS, "gateway", day, [])
            commit.loaded(load_id, d.REQUEST_TOTALS, "gateway", day, 0, bad)
    now = {DAYS[0]: named[4:12], DAYS[1]: named, DAYS[2]: named[:4]}  # of the first day the second load holds
    expected = [
        (day, *map(str.encode, row)) for day in sorted(now, reverse=descending) for row in sorted(now[day], key=_bytes)
    ]
    with snapshot(ledger) as reader:
        assert quarantined_count(reader) == len(expected)
        found = [
            row
            for offset in range(0, len(expected) + 7, 7)
            for row in quarantined(reader, descending=descending, limit=7, offset=offset)
        ]
    assert [(row.day, *map(str.encode, (row.reason, row.file, row.detail))) for row in found] == expected


def _bytes(row: Quarantined) -> tuple[bytes, ...]:
    return tuple(map(str.encode, row))
