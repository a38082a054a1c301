"""What is due reaches Slack once, whatever Slack does: through the sensor, in this process and under a real daemon."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from llm_finops.config import load
from llm_finops.demo.standins.server import Served, serve
from llm_finops.demo.standins.slack import TOKEN, Fault, Slack
from llm_finops.pipeline.instance import dagster_home
from llm_finops_tests.pipeline.little import FILES, FIRST, LAST, START, Little

DEADLINE_S = 150.0
SLACK = '[slack]\nchannel = "C0LANTERN01"\nbase_url = "{url}/api/"\n'


class Workspace:
    """Slack's stand-in, that can go down and come back at its address."""

    def __init__(self, folder: Path) -> None:
        self.app = Slack(folder / "slack.jsonl", lambda: datetime.now(UTC))
        self._served: Served | None = serve(self.app)
        self.url = self._served.base_url

    def go_down(self) -> None:
        if self._served:
            self._served.stop()
        self._served = None

    def come_back(self) -> None:
        self._served = serve(self.app, int(self.url.rpartition(":")[2]))

    def calls(self, method: str) -> list[dict[str, Any]]:
        path = self.app.path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [call for call in map(json.loads, lines) if call["method"] == method]

    def messages(self) -> list[str]:
        """The texts that stand in the channel."""
        return [call["body"]["text"] for call in self.calls("chat.postMessage") if call["answer"]["ok"]]


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    made = Workspace(root)
    yield made
    made.go_down()


@pytest.fixture
def due(played: Little, workspace: Workspace) -> Little:
    """The little company after its backfill: one message is due."""
    played.configure(SLACK.format(url=workspace.url))
    played.environment["SLACK_BOT_TOKEN"] = TOKEN
    return played


def let_time_pass(company: Little) -> None:
    """As if the wait that was noted were over."""
    with company.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.text("update digests set next_at = ''"))


def digests(company: Little) -> list[tuple[Any, ...]]:
    return company.rows("select day, revision, state, attempt from digests order by day, revision")


def test_one_message_stands_in_the_channel_after_every_kind_of_trouble(due: Little, workspace: Workspace) -> None:
    workspace.go_down()
    assert due.tick() == [False]
    assert digests(due) == [(LAST, 1, "due", 1)]
    assert due.tick() == []  # not before its time

    workspace.come_back()
    for fault, attempt in ((Fault(retry_after=7), 2), (Fault(error="internal_error"), 3)):
        let_time_pass(due)
        workspace.app.fail_next(fault)
        assert due.tick() == [False]
        assert digests(due) == [(LAST, 1, "due", attempt)]
    assert workspace.messages() == []

    let_time_pass(due)
    workspace.app.fail_next(Fault(), Fault(cut=True))  # it looks; it posts, and the answer is lost
    assert due.tick() == [False]
    assert digests(due) == [(LAST, 1, "unknown", 4)]

    let_time_pass(due)
    assert due.tick() == [True]
    assert digests(due) == [(LAST, 1, "sent", 5)]
    assert due.tick() == []
    (message,) = workspace.messages()
    assert "21 November 2026" in message
    assert len(workspace.calls("chat.postMessage")) == 1


def test_a_second_backfill_posts_nothing_more(due: Little, workspace: Workspace) -> None:
    assert due.tick() == [True]

    assert due.run(FIRST, LAST).ok
    assert due.tick() == []

    assert len(workspace.messages()) == 1


def test_a_token_slack_refuses_leaves_the_figures_and_says_what_to_do(due: Little, workspace: Workspace) -> None:
    before = due.fingerprint()
    due.environment["SLACK_BOT_TOKEN"] = "xoxb-canary-wrong"

    assert due.tick() == [False]

    assert digests(due) == [(LAST, 1, "due", 1)]
    assert (due.fingerprint(), workspace.messages()) == (before, [])


@contextmanager
def daemon(environment: dict[str, str], folder: Path) -> Iterator[Path]:
    """Dagster's daemon with our location, in a process group of its own; what it wrote, in a file."""
    log = folder / "daemon.log"
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "llm_finops.definitions"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield log
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)


@pytest.mark.slow
def test_under_a_real_daemon_what_is_due_is_sent_once_although_slack_was_busy(
    due: Little, workspace: Workspace, root: Path
) -> None:
    # The daemon's location knows the real connectors only: what is due is all it is to find.
    due.configure(SLACK.format(url=workspace.url), toml=START + FILES)
    environment = {**os.environ, **due.environment, "DAGSTER_HOME": str(dagster_home(load(due.environment)))}
    workspace.app.fail_next(Fault(retry_after=1))

    with daemon(environment, root) as log:
        until = time.monotonic() + DEADLINE_S
        while digests_at(due) != [(LAST, "sent")]:
            assert time.monotonic() < until, log.read_text(encoding="utf-8", errors="replace")[-3000:]
            time.sleep(0.25)

    assert len(workspace.messages()) == 1
    assert len(workspace.calls("chat.postMessage")) == 2
    assert TOKEN not in log.read_text(encoding="utf-8", errors="replace")


def digests_at(company: Little) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(load(company.environment).database_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text("select day, state from digests"))]
    engine.dispose()
    return found
