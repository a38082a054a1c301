"""Every cent is allocated, as the documentation's own SQL says."""

import pytest

from llm_finops.demo.log import dirt_of, log_rows
from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.acceptance.playing import ACCOUNTS, WINDOW, documented, orphans, rows, unconserved

pytestmark = pytest.mark.slow
DAYS = [str(day) for day in WINDOW.dates()]


def test_the_play_went_well(undisturbed: Undisturbed) -> None:
    assert undisturbed.told.ok
    assert undisturbed.told.failed == []
    assert undisturbed.told.new_versions > 0
    assert "2 October 2026" in undisturbed.told.message


def test_the_documented_query_finds_no_cent_out_of_place(undisturbed: Undisturbed) -> None:
    assert rows(undisturbed.home, documented("every cent is allocated")) == []
    seen = rows(undisturbed.home, "select distinct account, day from current_allocations order by 1, 2")
    assert seen == [(account, day) for account in ACCOUNTS for day in DAYS]  # and it did not compare nothing


def test_every_version_ever_booked_conserves(undisturbed: Undisturbed) -> None:
    made = rows(undisturbed.home, "select count(*) from versions where dataset = 'allocations'")
    assert made == [(len(ACCOUNTS) * len(DAYS) + 1,)]  # one day was restated
    assert unconserved(undisturbed.home) == []


def test_margins_hold_what_was_allocated_as_cogs(undisturbed: Undisturbed) -> None:
    by_day = "select day, currency, sum(cost_nano) from {} group by 1, 2 order by 1, 2"
    cogs = rows(undisturbed.home, by_day.format("current_allocations where cost_class = 'cogs'"))
    assert [day for day, _, _ in cogs] == DAYS
    assert rows(undisturbed.home, by_day.format("current_margins")) == cogs
    assert rows(undisturbed.home, documented("every cent of cogs is in a margin")) == []


def test_each_day_has_one_lane_and_every_fact_a_version(undisturbed: Undisturbed) -> None:
    lanes = rows(undisturbed.home, "select day, account, count(distinct basis) from current_cost_lines group by 1, 2")
    assert {count for _, _, count in lanes} == {1}
    assert orphans(undisturbed.home) == {}


def test_rows_of_the_log_are_booked_or_counted(undisturbed: Undisturbed) -> None:
    question = """
        select p.period, max(p.duplicates), max(p.quarantined),
               (select sum(requests) from current_request_totals t where t.day = p.period)
          from load_periods p where p.dataset = 'request_totals' group by 1 order by 1"""
    for day, (period, duplicates, quarantined, booked) in zip(
        WINDOW.dates(), rows(undisturbed.home, question), strict=True
    ):
        assert (period, (duplicates, quarantined)) == (str(day), dirt_of(day))
        assert booked + duplicates + quarantined == len(log_rows(day))


def test_the_documented_first_question_is_answered(undisturbed: Undisturbed) -> None:
    question = documented("cost, revenue and margin by customer").replace("2026-11-01", DAYS[0])
    answer = rows(undisturbed.home, question.replace("2026-11-30", DAYS[-1]))
    costs = [cost for _, cost, _ in answer]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > 0
    assert {"northwind", "bluebird-media", "(unallocated)"} <= {customer for customer, _, _ in answer}
