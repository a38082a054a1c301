"""The demo played in forks of one process that has loaded its world; a play may kill itself at a step of it."""

import json
import os
import signal
import tempfile
import threading
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from llm_finops.demo.files import write_files
from llm_finops.demo.play import play
from llm_finops.pipeline.reference import _list_prices
from llm_finops_tests.acceptance.forks import Asked, Ended, Forks
from llm_finops_tests.acceptance.playing import WINDOW, Told, environment

_LATE = ("alembic.command", "pandas", "dagster._core.storage.event_log.sqlite", "dagster._core.storage.runs.sqlite")


class Plays:
    """A process that plays, one after the other."""

    def __init__(self) -> None:
        self._forks = Forks(["world"], environment())

    def start(self, home: Path, kill: str = "", slack: str | None = None, **more: str) -> int:
        """A play under way, to kill itself at `STEP:DONE` of its progress; the id of its process."""
        (child,) = self._forks.start(Asked(("play", str(home), kill, slack or ""), environment(**more)))
        return child

    def end(self) -> Ended:
        """How the play under way ended."""
        (ended,) = self._forks.end()
        return ended

    def play(self, home: Path, slack: str | None = None, **more: str) -> Told:
        """A play to its end."""
        self.start(home, slack=slack, **more)
        ended = self.end()
        assert ended.code == 0, ended.said[-4_000:]
        return Told(**json.loads(ended.said.splitlines()[-1]))

    def play_until_killed(self, home: Path, at: str, slack: str | None = None) -> None:
        """A play that kills itself at `STEP:DONE`."""
        self.start(home, at, slack)
        ended = self.end()
        assert ended.code == -signal.SIGKILL, f"never at {at}: it ended with {ended.code}\n{ended.said[-4_000:]}"

    def close(self) -> None:
        """No play is under way."""
        self._forks.close()


def load_world() -> bool:
    """What every play would load and make anew: modules imported late, the list's prices, the world's days."""
    for name in _LATE:
        import_module(name)
    _list_prices()
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), WINDOW)
    return threading.active_count() == 1  # a fork has no other


def play_and_say(home: str, kill: str, slack: str) -> bool:
    """Play, and print as the last line what came of it."""
    step, _, done = kill.partition(":")

    def progress(name: str, at: int, _: int) -> None:
        if step and (name, at) == (step, int(done)):
            os.kill(os.getpid(), signal.SIGKILL)

    played = play(Path(home), WINDOW, progress, slack or None)
    failed = [str(failure) for failure in (*played.backfill.failed, *played.daily.failed)]
    ok = played.backfill.ok and played.daily.ok
    counted = played.fingerprint, played.new_versions, played.computed
    print(json.dumps(asdict(Told(*counted, failed, ok, played.message, dict(played.calls)))))  # noqa: T201
    return True
