"""Long commands stop when they are asked to, and exit as shells expect: 128 and the signal's number."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def stopping() -> Iterator[None]:
    """Within, SIGINT ends the command with 130 and SIGTERM with 143, with a line that says what this means."""
    from llm_finops.pipeline.interrupts import Interrupted, interruptible

    try:
        with interruptible():
            yield
    except Interrupted as asked:
        sys.stderr.write(
            f"llm-finops: interrupted ({asked}); what is booked stays booked, start it again to go on from there\n"
        )
        raise typer.Exit(128 + asked.number) from asked
