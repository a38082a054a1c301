"""The launchpad of the backfill: what it takes as it stands, what it refuses, and that its runs are the daily job's."""

import dagster as dg
import pytest

from llm_finops.definitions import build
from llm_finops.pipeline.automation import RANGE
from llm_finops.pipeline.range_job import BACKFILL_JOB, BACKFILL_OP, RangeConfig
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little
from llm_finops_tests.pipeline.test_events import failure, told


def launched(company: Little, instance: dg.DagsterInstance, **config: object) -> dg.ExecuteInProcessResult:
    job = build(company.config, company.finops).resolve_job_def(BACKFILL_JOB)
    run_config = {"ops": {BACKFILL_OP: {"config": config}}}
    return job.execute_in_process(instance=instance, run_config=run_config, raise_on_error=False)


def test_as_it_stands_it_reads_the_trailing_days(little: Little) -> None:
    config = little.config
    assert RangeConfig().days(config) == (DAYS[-3], LAST)
    assert RangeConfig(last=DAYS[2]).days(config) == (FIRST, DAYS[2])
    assert RangeConfig(last=DAYS[1]).days(config) == (FIRST, DAYS[1])  # not before start_date
    assert RangeConfig(only_missing=True).days(config) == (FIRST, LAST)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("17.11.2026", "yesterday", "first: expected a day such as 2026-11-01, saw '17.11.2026'"),
        ("", "2026-11-22", "last: 2026-11-22 is not over yet (UTC); the last whole day is 2026-11-21"),
        ("2026-11-16", "", "first: 2026-11-16 is before start_date 2026-11-17 in finops.toml"),
        ("2026-11-20", "2026-11-19", "first: 2026-11-20 is after last, 2026-11-19"),
    ],
)
def test_a_range_that_cannot_be_is_refused_with_what_is_allowed(
    little: Little, first: str, last: str, said: str
) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        RangeConfig(first=first, last=last).days(little.config)
    assert str(refused.value) == said


def test_its_runs_are_those_of_the_daily_job_and_a_bad_day_is_named(
    little: Little, instance: dg.DagsterInstance
) -> None:
    little.report(DAYS[3], amount="2,00")

    result = launched(little, instance, first=DAYS[2], last=DAYS[3])

    assert not result.success
    assert f"paper_cost_lines paper {DAYS[3]}" in failure(instance, result.run_id)
    assert told(instance, "margins") == set(DAYS[2:4])
    (daily,) = instance.get_runs(dg.RunsFilter(job_name="daily"))
    assert [daily.tags[tag] for tag in RANGE] == [DAYS[2], DAYS[3]]

    little.report(DAYS[3])
    assert launched(little, instance, only_missing=True).success
    assert told(instance, "margins") == set(DAYS)
