"""Data health says what the journals say, and what to do."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.config import load
from llm_finops.core.records import Quarantined
from llm_finops.dashboard.asking import address
from llm_finops.dashboard.pages import ALL
from llm_finops.dashboard.pages.basis import stretches
from llm_finops.dashboard.view import View
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger import datasets as d
from llm_finops.ledger.pages import Held, hold
from llm_finops.ledger.queries import BasisDay, snapshot
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_reconciliation import PERIOD, asked, nano, rows_of
from llm_finops_tests.dashboard.test_states import booked, environment

DAY = "2026-11-20"


def health(client: httpx.Client, table: str, query: str = PERIOD) -> list[dict[str, str]]:
    return rows_of(client, table, query, "/health")


def tiles(text: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd class=\"figure\">(?:<a[^>]*>)?([^<]+)<", text))


def test_sources_are_the_last_loads(demo: httpx.Client, demo_ledger: Path) -> None:
    newest = "select max(load_id) from loads group by source, dataset"
    last = f"select source, dataset, outcome, load_id from loads where load_id in ({newest})"
    expected = {(source, dataset): (outcome, load_id) for source, dataset, outcome, load_id in asked(demo_ledger, last)}
    shown = health(demo, "sources")
    assert {(row["source"], row["dataset"]): row["outcome"] for row in shown} == {
        at: of[0] for at, of in expected.items()
    }
    text = demo.get("/health").text
    for _, load_id in expected.values():
        assert re.search(rf'href="/load\?(?:[^"]+&amp;)?load={load_id}(?:&amp;[^"]+)?"', text)
    whole = sum(outcome == "whole" for outcome, _ in expected.values())
    assert tiles(text)["Sources read whole"] == f"{whole} of {len(expected)}"


def test_rows_in_quarantine_are_all_there(demo: httpx.Client, demo_ledger: Path) -> None:
    newest = "select dataset, scope, period, max(load_id) from load_periods group by 1, 2, 3"
    rows = asked(
        demo_ledger,
        f"select period, reason, file from quarantine where (dataset, scope, period, load_id) in ({newest})",
    )
    shown = health(demo, "quarantine")
    assert sorted((row["day"], row["reason"], row["file"]) for row in shown) == sorted(rows)
    assert shown
    assert tiles(demo.get("/health").text)["Rows not counted"] == str(len(rows))


def test_coverage_and_basis_are_those_of_the_rows(demo: httpx.Client, demo_ledger: Path) -> None:
    tokens = asked(
        demo_ledger,
        "select day, sum(quantity), sum(covered) from current_coverage where unit = 'tokens' group by 1",
    )
    shown = {row["day"]: (int(row["tokens"]), int(row["covered"])) for row in health(demo, "coverage")}
    assert shown == {day: (quantity, covered) for day, quantity, covered in tokens}
    basis = health(demo, "basis")
    (lines,) = asked(demo_ledger, "select sum(amount_nano) from current_cost_lines")
    assert sum(nano(row["cost_usd"]) for row in basis) == lines[0]
    assert {row["account"] for row in basis} == {"openai", "anthropic"}


def test_restatements_and_runs_are_those_of_the_versions(demo: httpx.Client, demo_ledger: Path) -> None:
    closed = asked(
        demo_ledger, "select count(*) from versions where until_seq is not null and period like '____-__-__'"
    )
    shown = health(demo, "restated")
    assert len([row for row in shown if len(row["period"]) == 10]) == closed[0][0]
    assert sum(int(row["versions"]) for row in health(demo, "restated_by")) == len(shown)
    runs = asked(demo_ledger, "select distinct run_id from commits where run_id <> ''")
    assert {row["run"] for row in health(demo, "runs")} - {"outside a run"} == {run for (run,) in runs}


def test_a_run_leads_to_dagster_where_it_is_said_where_that_is(demo_ledger: Path, tmp_path: Path) -> None:
    ((run, *_), *_) = asked(demo_ledger, "select run_id from commits where run_id <> '' order by seq desc")
    for said, expected in [("", 0), ('[reporting]\ndagster_url = "https://dagster.example.com/"\n', 1)]:
        told = environment(tmp_path, f"start_date = 2026-09-01\n{said}")
        with served({**told, "LLM_FINOPS_DATABASE_URL": sqlite_url(demo_ledger)}) as client:
            shown = client.get("/health").text
        assert f"<bdi>{run}</bdi>" in shown
        assert shown.count(f'href="https://dagster.example.com/runs/{run}"') == expected


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A source that failed, one that came in part, a held day, and rows that are not counted."""
    folder = tmp_path_factory.mktemp("troubled")
    ledger = Ledger(sqlite_url(folder / "ledger.sqlite"), lambda: "2026-11-25T06:30:00Z")
    booked(ledger, ["acme"], DAY)
    failed = ledger.journals.begin_load("openai", "usage", DAY, DAY)
    ledger.journals.end_load(failed, "failed", 3, "HTTP 401: key is not an Admin key")
    part = ledger.journals.begin_load("gateway", "request_totals", DAY, DAY)
    bad = [Quarantined("no zone", f"logs/{n}.csv", "time 12:00") for n in range(30)]
    with ledger.commit("read") as commit:
        commit.book(d.REQUEST_TOTALS, "gateway", DAY, [])
        commit.loaded(part, d.REQUEST_TOTALS, "gateway", DAY, 0, bad)
    ledger.journals.end_load(part, "part", 1, "1 of 2 files")
    costs = ledger.journals.begin_load("openai", "cost_lines", DAY, DAY)
    ledger.journals.end_load(costs, "part", 1, "1 day held")
    hold(ledger, Held(costs, "cost_lines", "openai", DAY, 1, "USD", 10_000_000_000, 1_000_000_001))
    ledger.close()
    (folder / "clock").write_text("2026-11-25T06:30:00Z", encoding="utf-8")
    with served({**environment(folder), "LLM_FINOPS_CLOCK": str(folder / "clock")}) as client:
        yield client


def test_what_went_wrong_is_told_with_what_to_do(troubled: httpx.Client) -> None:
    text = troubled.get("/health").text
    shown = tiles(text)
    assert (shown["Sources read whole"], shown["Held days"], shown["Rows not counted"]) == ("0 of 3", "1", "30")
    assert shown["Coverage"] == "not known"
    assert "HTTP 401: key is not an Admin key" in text
    (held,) = health(troubled, "held")
    assert (held["before"], held["after"]) == ("$10.00", "$1.000000001")
    assert re.fullmatch(r"llm-finops accept \d+", held["command"])
    assert held["command"].endswith(held["load"])


def test_a_source_that_never_came_whole_is_not_0_days_behind(troubled: httpx.Client) -> None:
    behind = {(row["source"], row["dataset"]): row["behind"] for row in health(troubled, "sources")}
    assert behind["openai", "usage"] == ""  # no day was read whole: by how many it is behind is not known
    newest = {(row["source"], row["dataset"]): row["newest"] for row in health(troubled, "sources")}
    assert newest["openai", "usage"] == "none yet"


def test_rows_not_counted_are_paged_and_filed_whole(troubled: httpx.Client) -> None:
    assert "1 to 25 of 30" in troubled.get("/health").text
    assert "26 to 30 of 30" in troubled.get("/health?quarantine.page=2").text
    assert len(health(troubled, "quarantine")) == 30


@given(kinds=st.lists(st.sampled_from(["reported", "estimated", "missing"]), min_size=1, max_size=30))
def test_stretches_hold_every_day_once(kinds: list[str]) -> None:
    days = [BasisDay("a", f"2026-11-{n + 1:02d}", kind, n) for n, kind in enumerate(kinds)]
    found = stretches(tuple(days))
    assert sum(of.days for of in found) == len(kinds)
    assert sum(of.cost_nano for of in found) == sum(day.cost_nano for day in days)
    assert [kind for of in found for kind in [of.basis] * of.days] == kinds
    assert all(one.basis != other.basis for one, other in pairwise(found))
    assert (found[0].first, found[-1].last) == (days[0].day, days[-1].day)


def test_of_rows_that_are_not_counted_a_page_reads_those_it_shows(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, ["acme"], DAY)
    load_id = ledger.journals.begin_load("gateway", "request_totals", DAY, DAY)
    with ledger.commit("read") as commit:
        commit.book(d.REQUEST_TOTALS, "gateway", DAY, [])
        bad = [Quarantined("no zone", f"{n}.csv", "12:00") for n in range(1_040)]
        commit.loaded(load_id, d.REQUEST_TOTALS, "gateway", DAY, 0, bad)
    asked: list[str] = []

    @sa.event.listens_for(ledger.engine, "before_cursor_execute")
    def _(_c: object, _u: object, statement: str, *_: object) -> None:
        asked.append(" ".join(statement.split()))

    for path, shown in (("/health", "1,040"), ("/", "1,040 rows not counted")):
        asked.clear()
        with snapshot(ledger) as reader:
            at = address(reader, {})
            assert at is not None
            page = next(page for page in ALL if page.path == path)
            view = View(reader, at, load(environment(tmp_path)), path, page.filters)
            assert shown in repr(page.show(view))
        read = [statement for statement in asked if "quarantine" in statement.partition("FROM")[2]]
        assert read
        assert all("count(*)" in statement or " LIMIT " in statement for statement in read), read
    ledger.close()
