"""`llm-finops dashboard`: where it listens, what it shows, how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from llm_finops_tests.cli.conftest import Command

# Whoever started the tests may have it ignore interrupts, which a child inherits.
RUN = """
import signal, sys
from llm_finops.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ['llm-finops', *sys.argv[1:]]
main()
"""


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str, str]]:
    """The command in a folder of its own: the process, what it said first, and where it is."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_FINOPS", "DAGSTER"))}
    command = [sys.executable, "-c", RUN, "dashboard", "--port", "0", *arguments]
    pipe = subprocess.PIPE
    # Unbuffered: what follows the line that is waited for is still in the pipe when the process ends.
    with subprocess.Popen(command, cwd=folder, env=ours, bufsize=0, stdout=pipe, stderr=pipe) as process:
        try:
            said = ""
            assert process.stderr is not None
            while not (found := re.search(r"Dashboard: (http://\S+)\n", said)):
                line = process.stderr.readline().decode()
                assert line, f"it ended: {said}"
                said += line
            yield process, said, found[1]
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes], number: signal.Signals) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def test_it_listens_on_loopback_says_where_and_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    with started(tmp_path) as (process, said, url):
        assert re.fullmatch(r"Dashboard: http://127\.0\.0\.1:\d+\n", said)
        answer = httpx.get(url, timeout=60)
        assert (answer.status_code, "There is no ledger yet." in answer.text) == (200, True)
        assert "server" not in answer.headers
        assert ended(process, signal.SIGTERM) in {(-signal.SIGTERM, "", ""), (143, "", "")}
    assert not (tmp_path / ".llm_finops" / "ledger.sqlite").exists()


def test_without_a_configuration_it_shows_the_demo(tmp_path: Path) -> None:
    demo = tmp_path / ".llm_finops" / "demo"
    demo.mkdir(parents=True)
    (demo / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    (demo / "clock").write_text("2026-11-08T06:30:00Z", encoding="utf-8")
    with started(tmp_path, "--host", "0.0.0.0", "--allow-host", "finops.test") as (process, said, url):  # noqa: S104
        assert said.startswith("No finops.toml here: this is the demo's company.\n")
        here = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        for host, status in (("finops.test", 200), ("evil.test", 400)):
            assert httpx.get(here, headers={"Host": host}, timeout=60).status_code == status
        code, out, err = ended(process, signal.SIGINT)
        assert (code, out) == (130, "")
        assert err == "It has no login of its own, and listens to more than this machine: docs/dashboard.md\n"


def test_a_port_that_is_taken_is_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = command("dashboard", "--port", port)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"llm-finops: cannot listen at 127.0.0.1, port {port}: Address already in use; --port takes another\n"
    )


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_a_host_that_is_not_this_machines_is_told(command: Command, tmp_path: Path, host: str) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    said = command("dashboard", "--host", host, "--port", "0")
    assert said.code == 1
    assert said.err.startswith(f"llm-finops: cannot listen at {host}, port 0: ")


def test_without_configuration_and_demo_it_says_so(command: Command) -> None:
    said = command("dashboard", "--port", "0")
    assert said.code == 1
    assert "finops.toml" in said.err
    assert "Traceback" not in said.err
