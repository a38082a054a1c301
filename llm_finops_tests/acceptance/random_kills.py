"""Settles days of the little company in forks of one loaded process, and kills them anywhere. Not a test.

Each line of standard input is JSON: ROOT, HOME and URL of the company, the statement at which the fork is to
die (0: at none), the first and the last day. The answer is a line: how the fork ended, and how many
statements it came to.
"""

import json
import os
import signal
import sys
from pathlib import Path

import sqlalchemy as sa

from llm_finops_tests.pipeline.little import Little


def main() -> None:
    """Fork for each line, one after the other."""
    for line in sys.stdin:
        root, home, url, moment, first, last = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _settle(Little(Path(root), home, url), (first, last), moment, writer)
        os.close(writer)
        with os.fdopen(reader) as said:
            count = said.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), int(count or 0)]), flush=True)  # noqa: T201


def _settle(company: Little, days: tuple[str, str], moment: int, writer: int) -> None:
    """Every statement and every commit is a moment: in the middle of transactions, between them, at their end."""
    came_to = 0

    def tick(*_: object) -> None:
        nonlocal came_to
        came_to += 1
        if came_to == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", tick)
    sa.event.listen(sa.Engine, "commit", tick)
    ok = company.settle(*days).ok
    os.write(writer, str(came_to).encode())
    os._exit(0 if ok else 1)


if __name__ == "__main__":
    main()
