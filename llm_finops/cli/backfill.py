"""`llm-finops backfill`: run the pipeline over a range of days, through Dagster, in this process."""

import json
import os
import sys
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.pipeline.run import RunReport

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backfill)


def backfill(
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day (UTC).")] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, inclusive; default yesterday.")
    ] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="So many days up to --to.")] = None,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing", help="Only days that were never run or read whole, or were read before they settled."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Read, reconcile and allocate a range of days.

    Exits with 1 when a day failed, naming account and day; with 130 or 143 when it was interrupted.
    """
    from llm_finops.cli.progress import Steps
    from llm_finops.cli.stopping import stopping
    from llm_finops.config import load
    from llm_finops.definitions import build
    from llm_finops.pipeline.instance import instance
    from llm_finops.pipeline.run import run_ranges
    from llm_finops.pipeline.work import Finops

    config = load(os.environ)
    start, end = _range(config.start_date, date.fromisoformat(config.now()[:10]), first, last, days, missing)
    with stopping(), Steps() as steps, instance(config) as dagster:
        finops = Finops(os.environ, steps)
        reports = run_ranges(build(config, finops), finops, dagster, str(start), str(end), only_missing=missing)
    if not _told(reports, str(start), str(end), as_json):
        raise typer.Exit(1)
    if not as_json and sys.stdout.isatty():
        sys.stdout.write(
            "Next: llm-finops summary (the day's message), llm-finops dev (the Dagster UI, which runs daily)\n"
        )


def _told(reports: "list[RunReport]", start: str, end: str, as_json: bool) -> bool:
    """Say how it ended; whether everything went well."""
    from llm_finops.pipeline.visible import visible

    failed = [str(failure) for report in reports for failure in report.failed]
    crashed = [f"{report.crashed}; see `llm-finops dev`, run {report.run_id}" for report in reports if report.crashed]
    made = sum(report.new_versions for report in reports)
    if as_json:
        sys.stdout.write(json.dumps({"from": start, "to": end, "new_versions": made, "failed": failed}) + "\n")
    else:
        beside = ", and the run as a whole" if crashed else ""
        sys.stdout.write(f"{start} to {end}: {made} new versions, {len(failed)} failed{beside}\n")
    for line in failed:
        sys.stderr.write(f"failed: {visible(line)}\n")
    for why in crashed:
        sys.stderr.write(f"the run failed outside any single day: {visible(why)}\n")
    return all(report.ok for report in reports) and not failed


def _range(
    start: date, today: date, first: datetime | None, last: datetime | None, days: int | None, missing: bool
) -> tuple[date, date]:
    yesterday = today - timedelta(days=1)
    end = last.date() if last else yesterday
    if end > yesterday:
        raise typer.BadParameter(f"--to {end} is not over yet (UTC); the last whole day is {yesterday}")
    if first and days:
        raise typer.BadParameter("give --from or --days, not both")
    if not (first or days or missing):
        raise typer.BadParameter("give --from DAY, --days N or --missing")
    begin = first.date() if first else end - timedelta(days=days - 1) if days else start
    if begin < start and first:
        raise typer.BadParameter(f"--from {begin} is before start_date {start} in finops.toml")
    if begin > end:
        raise typer.BadParameter(f"the range {begin} to {end} is empty")
    return max(begin, start), end
