"""What there is to ask for, and that a page sees one moment."""

from dataclasses import replace

import pytest

from llm_finops.core.money import BIGINT
from llm_finops.ledger import Ledger, LedgerError
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import (
    Choices,
    Span,
    choices,
    currencies,
    customers_like,
    margin_total,
    snapshot,
    span,
)
from llm_finops.ledger.rolling import roll_up
from llm_finops_tests.ledger import facts as f
from llm_finops_tests.ledger.queries import company as little
from llm_finops_tests.ledger.queries.reckoned import rows_of
from llm_finops_tests.ledger.queries.test_money import ALL


def test_the_span_is_of_days_with_margins(company: Ledger) -> None:
    with snapshot(company) as reader:
        assert span(reader) == Span(little.DAYS[0], little.DAYS[-1])
        assert reader.seq == company.seq()
        assert str(reader.at_utc).startswith("20")


def test_an_empty_ledger_has_none(ledger: Ledger) -> None:
    with snapshot(ledger) as reader:
        assert (span(reader), reader.seq, reader.at_utc) == (None, 0, None)
        assert currencies(reader, "2026-01-01", "2026-12-31") == ()
        assert choices(reader, ALL) == Choices((), (), ())
        assert margin_total(reader, ALL).rows == 0
    with ledger.commit("a day of nothing") as commit:
        commit.book(d.MARGINS, "*", f.DAY, [])
    with snapshot(ledger) as reader:
        assert span(reader) is None


def test_currencies_have_their_own_cost_and_the_largest_is_first(company: Ledger) -> None:
    with snapshot(company) as reader:
        found = currencies(reader, ALL.first, ALL.last)
    costs = dict.fromkeys(("USD", "EUR"), 0)
    for _, _, row in rows_of(company, d.MARGINS, ALL):
        costs[row.currency] += row.cost_nano
    assert [tuple(row) for row in found] == sorted(costs.items(), key=lambda at: -at[1])


def test_choices_are_of_the_period_and_currency_whatever_is_filtered(company: Ledger) -> None:
    with snapshot(company) as reader:
        assert choices(reader, replace(ALL, provider="openai", customer="acme")) == Choices(
            ("anthropic", "openai"), ("production", "staging"), ("chat", "search")
        )
        assert choices(reader, replace(ALL, currency="EUR")).providers == ("anthropic",)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("ETA", 9, ("zeta_2",)),
        ("_", 9, ("zeta_2",)),
        ("%", 9, ()),
        ("", 2, ("(unallocated)", "acme")),
        ("a", 9, ("acme", "(unallocated)", "zeta_2")),
    ],
)
def test_customers_are_found_by_a_part_of_their_name(
    company: Ledger, text: str, limit: int, expected: tuple[str, ...]
) -> None:
    with snapshot(company) as reader:
        assert customers_like(reader, text, limit) == expected


def test_all_figures_of_a_page_are_of_one_moment(ledger: Ledger) -> None:
    with ledger.commit("a day") as commit:
        commit.book(d.MARGINS, "*", f.DAY, [f.margin(9, 4)])
    asked = replace(ALL, first=f.DAY, last=f.DAY)
    with snapshot(ledger) as reader:
        seq = reader.seq
        with ledger.commit("the day, restated") as commit:
            commit.book(d.MARGINS, "*", f.DAY, [f.margin(9, 5)])
        roll_up(ledger)
        assert margin_total(reader, asked).cost_nano == 4
        assert reader.seq == seq
    with snapshot(ledger) as reader:
        assert margin_total(reader, asked).cost_nano == 5
        assert reader.seq > seq


def test_a_sum_that_no_database_holds_is_refused_with_sums_or_without(ledger: Ledger) -> None:
    with ledger.commit("two days") as commit:
        for day in ("2026-11-01", "2026-11-02"):
            commit.book(d.MARGINS, "*", day, [f.margin(0, BIGINT)])
    for _ in range(2):
        with snapshot(ledger) as reader:
            assert margin_total(reader, replace(ALL, first="2026-11-02", last="2026-11-02")).cost_nano == BIGINT
            with pytest.raises(LedgerError, match="does not fit 64 bits"):
                margin_total(reader, ALL)
        assert roll_up(ledger) in {2, 0}
