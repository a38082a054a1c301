"""What a customer's day looks like as a whole, and that a step which does not add up is refused."""

import pytest

from llm_finops.core.allocate import Share
from llm_finops.core.explain import CustomerTotal, ExplainError, Explanation, explain
from llm_finops.core.records import ALL, NONE, Allocation, Margin
from llm_finops_tests.core.little_world import DAY, OPENAI, line, run

LINE = line(OPENAI, 90)


def given() -> tuple[list[Allocation], list[Share]]:
    """What the line became: nobody's, as there is no usage and no rule."""
    done = run(OPENAI, [LINE], [], trace=True)
    return done.allocations, done.shares


def told(*margins: Margin) -> Explanation:
    allocations, shares = given()
    return explain(DAY, "(unallocated)", margins, allocations, shares, {LINE.line_id: LINE}, {})


def margin(feature: str, revenue: int | None, cost: int) -> Margin:
    return Margin("(unallocated)", feature, "USD", revenue, cost, 0, 0, 0)


def test_a_customer_that_pays_for_everything_at_once_has_one_margin() -> None:
    tree = told(margin(ALL, 100, 0), margin(NONE, 0, 90))
    assert tree.totals == (CustomerTotal("USD", 100, 90),)
    assert [(part.margin.feature, part.paid_as_a_whole) for part in tree.margins] == [(ALL, False), (NONE, True)]


def test_a_feature_with_revenue_of_its_own_keeps_its_margin() -> None:
    tree = told(margin(ALL, 100, 0), margin(NONE, 5, 90))
    assert [part.paid_as_a_whole for part in tree.margins] == [False, False]


def test_a_customer_without_revenue_is_not_said_to_pay_elsewhere() -> None:
    assert [part.paid_as_a_whole for part in told(margin(NONE, 0, 90)).margins] == [False]


def test_the_revenue_of_a_customer_is_unknown_as_soon_as_a_part_of_it_is() -> None:
    assert told(margin(ALL, 100, 0), margin(NONE, None, 90)).totals == (CustomerTotal("USD", None, 90),)


def test_a_margin_that_is_not_the_sum_of_its_allocations_is_refused() -> None:
    with pytest.raises(ExplainError, match=r"books a cost of 0\.000000091 USD, its allocations are 0\.00000009"):
        told(margin(NONE, 0, 91))
