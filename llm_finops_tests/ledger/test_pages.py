"""Pages of loads: kept whole or not at all, found again, forgotten by their age."""

import psycopg
import pytest
import sqlalchemy as sa

from llm_finops.core.pages import Page, page
from llm_finops.core.records import Quarantined
from llm_finops.ledger import Held, Ledger, bad_rows, loads
from llm_finops.ledger.datasets import COST_LINES, REVENUE
from llm_finops.ledger.pages import held_days, hold, keep_pages, kept_loads, pages_of, prune_pages
from llm_finops_tests.ledger import facts as f

BODIES = [b'{"data": []}', bytes(range(256)) * 40, b""]
PAGES = [page(f"GET /costs?page={n}", f.DAY + "T00:00:00Z", 200, body) for n, body in enumerate(BODIES)]


def load_of(ledger: Ledger, day: str = f.DAY, read_at: str = "", replay_of: int | None = None) -> int:
    return ledger.journals.begin_load("openai", "cost_lines", day, day, read_at=read_at, replay_of=replay_of)


def test_pages_come_back_as_they_were_and_those_of_a_replay_are_its_originals(ledger: Ledger) -> None:
    load_id = load_of(ledger)
    keep_pages(ledger, load_id, PAGES)
    again = load_of(ledger, replay_of=load_id)
    assert pages_of(ledger, load_id) == pages_of(ledger, again) == PAGES
    assert [kept.body for kept in pages_of(ledger, load_id)] == BODIES
    assert pages_of(ledger, load_of(ledger)) == []
    with ledger.reading() as connection:
        stored = connection.execute(sa.text("select sum(length(content)), sum(bytes) from load_pages")).one()
    assert stored[0] < stored[1] == sum(map(len, BODIES))


def test_pages_are_kept_all_or_none(ledger: Ledger) -> None:
    load_id = load_of(ledger)
    spoiled = [*PAGES, Page("GET /x", f.DAY, 10**30, b"", "", 0)]  # a number that no database holds
    with pytest.raises((psycopg.Error, OverflowError)):
        keep_pages(ledger, load_id, spoiled)
    assert pages_of(ledger, load_id) == []
    keep_pages(ledger, load_id, PAGES)
    assert pages_of(ledger, load_id) == PAGES


def test_pages_are_forgotten_by_when_they_were_read(ledger: Ledger) -> None:
    old, new = (load_of(ledger, read_at=f"2026-09-{day}T06:00:00Z") for day in (10, 11))
    for load_id in (old, new):
        keep_pages(ledger, load_id, PAGES)
    assert prune_pages(ledger, "2026-09-11T06:00:00Z") == len(PAGES)
    assert (pages_of(ledger, old), pages_of(ledger, new)) == ([], PAGES)
    assert prune_pages(ledger, "2026-09-11T06:00:00Z") == 0


def test_the_pages_of_a_held_day_come_with_it_and_are_never_without(ledger: Ledger) -> None:
    load_id = load_of(ledger, read_at="2026-09-10T06:00:00Z")
    held = Held(load_id, "cost_lines", "openai", f.DAY, 1, "USD", 10, 1)
    with pytest.raises((psycopg.Error, OverflowError)):
        hold(ledger, held._replace(before=10**30), PAGES)
    assert (pages_of(ledger, load_id), held_days(ledger)) == ([], [])

    hold(ledger, held, PAGES)

    assert prune_pages(ledger, "2026-09-11T06:00:00Z") == 0
    assert pages_of(ledger, load_id) == PAGES


def test_the_journal_shows_loads_newest_first_with_what_came_of_them(ledger: Ledger) -> None:
    for amount in (1, 1, 2):
        load_id = load_of(ledger, read_at="2026-09-13T06:00:00Z")
        keep_pages(ledger, load_id, PAGES)
        with ledger.commit("costs") as commit:
            commit.book(COST_LINES, "openai", f.DAY, [f.line(amount)])
            commit.loaded(load_id, COST_LINES, "openai", f.DAY, 3, [])
        ledger.journals.end_load(load_id, "whole", 5)
    failed = load_of(ledger, "2026-09-13")
    ledger.journals.end_load(failed, "failed", 1, "answered 500")

    assert [(load.load_id, load.outcome) for load in loads(ledger, limit=2)] == [(failed, "failed"), (3, "whole")]
    of_day = loads(ledger, source="openai", day=f.DAY)
    assert [(load.load_id, load.new_versions) for load in of_day] == [(3, 1), (2, 0), (1, 1)]
    assert (of_day[0].days, of_day[0].rows, of_day[0].duplicates, of_day[0].calls, of_day[0].pages) == (1, 1, 3, 5, 3)
    assert [load.load_id for load in loads(ledger, failed=True)] == [failed]
    assert loads(ledger, source="anthropic") == []
    assert [(kept.load_id, sorted(kept.booked)) for kept in kept_loads(ledger, "openai", "cost_lines")] == [
        (3, [f.DAY]),
        (2, [f.DAY]),
        (1, [f.DAY]),
    ]


def test_a_bad_row_is_listed_until_a_load_of_its_day_is_without_it(ledger: Ledger) -> None:
    bad = Quarantined("no amount", "/data/a.csv", "line 3")
    for rows in ([bad, bad._replace(detail="line 4")], [bad], []):
        load_id = ledger.journals.begin_load("billing", "revenue", f.DAY, f.DAY)
        with ledger.commit("revenue") as commit:
            commit.book(REVENUE, "billing", f.DAY, [])
            commit.loaded(load_id, REVENUE, "billing", f.DAY, 0, rows)
        expected = [(f.DAY, "billing", "revenue", *row, load_id) for row in rows]
        assert [tuple(row) for row in bad_rows(ledger)] == expected
