"""Running from the command line, in this process: a range of days, and the sensor that follows it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from llm_finops.pipeline.assets import DAILY_JOB, MORE_TO_COME, ONLY_MISSING
from llm_finops.pipeline.automation import POST_JOB, SENSOR, range_tags
from llm_finops.pipeline.ingest import missing_days
from llm_finops.pipeline.interrupts import interruptible
from llm_finops.pipeline.outcome import Failed
from llm_finops.pipeline.work import Finops, span

# Dagster's own console log is one line an event; ours is progress and, at the end, what failed.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunReport:
    """How a run ended: the failed days by name, how many versions it made, how often a verb was called.

    `crashed` says why it ended before its gate: what failed is then the run, not single days of it.
    """

    ok: bool
    failed: list[Failed]
    new_versions: int
    computed: int
    run_id: str
    crashed: str = ""


def run_range(
    definitions: dg.Definitions,
    finops: Finops,
    instance: dg.DagsterInstance,
    first: str,
    last: str,
    more: Mapping[str, str] | None = None,
) -> RunReport:
    """One run of the daily job over days first..last (inclusive), with more tags. Interrupted by a signal."""
    run_id = str(uuid.uuid4())
    tags = {**range_tags(first, last), **(more or {})}
    failed: list[Failed] = []
    finops.failed[run_id] = failed  # the gate takes it out; this list is still ours
    job = definitions.resolve_job_def(DAILY_JOB)
    with finops.work(run_id) as work:  # open from end to end: between two steps nobody moves the ledger away
        before = work.ledger.seq()
        with interruptible():
            result = job.execute_in_process(
                instance=instance, run_id=run_id, tags=tags, raise_on_error=False, run_config=_QUIET
            )
        crashed = _why(result) if finops.failed.pop(run_id, None) is not None else ""
        made = work.ledger.versions_made(before)
    return RunReport(result.success, failed, made, finops.computed.get(run_id, 0), run_id, crashed)


def _why(result: dg.ExecuteInProcessResult) -> str:
    """What the first step to fail said, in one line; of a run that failed outside any step, that it did."""
    for event in result.all_events:
        if event.is_step_failure and (error := event.step_failure_data.error):
            while error.cause:
                error = error.cause
            # Our own errors say all there is to say; of others the class is half of it.
            said = re.sub(r"^llm_finops\.[\w.]+: ", "", " ".join(error.message.split()))
            return f"{event.step_key}: {said}"
    return "no step of it failed"


def run_ranges(
    definitions: dg.Definitions,
    finops: Finops,
    instance: dg.DagsterInstance,
    first: str,
    last: str,
    only_missing: bool = False,
) -> list[RunReport]:
    """One run; or, for only what is missing, one for each contiguous stretch of days that lack something."""
    if not only_missing:
        return [run_range(definitions, finops, instance, first, last)]
    with finops.work("") as work:
        days = missing_days(work, first, last)
    ranges = [(str(start), str(end)) for start, end in span(days)]
    reports = []
    for start, end in ranges:
        # One backfill makes one day due: the newest, once its last stretch is in.
        more = {MORE_TO_COME: "true"} if (start, end) != ranges[-1] else {}
        reports.append(run_range(definitions, finops, instance, start, end, {ONLY_MISSING: "true", **more}))
    return reports


def tick_sensor(definitions: dg.Definitions, finops: Finops, instance: dg.DagsterInstance) -> list[bool]:
    """Evaluate the Slack sensor once and make the runs it asks for; whether each went well. Interrupted by a signal."""
    repository = definitions.get_repository_def()
    sensor = repository.get_sensor_def(SENSOR)
    context_of = dg.build_sensor_context(instance=instance, repository_def=repository, resources={"finops": finops})
    with interruptible(), context_of as context:
        asked = sensor.evaluate_tick(context)
    done = []
    for request in asked.run_requests or []:
        job = definitions.resolve_job_def(request.job_name or POST_JOB)
        config: Mapping[str, object] = {**request.run_config, **_QUIET}
        with interruptible():
            result = job.execute_in_process(
                instance=instance, run_config=config, tags=dict(request.tags), raise_on_error=False
            )
        done.append(result.success)
    return done
