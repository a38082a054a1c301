"""What is due, sent by a process of its own that a test may kill."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from llm_finops_tests.pipeline.daemon import environment_of
from llm_finops_tests.pipeline.little import Little


@contextmanager
def sender(company: Little) -> Iterator["subprocess.Popen[bytes]"]:
    """What is due is sent by another process."""
    command = [sys.executable, "-m", "llm_finops_tests.pipeline.sender"]
    with subprocess.Popen(command, env=environment_of(company)) as process:
        try:
            yield process
        finally:
            process.kill()
