"""A run that was killed hard stays "started" for Dagster: it keeps nobody waiting for ever."""

from datetime import timedelta

import dagster as dg
import pytest

from llm_finops.definitions import build
from llm_finops.pipeline.assets import DAILY_JOB
from llm_finops.pipeline.automation import LONGEST_RUN, range_tags
from llm_finops.pipeline.run import tick_sensor
from llm_finops_tests.pipeline.little import FIRST, LAST, Little
from llm_finops_tests.pipeline.workspace import Workspace, digests

AGES = {"under way": (LONGEST_RUN - timedelta(minutes=5), []), "dead": (LONGEST_RUN + timedelta(minutes=5), [LAST])}


def killed(company: Little, instance: dg.DagsterInstance, age: timedelta) -> str:
    """A daily run over all days that began so long ago, and has not ended."""
    job = build(company.config, company.finops).resolve_job_def(DAILY_JOB)
    run = instance.create_run_for_job(job, tags=range_tags(FIRST, LAST), status=dg.DagsterRunStatus.NOT_STARTED)
    started = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, DAILY_JOB)
    (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
    instance.run_storage.handle_run_event(run.run_id, started, record.create_timestamp - age)
    return str(run.run_id)


@pytest.mark.parametrize("state", AGES)
def test_a_partial_waits_for_a_run_that_is_under_way_and_not_for_a_dead_one(
    due: Little, workspace: Workspace, instance: dg.DagsterInstance, state: str
) -> None:
    age, told = AGES[state]
    with due.ledger() as ledger, ledger.writing() as connection:
        connection.exec_driver_sql("delete from digests")
        connection.exec_driver_sql(f"delete from load_periods where period = '{LAST}'")  # nobody has said all of it
    due.set_clock("2026-11-22T12:30:00Z")
    killed(due, instance, age)

    tick_sensor(build(due.config, due.finops), due.finops, instance)

    assert [day for day, *_ in digests(due)] == told
    assert len(workspace.messages()) == len(told)


def test_a_run_of_the_command_line_says_how_long_it_may_last(little: Little, instance: dg.DagsterInstance) -> None:
    little.run(LAST, LAST, instance)
    (run,) = instance.get_runs()
    assert run.tags["dagster/max_runtime"] == "14400"
