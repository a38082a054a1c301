"""The sensor under Dagster's real daemon: one message for the day in the end, whatever happens to Slack or to it."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import TickStatus

from llm_finops import connectors
from llm_finops.definitions import build
from llm_finops.demo.standins.server import Answer, Call, serve
from llm_finops.demo.standins.slack import TOKEN, Fault
from llm_finops.ledger import utc_now
from llm_finops.pipeline.assets import DAILY_JOB
from llm_finops.pipeline.automation import range_tags
from llm_finops.pipeline.graph import declared
from llm_finops.slack.delivery import BACKOFF_MAX_S
from llm_finops_tests.connectors.pages_openai import bucket, cost_row, page, usage_row
from llm_finops_tests.pipeline.daemon import DEADLINE_S, Daemon, daemon_of, environment_of
from llm_finops_tests.pipeline.little import FILES, LAST, MORNING, START, Little
from llm_finops_tests.pipeline.workspace import POST, Workspace, digests, let_time_pass, next_at

pytestmark = pytest.mark.slow

FAILED, SENT = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
NINETY = 90


@pytest.fixture
def daemon(due: Little, workspace: Workspace) -> Iterator[Daemon]:
    # The daemon's location knows the real connectors only: what is due is all it is to find.
    due.configure(workspace.toml, toml=START + FILES)
    with daemon_of(due) as made:
        yield made


def test_slack_down_then_busy_then_failing_then_cut_off_shows_one_message_and_leaves_the_figures(
    due: Little, workspace: Workspace, daemon: Daemon
) -> None:
    before = due.fingerprint()
    workspace.go_down()
    with daemon.running():
        daemon.until(ended(due, 1))
        assert digests(due) == [(LAST, 1, "due", 1)]

        workspace.come_back()
        # Each attempt looks before it posts (the first of each pair); the posts go wrong.
        busy_s = 4 * BACKOFF_MAX_S
        workspace.app.fail_next(Fault(), Fault(retry_after=busy_s))
        let_time_pass(due)
        daemon.until(ended(due, 2))
        assert digests(due) == [(LAST, 1, "due", 2)]
        assert next_at(due) > later(busy_s - BACKOFF_MAX_S)  # as long as Slack asked for, no backoff of ours

        workspace.app.fail_next(Fault(), Fault(error="internal_error"))
        let_time_pass(due)
        daemon.until(ended(due, 3))
        assert digests(due) == [(LAST, 1, "due", 3)]
        assert workspace.messages() == []

        workspace.app.fail_next(Fault(), Fault(cut=True))
        let_time_pass(due)
        daemon.until(ended(due, 4))
        assert digests(due) == [(LAST, 1, "unknown", 4)]
        assert len(workspace.messages()) == 1

        let_time_pass(due)
        daemon.until(ended(due, 5))
        assert digests(due) == [(LAST, 1, "sent", 5)]
        daemon.until(lambda: set(daemon.posts()) == {FAILED, SENT})

    (message,) = workspace.messages()
    assert "21 November 2026" in message
    assert len(workspace.calls(POST)) == 3
    assert Counter(daemon.posts())[FAILED] == 4
    assert due.fingerprint() == before
    assert TOKEN not in daemon.said()


def ended(company: Little, attempt: int) -> Callable[[], bool]:
    """Whether an attempt at the one message has come to an end."""
    return lambda: all(at >= attempt and state != "sending" for _, _, state, at in digests(company))


def later(seconds: int) -> str:
    """An instant as the ledger writes it."""
    at = datetime.fromisoformat(utc_now()) + timedelta(seconds=seconds)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_a_daemon_killed_between_slacks_taking_the_message_and_the_note_of_it_leaves_one_message(
    due: Little, workspace: Workspace, daemon: Daemon
) -> None:
    workspace.once_posted.append(daemon.kill)
    with daemon.running():
        daemon.until(lambda: daemon.was_killed)
    assert len(workspace.messages()) == 1

    with daemon.running():
        restarted = time.time()
        daemon.until(lambda: len(daemon.ticks(restarted)) > 0)
        # Nobody noted the outcome; while the lease lasts, the message is the dead sender's.
        assert digests(due) == [(LAST, 1, "sending", 1)]

        let_time_pass(due)
        daemon.until(ended(due, 2))
        assert digests(due) == [(LAST, 1, "sent", 2)]

    assert len(workspace.calls(POST)) == 1


class Patient:
    """OpenAI, with one row a day of completions and of costs. It answers what is asked of costs once `released`."""

    def __init__(self) -> None:
        self.asked, self.released = Event(), Event()

    def __call__(self, call: Call) -> Answer:
        if call.one("start_time") is None:  # names
            return said({"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None})
        rows = [usage_row()] if call.path.endswith("/usage/completions") else []
        if call.path.endswith("/costs"):
            self.asked.set()
            self.released.wait(DEADLINE_S)
            rows = [cost_row()]
        first, until = (datetime.fromtimestamp(int(call.one(name) or ""), UTC).date() for name in RANGE)
        return said(page([bucket(str(first + timedelta(days=n)), rows) for n in range((until - first).days)]))


RANGE = ("start_time", "end_time")


def said(value: object) -> Answer:
    return Answer(200, json.dumps(value).encode())


@pytest.fixture
def openai() -> Iterator[tuple[Patient, str]]:
    app = Patient()
    served = serve(app)
    yield app, served.base_url
    app.released.set()
    served.stop()


def test_ticks_in_the_middle_of_a_backfill_of_ninety_days_send_nothing_and_its_end_makes_one_message(
    root: Path, workspace: Workspace, openai: tuple[Patient, str]
) -> None:
    provider, url = openai
    company = ninety_days_of(url, root / "company", workspace)
    days = [str(date.fromisoformat(LAST) - timedelta(days=n)) for n in reversed(range(NINETY))]
    with daemon_of(company) as daemon:
        # Someone has booked the first days from the UI: complete, and told to nobody.
        provider.released.set()
        job = build(company.config, company.finops).resolve_implicit_global_asset_job_def()
        daily = [dg.AssetKey(node.name) for node in declared(company.config) if not node.monthly]
        daily.append(dg.AssetKey("reference"))
        assert job.execute_in_process(
            instance=daemon.instance, tags=range_tags(days[0], days[2]), asset_selection=daily
        ).success
        assert digests(company) == []
        provider.asked.clear()
        provider.released.clear()

        with daemon.running(), backfill(company, days[0]) as process:
            daemon.until(provider.asked.is_set)
            held = time.time()
            daemon.until(lambda: len(daemon.ticks(held)) >= 2)
            assert {tick.status for tick in daemon.ticks(held)} == {TickStatus.SKIPPED}
            assert (digests(company), workspace.messages()) == ([], [])

            provider.released.set()
            assert process.wait(DEADLINE_S) == 0
            daemon.until(lambda: "sent" in {state for _, _, state, _ in digests(company)})
            assert digests(company) == [(LAST, 1, "sent", 1)]

        (run,) = daemon.instance.get_run_records(dg.RunsFilter(job_name=DAILY_JOB))
        assert run.start_time
        assert run.end_time
        inside = [
            t for t in daemon.ticks(held) if run.start_time < t.timestamp and (t.end_timestamp or 0) < run.end_time
        ]
        assert len(inside) >= 2

    (message,) = workspace.messages()
    assert "21 November 2026" in message
    assert len(company.rows("select distinct day from current_margins")) == NINETY


def ninety_days_of(url: str, root: Path, workspace: Workspace) -> Little:
    """A company that is with OpenAI for ninety days and keeps no log."""
    first = date.fromisoformat(LAST) - timedelta(days=NINETY - 1)
    company = Little(root, package=connectors)
    company.root.mkdir()
    company.set_clock(MORNING)
    company.configure(workspace.toml, toml=f'start_date = {first}\n[providers.openai]\nbase_url = "{url}/v1"\n')
    company.environment |= {"OPENAI_ADMIN_KEY": "sk-admin-canary", "SLACK_BOT_TOKEN": TOKEN}
    return company


@contextmanager
def backfill(company: Little, first: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`llm-finops backfill` under way; over at the end, however the story goes."""
    command = [sys.executable, "-c", "from llm_finops.cli import main; main()", "backfill", "--from", first]
    with subprocess.Popen(command, env=environment_of(company), cwd=company.root) as process:
        try:
            yield process
        finally:
            process.kill()
