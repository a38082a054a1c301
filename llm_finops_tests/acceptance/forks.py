"""Commands in forks of one process, which may kill themselves anywhere: what takes seconds to load is loaded once.

Each is a real process, dies like any other, and leaves what a process that dies leaves.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from llm_finops_tests.acceptance.playing import ROOT


class Asked(NamedTuple):
    """What a fork is to do: a command of `llm-finops` or one of `forked.OURS`, in this environment.

    A moment is a statement or a commit of the ledger, not of Dagster's own storage: at that one it dies; 0: at none.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    moment: int = 0


class Ended(NamedTuple):
    """How it ended (-9: killed), how many moments it had, and what it said, error beside output."""

    code: int
    moments: int
    said: str


class Forks:
    """The loaded process, from outside. Its own arguments are a command that is run in it beforehand."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        line = [sys.executable, "-W", "ignore", "-m", "llm_finops_tests.acceptance.forked", *arguments]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(line, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        if not self._line():  # it is ready, or it has ended
            raise AssertionError(self._child.communicate()[1])

    def __call__(self, *asked: Asked) -> list[Ended]:
        """Run all at once, to their ends."""
        self.start(*asked)
        return self.end()

    def start(self, *asked: Asked) -> list[int]:
        """All under way; the ids of their processes."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(asked) + "\n")
        self._child.stdin.flush()
        return [int(child) for child in json.loads(self._line())]

    def end(self) -> list[Ended]:
        """How those under way ended."""
        return [Ended(*ended) for ended in json.loads(self._line())]

    def close(self) -> None:
        """Nothing is under way."""
        self._child.communicate()

    def _line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline()
