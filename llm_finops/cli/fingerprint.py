"""`llm-finops fingerprint`: one hash of all booked content."""

import os
import sys

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fingerprint)


def fingerprint() -> None:
    """Print one hash of everything booked: equal on both stores, after repeated runs, after a kill."""
    from llm_finops.config import load
    from llm_finops.pipeline.work import opened

    with opened(load(os.environ)) as ledger:
        sys.stdout.write(ledger.fingerprint() + "\n")
