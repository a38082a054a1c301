"""Plays the demo in forks of one loaded process, which may kill themselves at a named point. Not a test.

Each line of standard input is JSON: the home, the window's last day and length, the point STEP:DONE to die at (as the
progress callback names it; "" for none), another Slack than the world's (or null), and variables. Answered are a line
with the fork's process id, and a line with how it ended: [code, standard output, standard error].
"""

import json
import os
import signal
import sys
import tempfile
import threading
import traceback
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from llm_finops.demo.files import write_files
from llm_finops.demo.play import play
from llm_finops.demo.world import Window
from llm_finops.pipeline.reference import _list_prices
from llm_finops_tests.acceptance.playing import WINDOW

_LATE = ("alembic.command", "pandas", "dagster._core.storage.event_log.sqlite", "dagster._core.storage.runs.sqlite")


def main() -> None:
    """Fork for each line, one after the other."""
    _load()
    assert threading.active_count() == 1
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                os._exit(_played(*json.loads(line)))
            _say(child)
            _, status = os.waitpid(child, 0)
            out.seek(0)
            err.seek(0)
            _say([os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode()])


def _load() -> None:
    """What every play would load and make anew: modules imported late, the list's prices, the world's days."""
    for name in _LATE:
        import_module(name)
    _list_prices()
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), WINDOW)


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _played(*asked: Any) -> int:
    """Play and print, as the last line, what came of it; the exit code."""
    try:
        _say(_play(*asked))
    except BaseException:  # noqa: BLE001  (it is the end of a process)
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


def _play(home: str, until: str, days: int, kill: str, slack: str | None, more: dict[str, str]) -> dict[str, Any]:
    step, _, done = kill.partition(":")

    def progress(name: str, at: int, _: int) -> None:
        if step and (name, at) == (step, int(done)):
            os.kill(os.getpid(), signal.SIGKILL)

    os.environ.update(more)
    played = play(Path(home), Window(date.fromisoformat(until), days), progress, slack)
    failed = [str(failure) for failure in (*played.backfill.failed, *played.daily.failed)]
    return {
        "fingerprint": played.fingerprint,
        "new_versions": played.new_versions,
        "computed": played.computed,
        "failed": failed,
        "ok": played.backfill.ok and played.daily.ok,
        "message": played.message,
        "calls": dict(played.calls),
    }


if __name__ == "__main__":
    main()
