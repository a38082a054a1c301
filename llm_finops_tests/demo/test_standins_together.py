"""The stand-ins as the pipeline meets them, and the small parts they share."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors import anthropic, openai
from llm_finops.connectors.contract import Asked
from llm_finops.core.records import key_bytes
from llm_finops.demo.clock import Clock
from llm_finops.demo.standins import Standins, cursors
from llm_finops.demo.standins.reports import buckets, decimal
from llm_finops.demo.truth import cost_by_customer
from llm_finops.demo.world import Window

WINDOW = Window(date(2026, 11, 22), 40)


@pytest.mark.parametrize("connector", [openai, anthropic], ids=lambda module: module.PROVIDER)
def test_the_connectors_read_the_exact_bill_of_every_settled_day(
    standins: Standins, clock: Clock, connector: ModuleType
) -> None:
    url = {"openai": standins.openai_url, "anthropic": standins.anthropic_url}[connector.PROVIDER]
    options = connector.Options(base_url=url)
    source = connector.connect("acme", options, standins.environment[options.admin_key_env], clock=clock.now)
    digits = {"openai": 15, "anthropic": 13}[connector.PROVIDER]  # dollars, cents
    try:
        usage, costs = (ask(Asked("acme", WINDOW.first, WINDOW.until)) for ask in (source.usage, source.costs))
        names = source.names()
    finally:
        source.close()
    assert not usage.rejected
    assert not costs.rejected
    for day in WINDOW.dates():
        lines = costs.days[day.isoformat()]
        bill = sum(Decimal(line.amount_text).scaleb(digits) for line in lines)
        assert bill == sum(cost_by_customer(day, connector.PROVIDER).values())
        tokens = {(row.project, row.model) for row in usage.days[day.isoformat()] if row.quantity}
        assert tokens == {(line.project, line.model) for line in lines}
    used = {row.project for rows in usage.days.values() for row in rows}
    assert used <= {name.id for name in names if name.kind == "project"}
    assert list(names) == sorted(names, key=key_bytes)
    assert {finding.kind for finding in (*usage.findings, *costs.findings)} <= {"coarser grain"}


@given(st.integers(0, 10**7), st.integers(1, 10**6), st.sampled_from([60, 3_600, 86_400]))
def test_buckets_fill_a_range_without_gap_and_never_cross_a_full_width(start: int, length: int, width: int) -> None:
    found = list(buckets(start, start + min(length, 200 * width), width))
    assert found[0][0] == start
    assert found[-1][1] == start + min(length, 200 * width)
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert all(0 < until - at <= width and at // width == (until - 1) // width for at, until in found)


@given(st.integers(-(10**24), 10**24), st.sampled_from([13, 15]))
def test_a_decimal_says_the_whole_number_exactly(whole: int, digits: int) -> None:
    text = decimal(whole, digits)
    assert Decimal(text).scaleb(digits) == whole
    assert "E" not in text
    assert "." not in text or not text.endswith("0")


@given(st.lists(st.integers(0, 2**40), max_size=4))
def test_a_cursor_comes_back_as_it_went_and_needs_escaping(state: list[int]) -> None:
    cursor = cursors.written(state)
    assert cursors.read(cursor) == state
    assert all(mark in cursor for mark in "=+/")


@pytest.mark.parametrize("cursor", ["", "page_", "page_AAAA", "page_++//", "page_++//+w==", "MTIz", "page_%%"])
def test_a_cursor_of_nobodys_is_a_value_error(cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor of ours"):
        cursors.read(cursor)


def test_the_same_question_at_the_same_time_has_the_same_answer(standins: Standins, clock: Clock) -> None:
    def ask() -> object:
        options = openai.Options(base_url=standins.openai_url)
        source = openai.connect("acme", options, standins.environment[options.admin_key_env], clock=clock.now)
        try:
            return source.costs(Asked("acme", date(2026, 11, 23), date(2026, 11, 23))).days
        finally:
            source.close()

    first = ask()
    assert ask() == first
    clock.advance_to(datetime(2026, 11, 24, 6, 30, tzinfo=UTC) + timedelta(days=1))
    assert ask() != first, "the day is restated the next morning"
