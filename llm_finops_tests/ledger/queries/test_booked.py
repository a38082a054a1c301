"""Which days are booked, and of which of them the revenue is known."""

import pytest

from llm_finops.core.records import Finding, Margin
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import Booked, booked_days, snapshot
from llm_finops_tests.ledger import facts as f
from llm_finops_tests.ledger.queries import company as little


def test_every_day_with_margins_is_booked_and_its_revenue_known_where_a_row_has_one(company: Ledger) -> None:
    with snapshot(company) as reader:
        assert booked_days(reader, "2026-01-01", "2026-12-31") == {
            day: Booked(len(company.read(d.MARGINS, "*", day)), revenue_known=True) for day in little.DAYS
        }
        assert list(booked_days(reader, little.DAYS[1], little.DAYS[2])) == list(little.DAYS[1:3])
        assert booked_days(reader, "2027-01-01", "2027-12-31") == {}


@pytest.mark.parametrize(
    ("rows", "loaded", "known"),
    [
        ([f.margin(None, 5)], [], False),
        ([f.margin(7, 5)], [], True),
        ([], None, False),  # no source of revenue has the day
        ([], [Finding("2026-11-02", "(all)", "revenue not loaded", "files", "rows", 0, "no file")], False),
        ([], [], True),
    ],
)
def test_of_a_day_with_nothing_the_revenue_is_known_if_it_was_read(
    ledger: Ledger, rows: list[Margin], loaded: list[Finding] | None, known: bool
) -> None:
    with ledger.commit("made") as commit:
        commit.book(d.MARGINS, "*", "2026-11-01", [f.margin(1, 1)])
        commit.book(d.MARGINS, "*", "2026-11-02", rows)
        if loaded is not None:
            commit.book(d.REVENUE, "files", "2026-11-02", [], findings=loaded)
        commit.book(d.REVENUE, "files", "2026-11-03", [])
    with snapshot(ledger) as reader:
        found = booked_days(reader, "2026-11-01", "2026-11-30")
    assert found == {"2026-11-01": Booked(1, revenue_known=True), "2026-11-02": Booked(len(rows), known)}
