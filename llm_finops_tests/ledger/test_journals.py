"""Journals: loads, messages to send, files seen."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from llm_finops.ledger import Digest, Key, Ledger, SourceFile
from llm_finops.ledger.datasets import USAGE
from llm_finops_tests.ledger import facts as f

FUTURE, PAST = "9999-01-01T00:00:00Z", "2000-01-01T00:00:00Z"


def _at_once(store: str, tasks: list[Any]) -> list[Any]:
    """Every task on a ledger of its own, all let go at the same moment."""
    ledgers = [Ledger(store) for _ in tasks]
    gate = Barrier(len(tasks))

    def run(task: Any, ledger: Ledger) -> Any:
        gate.wait()
        return task(ledger)

    with ThreadPoolExecutor(len(tasks)) as pool:
        results = [future.result() for future in [pool.submit(run, *each) for each in zip(tasks, ledgers, strict=True)]]
    for ledger in ledgers:
        ledger.close()
    return results


def test_a_day_is_made_due_only_if_it_is_newer_than_all_there(ledger: Ledger) -> None:
    made = [ledger.journals.make_due(day, "hash") for day in ("2026-09-11", "2026-09-11", "2026-09-10", "2026-09-12")]
    assert made == [True, False, False, True]
    assert [(d.day, d.revision, d.state, d.attempt) for d in ledger.journals.digests()] == [
        ("2026-09-11", 1, "folded", 0),
        ("2026-09-12", 1, "due", 0),
    ]


def test_a_message_slack_may_have_taken_is_not_folded_into_a_newer_one(ledger: Ledger) -> None:
    for day in ("2026-09-11", "2026-09-12"):
        ledger.journals.make_due(day, "hash")
        assert ledger.journals.claim(day, 1, 1, FUTURE)
    ledger.journals.mark("2026-09-11", 1, "unknown", 1)
    ledger.journals.make_due("2026-09-13", "hash")
    assert [(d.day, d.state) for d in ledger.journals.digests()] == [
        ("2026-09-11", "unknown"),
        ("2026-09-12", "sending"),
        ("2026-09-13", "due"),
    ]


def test_what_follows_a_message_is_made_due_with_the_note_of_it_and_one_chart_a_day(ledger: Ledger) -> None:
    day = "2026-09-11"
    ledger.journals.make_due(day, "hash")
    assert ledger.journals.claim(day, 1, 1, FUTURE)
    ledger.journals.mark(day, 1, "sent", 0, charts=True)  # by a sender that another has overtaken
    assert [(d.revision, d.kind) for d in ledger.journals.digests()] == [(1, "summary")]
    for _ in range(2):
        ledger.journals.mark(day, 1, "sent", 1, seq=7, charts=True)
    ledger.journals.mark(day, 1, "sent", 1, seq=9, answer_since=7, charts=True)

    rows = ledger.journals.digests()
    assert [(d.revision, d.kind, d.state, d.seq, d.before_seq) for d in rows] == [
        (1, "summary", "sent", 9, None),
        (2, "chart", "due", None, None),
        (3, "answer", "due", 9, 7),
    ]


def test_two_runs_ending_at_once_make_one_message_due(store: str) -> None:
    days = [f"2026-09-{day:02}" for day in range(1, 11)]
    ends = _at_once(store, [lambda ledger: [ledger.journals.make_due(day, "hash") for day in days]] * 3)
    assert [sum(each) for each in zip(*ends, strict=True)] == [1] * len(days)


def test_one_of_two_claimers_wins_a_message(store: str) -> None:
    ledger = Ledger(store)
    for day in ("2026-09-10", "2026-09-11", "2026-09-12", "2026-09-13"):
        ledger.journals.make_due(day, "hash")
        won = _at_once(store, [lambda other, day=day: other.journals.claim(day, 1, 1, FUTURE)] * 3)
        assert sorted(won) == [False, False, True]
    assert {(d.state, d.attempt, d.next_at) for d in ledger.journals.digests()} == {("sending", 1, FUTURE)}
    ledger.close()


def test_a_claim_holds_until_its_lease_is_over_and_counts_attempts(ledger: Ledger) -> None:
    ledger.journals.make_due(f.DAY, "hash")
    assert not ledger.journals.claim(f.DAY, 1, 2, FUTURE), "an attempt is skipped"
    assert not ledger.journals.claim(f.DAY, 2, 1, FUTURE), "there is no such revision"
    assert ledger.journals.claim(f.DAY, 1, 1, PAST)
    assert not ledger.journals.claim(f.DAY, 1, 1, FUTURE), "the attempt is taken"
    assert ledger.journals.claim(f.DAY, 1, 2, FUTURE), "the lease of the first is over"
    assert not ledger.journals.claim(f.DAY, 1, 3, FUTURE), "the lease of the second is not"
    ledger.journals.abandon()
    assert [(d.state, d.attempt) for d in ledger.journals.digests("unknown")] == [("unknown", 2)]
    assert ledger.journals.claim(f.DAY, 1, 3, FUTURE)


def test_only_the_newest_attempt_says_how_a_message_ended(ledger: Ledger) -> None:
    ledger.journals.make_due(f.DAY, "hash")
    for attempt in (1, 2):
        assert ledger.journals.claim(f.DAY, 1, attempt, PAST)
    ledger.journals.mark(f.DAY, 1, "due", 1)
    assert [d.state for d in ledger.journals.digests()] == ["sending"]
    ledger.journals.mark(f.DAY, 1, "sent", 2, channel="C1", ts="17.5", figures_hash="other")
    (row,) = ledger.journals.digests()
    assert row._replace(done_at="") == Digest(f.DAY, 1, "sent", "other", 2, "", "C1", "17.5")
    assert PAST < row.done_at < FUTURE
    assert ledger.journals.digests("due", "unknown") == []
    assert not ledger.journals.claim(f.DAY, 1, 3, FUTURE)


def test_a_period_was_read_when_its_newest_load_began(store: str) -> None:
    clock = iter(f"2026-09-{day}T00:00:00Z" for day in range(13, 30))
    ledger = Ledger(store, now=lambda: next(clock))
    for day in ("2026-09-11", "2026-09-12", "2026-09-11"):
        load_id = ledger.journals.begin_load("openai", "usage", day, day)
        with ledger.commit("usage") as commit:
            commit.book(USAGE, "openai", day, [f.usage(1)])
            commit.loaded(load_id, USAGE, "openai", day, 0, [])
        ledger.journals.end_load(load_id, "whole", 2)
    failed = ledger.journals.begin_load("openai", "usage", "2026-09-12", "2026-09-12")
    ledger.journals.end_load(failed, "failed", 1, "answered 500")
    assert ledger.journals.read_at("usage", "openai") == {
        "2026-09-11": "2026-09-19T00:00:00Z",
        "2026-09-12": "2026-09-16T00:00:00Z",
    }
    assert ledger.journals.read_at("usage", "anthropic") == {}
    version = ledger.heads(USAGE)[Key("usage", "openai", "2026-09-11")]
    assert [load["load_id"] for load in ledger.journals.loads_of(version)] == [1, 3]
    ledger.close()


def test_a_day_was_tried_where_its_usage_or_cost_was_read_and_not_where_a_month_of_rates_was(ledger: Ledger) -> None:
    day, after = "2026-09-12", "2026-09-13T"
    for dataset in ("fx_rates", "invoices", "names"):
        ledger.journals.begin_load("x", dataset, "2026-09-01", "2026-09-30", read_at="2026-09-13T06:30:00Z")
    assert not ledger.journals.was_tried(day, after)
    ledger.journals.begin_load("openai", "cost_lines", day, day, read_at="2026-09-13T06:30:00Z")
    assert ledger.journals.was_tried(day, after)
    assert not ledger.journals.was_tried(day, "2026-09-14T")


def test_the_files_of_a_source_are_kept_by_the_way_they_were_read(ledger: Ledger) -> None:
    files = [SourceFile("b.csv", 2, "cd", {}), SourceFile("a.csv", 1, "ab", {f.DAY: ["digest", 7]})]
    ledger.journals.keep_files("gateway", "columns-1", files)
    assert ledger.journals.files("gateway", "columns-1") == {file.path: file for file in files}
    assert ledger.journals.files("gateway", "columns-2") == ledger.journals.files("other", "columns-1") == {}
    ledger.journals.keep_files("gateway", "columns-2", files[:1])
    assert ledger.journals.files("gateway", "columns-1") == {}
    assert ledger.journals.files("gateway", "columns-2") == {"b.csv": files[0]}


def test_surveys_at_once_keep_the_files_of_one_of_them(store: str) -> None:
    surveys = [[SourceFile(f"{n}.csv", size, "ab", {}) for n in range(20)] for size in (1, 2, 3)]

    def keep(files: list[SourceFile]) -> Any:
        return lambda ledger: [ledger.journals.keep_files("gateway", "columns", files) for _ in range(3)]

    _at_once(store, [keep(files) for files in surveys])
    ledger = Ledger(store)
    kept = ledger.journals.files("gateway", "columns")
    assert list(map(kept.get, [f"{n}.csv" for n in range(20)])) in surveys
    ledger.close()
