"""What runs booked, and what took another's place."""

from collections import Counter

from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import last_runs, restated, restated_by, snapshot
from llm_finops_tests.ledger.queries import company as little


def test_restatements_are_counted_by_dataset(company: Ledger) -> None:
    with snapshot(company) as reader:
        rows = restated(reader, little.DAYS[0], little.DAYS[-1])
        counts = restated_by(reader, little.DAYS[0], little.DAYS[-1])
        assert restated_by(reader, little.DAYS[2], little.DAYS[-1]) == ()  # only the second day was booked anew
    assert rows
    assert {of.dataset: of.versions for of in counts} == Counter(row.dataset for row in rows)
    assert {of.periods for of in counts} == {1}
    assert list(counts) == sorted(counts)


def test_the_last_runs_come_first(ledger: Ledger) -> None:
    for n, run in enumerate(["a", "b", "a", "", "c"]):
        with ledger.commit("made", run) as commit:
            commit.book(d.MARGINS, "*", f"2026-11-0{n + 1}", [])
    with snapshot(ledger) as reader:
        runs = last_runs(reader, 10)
        assert [(run.run_id, run.commits) for run in runs] == [("c", 1), ("", 1), ("a", 2), ("b", 1)]
        assert runs[2].first_at <= runs[2].last_at
        assert last_runs(reader, 1) == runs[:1]
