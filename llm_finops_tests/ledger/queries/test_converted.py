"""Margins in the reporting currency: a day without a rate is none, and one of another currency is not told."""

from llm_finops.core.currencies import ConvertedMargin
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import Asked, Margins, converted_days, snapshot


def test_a_day_is_there_where_each_of_its_costs_has_a_rate_into_the_currency(ledger: Ledger) -> None:
    days: dict[str, list[tuple[str, str, int | None, int | None]]] = {
        "2026-10-31": [("acme", "EUR", 9, 1)],
        "2026-11-01": [("acme", "EUR", 9, 1), ("beta", "EUR", None, 2)],
        "2026-11-02": [("acme", "EUR", 9, 1), ("beta", "EUR", 3, None)],
        "2026-11-03": [("acme", "USD", 9, 1)],
        "2026-11-04": [],
    }
    with ledger.commit("made") as commit:
        for day, rows in days.items():
            found = [ConvertedMargin(name, "chat", code, paid, cost, cost, 3, 2) for name, code, paid, cost in rows]
            commit.book(d.CONVERTED_MARGINS, "*", day, found)
    with snapshot(ledger) as reader:
        assert converted_days(reader, Asked("2026-11-01", "2026-11-30", "EUR")) == {
            "2026-11-01": Margins("2026-11-01", 3, 9, 1, 3, 6, 4, 2)
        }
