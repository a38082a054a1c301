"""Plays the demo in a process of its own, which may kill itself at a named point: `python -m ... HOME UNTIL DAYS`."""

import argparse
import json
import os
import signal
import sys
from datetime import date
from pathlib import Path

from llm_finops.demo.play import play
from llm_finops.demo.world import Window


def main() -> None:
    """Play and print, as one line of JSON, what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("until", type=date.fromisoformat)
    parser.add_argument("days", type=int)
    parser.add_argument("--kill", default="", help="STEP:DONE, as the progress callback names them")
    parser.add_argument("--slack", default=None)
    asked = parser.parse_args()
    step, _, done = asked.kill.partition(":")

    def progress(name: str, at: int, _: int) -> None:
        if step and (name, at) == (step, int(done)):
            os.kill(os.getpid(), signal.SIGKILL)

    played = play(asked.home, Window(asked.until, asked.days), progress, asked.slack)
    failed = [str(failure) for failure in (*played.backfill.failed, *played.daily.failed)]
    told = {
        "fingerprint": played.fingerprint,
        "new_versions": played.new_versions,
        "computed": played.computed,
        "failed": failed,
        "ok": played.backfill.ok and played.daily.ok,
        "message": played.message,
        "calls": dict(played.calls),
    }
    sys.stdout.write("\n" + json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
