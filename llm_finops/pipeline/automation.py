"""The one range job, its schedule, and the sensor that sends what is due to Slack."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from llm_finops.config import Config
from llm_finops.pipeline.assets import DAILY_JOB
from llm_finops.pipeline.deliver import NotDelivered, Place, deliver_all, due_now
from llm_finops.pipeline.events import DEFERRED
from llm_finops.pipeline.partial import after_deadline
from llm_finops.pipeline.work import Finops
from llm_finops.slack import SlackError

POST_JOB = "post_summary"
POST_OP = "post_day"
SENSOR = "slack_summary"
SCHEDULE = "every_morning"
EDITS_MAX = 20  # in one run; Slack takes some 50 a minute, the sensor looks twice in one
_RUNS_SEEN = 5
# A run that is killed stays "started": Dagster's default launcher does not see its process. Ninety days take minutes,
# and patience with a provider is bounded; and a run of half past six that is dead is so before noon's PARTIAL.
LONGEST_RUN = timedelta(hours=4)
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags that make one run of days first..last (inclusive)."""
    return dict(zip(RANGE, (first, last), strict=True))


def daily_job() -> Any:
    """The job of the daily run and of every backfill: one run, one process, any range of days."""
    return dg.define_asset_job(
        DAILY_JOB,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets("invoices", "invoice_matches"),
        executor_def=dg.in_process_executor,
        tags={**DEFERRED, "dagster/max_runtime": str(int(LONGEST_RUN.total_seconds()))},
        description="Everything, from the providers to the morning's message, for a range of days: the daily run is "
        "the last few days (providers restate), a backfill is 90. Also settles what is stale outside the range. To "
        "choose days by hand, open the launchpad of the job `backfill`.",
    )


def morning(config: Config) -> dg.ScheduleDefinition:
    """The daily run at `[reporting] at` (UTC): the trailing days up to yesterday."""
    at = config.reporting.at

    @dg.schedule(
        name=SCHEDULE,
        job_name=DAILY_JOB,
        cron_schedule=f"{at.minute} {at.hour} * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads the last days again, since providers restate, and settles whatever has changed.",
    )
    def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        last = context.scheduled_execution_time.astimezone(UTC).date() - timedelta(days=1)
        first = max(last - timedelta(days=config.reporting.trailing_days - 1), config.start_date)
        return dg.RunRequest(run_key=str(last), tags=range_tags(str(first), str(last)))

    return every_morning


class PostConfig(dg.Config):
    """Which message, and which attempt at it: the compare-and-set of the claim."""

    day: str
    revision: int
    attempt: int
    more: list[dict[str, Any]] = Field(default=[])  # edits and answers that the same run makes after it

    @property
    def places(self) -> list[Place]:
        """All of them, in order."""
        more = [(str(m["day"]), int(m["revision"]), int(m["attempt"])) for m in self.more]
        return [(self.day, self.revision, self.attempt), *more]


def post_job() -> dg.JobDefinition:
    """Send one day's message, or edits and answers that are due."""

    @dg.op(name=POST_OP, required_resource_keys={"finops"}, description="Claim the message, send it, note the outcome.")
    def post_day(context: dg.OpExecutionContext, config: PostConfig) -> None:
        finops: Finops = context.resources.finops
        with finops.work(context.run.run_id) as work:
            try:
                for said in deliver_all(work, config.places):
                    log = context.log.warning if ": refused " in said else context.log.info
                    log(said)
            except (NotDelivered, SlackError) as error:
                # The row in the ledger says when to try again: the sensor asks for it, not Dagster's retries.
                raise dg.Failure(str(error), allow_retries=False) from error

    @dg.job(
        name=POST_JOB,
        executor_def=dg.in_process_executor,
        tags={"dagster/max_runtime": "120"},
        description="One message to Slack. Trouble there never undoes numbers: the message stays due.",
    )
    def post_summary() -> None:
        post_day()

    return post_summary


def slack_sensor() -> dg.SensorDefinition:
    """Level-triggered: what is due is in the ledger, so nothing is lost while Slack or the daemon is down."""

    @dg.sensor(
        name=SENSOR,
        job_name=POST_JOB,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"finops"},
        description="Asks the ledger what is due for Slack, and starts one run a message, one for all edits.",
    )
    def slack_summary(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        finops: Finops = context.resources.finops
        with finops.work("") as work:
            after_deadline(work, lambda day: _is_tried(context.instance, day))
            new, more = due_now(work)
        batches = [[place] for place in new] + ([more[:EDITS_MAX]] if more else [])
        if not batches:
            return dg.SkipReason("nothing is due for Slack")
        return dg.SensorResult(run_requests=[_request(*batch) for batch in batches])

    return slack_summary


def _is_tried(instance: dg.DagsterInstance, day: str) -> bool | None:
    """Whether one of the last daily runs had the day in its range; None while one is under way.

    Where only the command line is used, nobody ends killed runs: by their age they are over here, too.
    """
    records = instance.get_run_records(dg.RunsFilter(job_name=DAILY_JOB), limit=_RUNS_SEEN)
    if any(not record.dagster_run.is_finished and _age(record) < LONGEST_RUN for record in records):
        return None
    tags = [record.dagster_run.tags for record in records]
    return any(had.get(RANGE[0], "~") <= day <= had.get(RANGE[1], "") for had in tags)


def _age(record: dg.RunRecord) -> timedelta:
    """Since a run began, or was asked for if it has not, by the clock on the wall, which is Dagster's."""
    began = record.create_timestamp.timestamp() if record.start_time is None else record.start_time
    return timedelta(seconds=datetime.now(UTC).timestamp() - began)


def _request(first: Place, *more: Place) -> dg.RunRequest:
    named = [dict(zip(("day", "revision", "attempt"), place, strict=True)) for place in (first, *more)]
    config = {**named[0], "more": named[1:]}
    day, revision, attempt = first
    # A run that dies before its claim leaves the attempt where it was, and the daemon drops a repeated key:
    # the minute makes the next request another one.
    minute = datetime.now(UTC).strftime("%Y%m%dT%H%M")
    key = f"{day}#{revision}#{attempt}#{minute}"
    return dg.RunRequest(run_key=key, run_config={"ops": {POST_OP: {"config": config}}})
