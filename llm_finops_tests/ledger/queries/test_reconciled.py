"""Usage, reports and invoices side by side; findings; prices; against the base rows added up in Python."""

from dataclasses import replace

from llm_finops.core.records import Price
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import (
    FindingCount,
    PriceChange,
    findings_by,
    findings_rows,
    implied,
    ladder,
    price_changes,
    snapshot,
)
from llm_finops_tests.ledger.queries import company as little
from llm_finops_tests.ledger.queries.reckoned import rows_of
from llm_finops_tests.ledger.queries.test_money import ALL

OCTOBER = replace(ALL, first="2026-10-31", last="2026-10-31")  # a day of it: the month is shown whole


def test_the_ladder_is_by_whole_months_and_accounts(company: Ledger) -> None:
    with snapshot(company) as reader:
        rows = {(row.month, row.account): row for row in ladder(reader, ALL)}
        october = ladder(reader, OCTOBER)
        of_openai = ladder(reader, replace(ALL, provider="openai"))
        in_euro = ladder(reader, replace(ALL, currency="EUR"))
    assert sorted(rows) == [(month, account) for month in ("2026-10", "2026-11") for account in ("claude", "openai")]
    assert october == tuple(row for row in rows.values() if row.month == "2026-10")
    assert of_openai == tuple(row for row in rows.values() if row.account == "openai")
    # Unpriced usage is of no currency, so claude-eu alone has a row in euro, and openai one of what is unpriced.
    assert {(row.month, row.account): row.unpriced_rows for row in in_euro} == {
        ("2026-10", "claude-eu"): 0,
        ("2026-11", "claude-eu"): 0,
        ("2026-11", "openai"): 4,
    }
    for (month, account), row in rows.items():
        usage = [u for at, day, u in rows_of(company, d.PRICED_USAGE, ALL) if (at, day[:7]) == (account, month)]
        assert row.list_cost_nano == sum(u.list_cost_nano or 0 for u in usage)
        assert row.unpriced_rows == sum(u.list_cost_nano is None for u in usage)
        for basis, dataset in (("reported", d.COST_LINES), ("estimated", d.ESTIMATES)):
            billed = [
                c.billed_nano for at, day, c in rows_of(company, dataset, ALL) if (at, day[:7]) == (account, month)
            ]
            assert (row.reported_nano if basis == "reported" else row.estimated_nano) == (
                sum(billed) if billed else None
            )


def test_a_true_up_and_the_invoice_are_of_their_month(company: Ledger) -> None:
    with snapshot(company) as reader:
        rows = {(row.month, row.account): row for row in ladder(reader, ALL)}
    trued = company.read(d.TRUE_UPS, "openai", "2026-10")
    assert rows["2026-10", "openai"].trued_up_nano == sum(line.billed_nano for line in trued)
    assert rows["2026-11", "openai"].trued_up_nano is None
    (match,) = rows["2026-10", "openai"].matches
    assert (match.charge_category, match.difference_nano, match.state) == ("usage", 2, "differs")
    assert [row.matches for at, row in rows.items() if at != ("2026-10", "openai")] == [(), (), ()]


def test_findings_are_counted_by_kind_and_account_and_a_months_with_them(company: Ledger) -> None:
    with snapshot(company) as reader:
        assert findings_by(reader, ALL) == (
            FindingCount("invoice differs", "openai", 1, 1, "2026-10"),
            FindingCount("unpriced", "claude", 8, 4, "2026-11-02"),
            FindingCount("unpriced", "claude-eu", 6, 3, "2026-11-01"),
            FindingCount("unpriced", "openai", 8, 4, "2026-11-02"),
        )
        november = replace(ALL, first="2026-11-01")
        assert {row.kind for row in findings_by(reader, november)} == {"unpriced"}
        assert {row.account for row in findings_by(reader, replace(ALL, provider="openai"))} == {"openai"}
        every = findings_rows(reader, ALL)
        assert [row.day for row in every] == sorted((row.day for row in every), reverse=True)
        assert len(every) == 23
        unpriced = findings_rows(reader, ALL, "unpriced")
        assert unpriced == tuple(row for row in every if row.kind == "unpriced")
        assert findings_rows(reader, ALL, "unpriced", limit=3, offset=2) == unpriced[2:5]


def test_prices_that_bills_imply_are_told_by_day_and_account(company: Ledger) -> None:
    with snapshot(company) as reader:
        found = implied(reader, ALL)
        of_openai = implied(reader, replace(ALL, provider="openai"))
        in_euro = implied(reader, replace(ALL, currency="EUR"))
    assert [(row.day, row.account) for row in found] == [
        (day, of) for day in little.DAYS for of in ("claude", "openai")
    ]
    assert of_openai == tuple(row for row in found if row.account == "openai")
    assert {(row.account, row.price.state, row.price.reason) for row in in_euro} == {
        ("claude-eu", "differs", "list price changed")
    }


def test_a_price_change_is_of_the_price_that_holds(company: Ledger) -> None:
    begins = PriceChange(
        *("2026-11-01T00:00:00Z", "openai", "gpt-6", "standard", "(none)", "input_uncached", "USD"),
        *(2_000, 1_000, "contract:own.csv"),
    )
    with snapshot(company) as reader:
        assert price_changes(reader, "2026-10-30", "2026-11-02") == (begins,)
        assert price_changes(reader, "2026-11-02", "2026-11-02") == ()


def test_what_begins_and_what_ends_has_one_side(ledger: Ledger) -> None:
    with ledger.commit("a price of three days") as commit:
        named = ("openai", "gpt-6", "standard", "(none)", "output", "USD", 5)
        commit.book(d.PRICES, "*", "*", [Price(*named, "2026-11-01T00:00:00Z", "2026-11-04T00:00:00Z", "list:made up")])
        commit.book(d.PRICED_USAGE, "openai", "2026-11-02", little.priced("openai", "2026-11-02"))
    with snapshot(ledger) as reader:
        found = price_changes(reader, "2026-11-01", "2026-11-30")
    assert [(change.at[:10], change.before_nano, change.after_nano) for change in found] == [
        ("2026-11-01", None, 5),
        ("2026-11-04", 5, None),
    ]
