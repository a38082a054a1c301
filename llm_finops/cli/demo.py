"""`llm-finops demo`: ninety days of a made-up company, without a key or a server."""

import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; default yesterday (UTC).")
    ] = None,
    days: Annotated[int, typer.Option(min=5, help="How many days up to then.")] = 90,
) -> None:
    """Play a made-up company through the real pipeline, and print its morning message. Deletes nothing."""
    from llm_finops.cli.progress import Steps
    from llm_finops.cli.stopping import stopping
    from llm_finops.demo.play import DemoError, clock_ahead, demo_home, play
    from llm_finops.demo.world import Window
    from llm_finops.pipeline.visible import visible, visible_lines

    last = until.date() if until else datetime.now(UTC).date() - timedelta(days=1)
    home = demo_home(os.environ)
    sys.stderr.write(f"A made-up company, {days} days to {last}, in {home}\n")
    if later := clock_ahead(home, Window(last, days)):
        sys.stderr.write(
            f"The clock of the world in this home already stands at {later} and never goes back: the providers answer "
            "as of then and days booked later stay, so the fingerprint is not that of a new home with this last day. "
            "For that, set LLM_FINOPS_HOME to an empty folder.\n"
        )
    try:
        with stopping(), Steps() as steps:
            done = play(home, Window(last, days), steps)
    except DemoError as error:
        sys.stderr.write(f"llm-finops: {visible(str(error))}\n")
        raise typer.Exit(1) from error
    failed = [*done.backfill.failed, *done.daily.failed]
    for failure in failed:
        sys.stderr.write(f"failed: {visible(str(failure))}\n")
    sys.stdout.write(f"\n{visible_lines(done.message)}\n")
    sys.stdout.write(f"{done.window.days} days in {done.seconds:.0f} s: {done.new_versions} new versions, ")
    sys.stdout.write(f"{done.computed} computations\n")
    sys.stdout.write(f"fingerprint {done.fingerprint}\n\n")
    where = f"LLM_FINOPS_HOME={home} LLM_FINOPS_CONFIG={home}/finops.toml"
    command = "llm-finops" if shutil.which("llm-finops") else sys.argv[0]  # `make demo` leaves PATH alone
    sys.stdout.write(
        "Look further:\n"
        "  make ui                          the Dagster UI on these days\n"
        f"  {where} {command} explain --customer northwind --day {last}\n"
        f"  sqlite3 {home}/ledger.sqlite 'select * from current_margins limit 20'\n"
    )
    if failed or not (done.backfill.ok and done.daily.ok):
        raise typer.Exit(1)
