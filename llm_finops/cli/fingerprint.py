"""`llm-finops fingerprint`: one hash of all booked content."""

import json
import os
import sys
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fingerprint)


def fingerprint(
    as_json: Annotated[bool, typer.Option("--json", help='As {"fingerprint": ...}, for scripts.')] = False,
) -> None:
    """Print one hash of everything booked: equal on both stores, after repeated runs, after a kill."""
    from llm_finops.config import load
    from llm_finops.pipeline.work import opened

    with opened(load(os.environ)) as ledger:
        found = ledger.fingerprint()
    sys.stdout.write((json.dumps({"fingerprint": found}) if as_json else found) + "\n")
