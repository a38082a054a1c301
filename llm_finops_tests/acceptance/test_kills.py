"""Killed anywhere and started again: it ends like a home that was left alone, and Slack is told once."""

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llm_finops.demo.standins.server import Answer, Call, serve
from llm_finops.demo.standins.slack import Slack
from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.acceptance.playing import (
    WINDOW,
    Told,
    documented,
    orphans,
    play,
    play_until_killed,
    rows,
    scratch,
    start,
    told_days,
    unconserved,
    without_pages,
)

pytestmark = pytest.mark.slow
SUMMARIES = "from digests where kind = 'summary'"  # a restated day has an edit besides
LAST = WINDOW.days - 1  # the backfill ends a day before the window does
RESTATED = WINDOW.until - timedelta(days=1)


def test_killed_at_step_after_step_it_ends_like_one_left_alone(undisturbed: Undisturbed, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for at in ("openai usage:2", "gateway requests:1", "anthropic cost_lines:3", "allocations:4"):
        play_until_killed(home, at)
        _whole_or_old(home)
        assert len(scratch(home)) == (at == "gateway requests:1")  # cleared away by the next run that needs some
    play_until_killed(home, f"allocations:{2 * LAST - 4}")  # the rest of them, and no margin yet
    assert rows(home, "select count(*) from versions where dataset = 'allocations'") == [(2 * LAST,)]
    assert rows(home, "select count(*) from versions where dataset = 'margins'") == [(0,)]
    _whole_or_old(home)
    _ends_like(undisturbed, home, play(home))
    assert told_days(home / "slack.jsonl") == _each_morning_once()


def test_killed_in_the_daily_run_it_ends_like_one_left_alone(undisturbed: Undisturbed, tmp_path: Path) -> None:
    home = tmp_path / "home"
    play_until_killed(home, f"margins:{LAST}")
    assert rows(home, "select max(period) from versions where dataset = 'margins'") == [(str(RESTATED),)]
    _whole_or_old(home)
    play_until_killed(home, "allocations:1")  # nothing of the backfill is left: this is the day that was restated
    stale = rows(home, "select scope, period from versions where dataset = 'allocations' and until_seq is not null")
    assert stale == [("openai", str(RESTATED))]
    _whole_or_old(home)
    _ends_like(undisturbed, home, play(home))
    assert told_days(home / "slack.jsonl") == _each_morning_once()


def test_killed_once_slack_has_the_message_it_is_not_told_twice(undisturbed: Undisturbed, tmp_path: Path) -> None:
    home, heard = tmp_path / "home", tmp_path / "slack.jsonl"
    with _deadly_slack(heard, kills=2) as (url, victims):
        for _ in range(2):  # after the first morning's message, and after the second's
            child = start(home, "--slack", url)
            victims.append(child)
            _, err = child.communicate(timeout=300)
            assert child.returncode == -signal.SIGKILL, err[-4_000:]
            assert rows(home, f"select state {SUMMARIES} and state <> 'sent'") == [("sending",)]
        told = play(home, "--slack", url)
    _ends_like(undisturbed, home, told)
    assert told_days(heard) == _each_morning_once()
    assert rows(home, f"select day, state {SUMMARIES} order by day") == [
        (str(RESTATED), "sent"),
        (str(WINDOW.until), "sent"),
    ]


@contextmanager
def _deadly_slack(path: Path, kills: int) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """A Slack that takes a message and, the first times, kills its sender instead of answering."""
    victims: list[subprocess.Popen[str]] = []
    slack = Slack(path, lambda: datetime.combine(WINDOW.until + timedelta(days=1), datetime.min.time(), UTC))
    killed: list[int] = []

    def answer(call: Call) -> Answer:
        said = slack(call)
        if call.path.endswith("chat.postMessage") and len(killed) < kills:
            killed.append(victims[-1].pid)
            os.kill(victims[-1].pid, signal.SIGKILL)
        return said

    served = serve(answer)
    try:
        yield f"{served.base_url}/api/", victims
    finally:
        served.stop()


def _whole_or_old(home: Path) -> None:
    """What a reader may ask of a ledger at any moment, in the middle of a run too."""
    assert unconserved(home) == []
    assert orphans(home) == {}
    assert without_pages(home) == []


def _ends_like(undisturbed: Undisturbed, home: Path, told: Told) -> None:
    assert told.ok, told.failed
    assert told.fingerprint == undisturbed.told.fingerprint
    assert told.message == undisturbed.told.message
    assert rows(home, documented("every cent is allocated")) == []
    assert orphans(home) == {}
    assert scratch(home) == []


def _each_morning_once() -> Counter[str]:
    return Counter(f"summary:{day}" for day in (RESTATED, WINDOW.until))
