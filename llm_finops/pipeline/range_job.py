"""The backfill from the UI: a launchpad that asks for days, and the same runs as `llm-finops backfill` makes."""

from collections.abc import Callable
from datetime import date, timedelta

import dagster as dg
from pydantic import Field

from llm_finops.config import Config
from llm_finops.pipeline.automation import LONGEST_RUN
from llm_finops.pipeline.run import RunReport, run_ranges
from llm_finops.pipeline.work import Finops

BACKFILL_JOB = "backfill"
BACKFILL_OP = "run_days"
YESTERDAY = "yesterday"


class RangeConfig(dg.Config):
    """Which days, inclusive, UTC. As it is, it does what the daily run does."""

    first: str = Field(
        default="", description="First day, such as 2026-11-01. Empty: as many days as [reporting] trailing_days says."
    )
    last: str = Field(default=YESTERDAY, description="Last day, inclusive, such as 2026-11-30; or yesterday.")
    only_missing: bool = Field(
        default=False,
        description="Only days that were never run or read whole, or were read before they settled; then an empty "
        "`first` is start_date.",
    )

    def days(self, config: Config) -> tuple[str, str]:
        """The first and the last day; ValueError says what was seen, and what is allowed."""
        yesterday = date.fromisoformat(config.now()[:10]) - timedelta(days=1)
        end = yesterday if self.last in {"", YESTERDAY} else _day("last", self.last)
        if end > yesterday:
            raise ValueError(f"last: {end} is not over yet (UTC); the last whole day is {yesterday}")
        trailing = end - timedelta(days=config.reporting.trailing_days - 1)
        begin = _day("first", self.first) if self.first else config.start_date if self.only_missing else trailing
        if self.first and begin < config.start_date:
            raise ValueError(f"first: {begin} is before start_date {config.start_date} in finops.toml")
        if begin > end:
            raise ValueError(f"first: {begin} is after last, {end}")
        return str(max(begin, config.start_date)), str(end)


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{name}: expected a day such as 2026-11-01, saw {text!r}") from None


def backfill_job(of: Config, definitions: Callable[[], dg.Definitions]) -> dg.JobDefinition:
    """Days of the daily job, chosen in the launchpad; `definitions` are those that the job is a part of."""

    @dg.op(
        name=BACKFILL_OP,
        required_resource_keys={"finops"},
        description="Starts one `daily` run for the days, or one for each stretch of missing ones, and waits for it.",
    )
    def run_days(context: dg.OpExecutionContext, config: RangeConfig) -> None:
        finops: Finops = context.resources.finops
        try:
            first, last = config.days(of)
        except ValueError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        missing = config.only_missing
        reports = run_ranges(definitions(), finops, context.instance, first, last, only_missing=missing)
        for report in reports:
            context.log.info("run %s: %s new versions", report.run_id, report.new_versions)
        if not reports:
            context.log.info("nothing is missing between %s and %s", first, last)
        if bad := [report for report in reports if not report.ok]:
            raise dg.Failure(_said(bad), allow_retries=False)

    @dg.job(
        name=BACKFILL_JOB,
        executor_def=dg.in_process_executor,
        tags={"dagster/max_runtime": str(int(LONGEST_RUN.total_seconds()))},
        description="Read, reconcile and allocate a range of days: give `first` and `last` in the launchpad. Makes "
        "`daily` runs, as `llm-finops backfill` does. As it stands it reads the last days again.",
    )
    def backfill() -> None:
        run_days()

    return backfill


def _said(bad: list[RunReport]) -> str:
    """Which runs went wrong, and why: each failed day by name."""
    reasons = [reason for report in bad for reason in (*map(str, report.failed), report.crashed) if reason]
    runs = ", ".join(report.run_id for report in bad)
    return f"{len(reasons)} failed, everything else is booked (run {runs}): {'; '.join(reasons[:20])}"
