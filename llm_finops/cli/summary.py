"""`llm-finops summary`: a day's message, as it would be posted now."""

import os
import sys
from datetime import datetime
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(summary)


def summary(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC day; default the newest complete one.")
    ] = None,
) -> None:
    """Print the morning's message of a day, as the ledger stands. Posts nothing; PARTIAL where a source is missing."""
    from llm_finops.config import load
    from llm_finops.core.digest import plain
    from llm_finops.pipeline.said import NothingBooked, message_now
    from llm_finops.pipeline.work import Work, opened

    config = load(os.environ)
    try:
        with opened(config) as ledger:
            message = message_now(Work(config, ledger), str(day.date()) if day else None)
    except NothingBooked as error:
        sys.stderr.write(f"llm-finops: {error}\n")
        raise typer.Exit(1) from error
    sys.stdout.write(plain(message) + "\n")
