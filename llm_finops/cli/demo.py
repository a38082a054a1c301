"""`llm-finops demo`: ninety days of a made-up company, without a key or a server."""

import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.demo.play import Played


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; default yesterday (UTC).")
    ] = None,
    days: Annotated[int, typer.Option(min=5, help="How many days up to then.")] = 90,
    log: Annotated[
        bool, typer.Option("--log/--no-log", help="Without: a company that keeps no request log, only rules.")
    ] = True,
) -> None:
    """Play a made-up company through the real pipeline, and print its morning message. Deletes nothing."""
    from llm_finops.cli.progress import Steps
    from llm_finops.cli.stopping import stopping
    from llm_finops.demo.play import DemoError, clock_ahead, demo_home, play
    from llm_finops.demo.world import Window
    from llm_finops.pipeline.visible import visible

    last = until.date() if until else datetime.now(UTC).date() - timedelta(days=1)
    home = demo_home(os.environ, logged=log)
    sys.stderr.write(f"A made-up company, {days} days to {last}, in {home}\n")
    if later := clock_ahead(home, Window(last, days)):
        sys.stderr.write(
            f"The clock of the world in this home already stands at {later} and never goes back: the providers answer "
            "as of then and days booked later stay, so the fingerprint is not that of a new home with this last day. "
            "For that, set LLM_FINOPS_HOME to an empty folder.\n"
        )
    try:
        with stopping(), Steps() as steps:
            done = play(home, Window(last, days), steps, logged=log)
    except DemoError as error:
        sys.stderr.write(f"llm-finops: {visible(str(error))}\n")
        raise typer.Exit(1) from error
    _tell(done, home, log=log)
    if done.backfill.failed or done.daily.failed or not (done.backfill.ok and done.daily.ok):
        raise typer.Exit(1)


def _tell(done: "Played", home: Path, *, log: bool) -> None:
    from llm_finops.pipeline.visible import visible, visible_lines

    for failure in [*done.backfill.failed, *done.daily.failed]:
        sys.stderr.write(f"failed: {visible(str(failure))}\n")
    sys.stdout.write(f"\n{visible_lines(done.message)}\n")
    sys.stdout.write(f"{done.window.days} days in {done.seconds:.0f} s: {done.new_versions} new versions, ")
    sys.stdout.write(f"{done.computed} computations\n")
    sys.stdout.write(f"fingerprint {done.fingerprint}\n\n")
    where = f"LLM_FINOPS_HOME={home} LLM_FINOPS_CONFIG={home}/finops.toml"
    command = "llm-finops" if shutil.which("llm-finops") else sys.argv[0]  # `make demo` leaves PATH alone
    ui = "make ui" if log else f"LLM_FINOPS_HOME={home} make ui"
    sys.stdout.write(
        "Look further:\n"
        f"  {ui:<32} the Dagster UI on these days\n"
        f"  {where} {command} explain --customer northwind --day {done.window.until}\n"
        f"  sqlite3 {home}/ledger.sqlite 'select * from current_margins limit 20'\n"
    )
