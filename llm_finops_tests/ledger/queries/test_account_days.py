"""An account's days add up to its months, and are those of the base rows."""

from dataclasses import replace

import pytest

from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import Asked, account_days, ladder, snapshot
from llm_finops_tests.ledger.queries import company as little
from llm_finops_tests.ledger.queries.reckoned import rows_of

WHOLE = Asked("2026-10-01", "2026-11-30", "USD")


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_days_add_up_to_the_ladder(company: Ledger, currency: str) -> None:
    asked = Asked(WHOLE.first, WHOLE.last, currency)
    with snapshot(company) as reader:
        months = ladder(reader, asked)
        for row in months:
            days = account_days(reader, Asked(f"{row.month}-01", f"{row.month}-31", currency), row.account)
            for name in ("list_cost_nano", "estimated_nano", "reported_nano", "trued_up_nano"):
                known = [getattr(day, name) for day in days if getattr(day, name) is not None]
                assert (sum(known) if known else None) == getattr(row, name)
            assert sum(day.unpriced_rows for day in days) == row.unpriced_rows
    assert months


def test_days_are_those_of_the_base_rows(company: Ledger) -> None:
    with snapshot(company) as reader:
        days = {day.day: day for day in account_days(reader, WHOLE, "openai")}
        assert account_days(reader, WHOLE, "nobody") == ()
        assert account_days(reader, replace(WHOLE, provider="anthropic"), "openai") == ()
    trued_up = days.pop("2026-10")  # a true-up is of the whole month, and stands beside its days
    assert trued_up.trued_up_nano is not None
    assert set(days) == set(little.DAYS)
    for day in little.DAYS:
        listed = [
            row.list_cost_nano
            for _, at, row in rows_of(company, d.PRICED_USAGE, WHOLE)
            if (row.account, at) == ("openai", day)
        ]
        billed = [
            row.billed_nano
            for _, at, row in rows_of(company, d.COST_LINES, WHOLE)
            if (row.account, at) == ("openai", day)
        ]
        assert days[day].list_cost_nano == sum(nano for nano in listed if nano is not None)
        assert days[day].unpriced_rows == sum(nano is None for nano in listed)
        assert days[day].reported_nano == sum(billed)
