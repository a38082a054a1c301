"""What all providers' rows go through."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors._fields import Unreadable, count, day_of, text
from llm_finops.connectors._pulling import Answer
from llm_finops.connectors._rows import add_up, cost_line, fit, money, numbered, quantity
from llm_finops.core.records import CostLine, Usage

DAY = Answer("acct", "acme", "2026-11-20", [], ("team",))
quantities = st.integers(0, 2**40)


def used(model: str, tokens: int) -> Usage:
    return Usage("acct", "acme", "p", "k", "a", model, "standard", "(none)", "output", "tokens", tokens)


def line(amount: str, item: str = "tea") -> CostLine:
    return cost_line(DAY, money(amount, "eur", "tea"), amount)._replace(line_item=item)


@given(st.lists(st.tuples(st.sampled_from("ab"), quantities)), st.randoms())
def test_rows_of_one_key_add_up_in_any_order(given_rows: list[tuple[str, int]], order: Random) -> None:
    rows = [used(*row) for row in given_rows]
    once = add_up(rows)
    order.shuffle(rows)

    assert sorted(add_up(rows)) == sorted(once)
    assert sum(row.quantity for row in once) == sum(tokens for _, tokens in given_rows)
    assert all(row.quantity for row in once)


def test_a_sum_that_64_bits_do_not_hold_is_refused() -> None:
    with pytest.raises(Unreadable, match="64-bit"):
        add_up([used("a", 2**62), used("a", 2**62)])


@given(quantities, st.dictionaries(st.sampled_from("abcd"), quantities))
def test_what_is_taken_and_what_is_left_is_the_total(total: int, parts: dict[str, int]) -> None:
    taken, left, beyond = fit(total, parts)

    assert left >= 0
    assert sum(taken.values()) + left == total
    assert (beyond == 0) == (sum(parts.values()) <= total)
    assert taken.items() <= parts.items()


@given(st.lists(st.tuples(st.sampled_from(["1", "2", "-2"]), st.sampled_from("xy"))), st.randoms())
def test_lines_get_the_same_ids_in_any_order(rows: list[tuple[str, str]], order: Random) -> None:
    lines = [((item,), line(amount, item)) for amount, item in rows]
    once = numbered(lines)
    order.shuffle(lines)

    assert sorted(numbered(lines)) == sorted(once)
    assert len({row.line_id for row in once}) == len(rows)


def test_a_line_keeps_its_id_when_its_amount_changes_and_not_on_another_day() -> None:
    (before,), (after,) = numbered([(("x",), line("1"))]), numbered([(("x",), line("3"))])
    (other,) = numbered([(("x",), line("1")._replace(period_from="2026-11-21"))])

    assert before.line_id == after.line_id != other.line_id
    assert len(before.line_id) == 32


@pytest.mark.parametrize(
    ("value", "unit", "times", "expected"),
    [
        (1_000_000, "tokens", 1, (1_000_000, "tokens")),
        (Decimal("12.5"), "tokens", 1000, (12_500, "tokens")),
        ("1.5", "hours", 1, (1500, "millihours")),
        (Decimal("1E+3"), "tokens", 1, (1000, "tokens")),
        (-3, "tokens", 1, (-3, "tokens")),
    ],
)
def test_quantities_are_whole_numbers_of_a_unit(
    value: object, unit: str, times: int, expected: tuple[int, str]
) -> None:
    assert quantity(value, unit, times) == expected


@pytest.mark.parametrize("value", [True, "NaN", "1_000", 10**30, Decimal("1e30"), 2**63, "9" * 18 + ".9", None, []])
def test_quantities_that_cannot_be_booked_are_refused(value: object) -> None:
    with pytest.raises(Unreadable):
        quantity(value, "tokens")


@pytest.mark.parametrize("value", [True, -1, 2**63, "5", None, Decimal("1.5"), Decimal("1e999"), 1.5, []])
def test_counts_are_whole_and_never_guessed(value: object) -> None:
    with pytest.raises(Unreadable, match="tokens"):
        count({"tokens": value}, "tokens")
    assert count({"tokens": Decimal("2e3")}, "tokens") == 2000


@pytest.mark.parametrize("value", [5, True, "a\0b", "\ud800", {}])
def test_text_that_no_ledger_holds_is_refused(value: object) -> None:
    with pytest.raises(Unreadable):
        text({"model": value}, "model")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1795132800, 1795219200, ("2026-11-20", False)),
        (1795132800, 1795170000, ("2026-11-20", True)),
        ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00+00:00", ("2026-11-20", False)),
        ("2026-11-20T01:00:00+01:00", "2026-11-21T00:00:00Z", ("2026-11-20", False)),
    ],
)
def test_a_day_is_from_midnight_to_midnight_utc(start: object, end: object, expected: tuple[str, bool]) -> None:
    assert day_of({"a": start, "b": end}, "a", "b") == expected


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (1795132801, 1795219200),
        (1795132800, 1795219201),
        (1795132800, 1795132800),
        ("2026-11-20", "2026-11-21"),
        ("2026-11-20T00:00:00", "2026-11-21T00:00:00"),
        (None, None),
        (True, 10**30),
        (10**30, 10**30),
    ],
)
def test_a_part_of_a_day_is_not_taken_for_one(start: object, end: object) -> None:
    with pytest.raises(Unreadable):
        day_of({"a": start, "b": end}, "a", "b")
