"""The demo played in forks of one process, which has loaded what takes seconds to load; they die like any other."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from llm_finops_tests.acceptance.playing import ROOT, WINDOW, Told, environment


class Plays:
    """A process that plays, one after the other."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "llm_finops_tests.acceptance.child"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def start(self, home: Path, kill: str = "", slack: str | None = None, **more: str) -> int:
        """A play under way; the id of its process."""
        assert self._process.stdin is not None
        asked = [str(home), str(WINDOW.until), WINDOW.days, kill, slack, more]
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def end(self) -> tuple[int, str, str]:
        """How the play under way ended: its code (-9: killed), standard output and error."""
        code, out, err = json.loads(self._line())
        return code, out, err

    def play(self, home: Path, slack: str | None = None, **more: str) -> Told:
        """A play to its end."""
        self.start(home, slack=slack, **more)
        code, out, err = self.end()
        assert code == 0, err[-4_000:]
        return Told(**json.loads(out.splitlines()[-1]))

    def play_until_killed(self, home: Path, at: str, slack: str | None = None) -> None:
        """A play that kills itself at `STEP:DONE`."""
        self.start(home, at, slack)
        code, _, err = self.end()
        assert code == -signal.SIGKILL, f"the play never reached {at}: it ended with {code}\n{err[-4_000:]}"

    def close(self) -> None:
        """No play is under way."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()
