"""Killed anywhere and started again: it ends like a home that was left alone, and Slack is told once."""

import os
import signal
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
    rows,
    scratch,
    told_days,
    unconserved,
    without_pages,
)
from llm_finops_tests.acceptance.plays import Plays

pytestmark = pytest.mark.slow
SUMMARIES = "from digests where kind = 'summary'"  # a restated day has an edit besides
LAST = WINDOW.days - 1  # the backfill ends a day before the window does
RESTATED = WINDOW.until - timedelta(days=1)


def test_killed_in_every_phase_it_ends_like_one_left_alone_and_slack_is_told_once(
    undisturbed: Undisturbed, plays: Plays, tmp_path: Path
) -> None:
    home, heard = tmp_path / "home", tmp_path / "slack.jsonl"
    with _deadly_slack(heard) as (url, victims):
        plays.play_until_killed(home, "gateway requests:1", url)  # while the engine is at work
        assert len(scratch(home)) == 1  # cleared away by the next run that needs some
        _whole_or_old(home)
        plays.play_until_killed(home, f"allocations:{LAST}", url)
        assert rows(home, "select count(*) from versions where dataset = 'allocations'") == [(LAST,)]
        assert rows(home, "select count(*) from versions where dataset = 'margins'") == [(0,)]
        _whole_or_old(home)
        _killed_by_slack(plays, home, url, victims)
        assert rows(home, "select max(period) from versions where dataset = 'margins'") == [(str(RESTATED),)]
        plays.play_until_killed(home, "allocations:1", url)  # of the daily run: this is the day that was restated
        stale = rows(home, "select scope, period from versions where dataset = 'allocations' and until_seq is not null")
        assert stale == [("openai", str(RESTATED))]
        _whole_or_old(home)
        _killed_by_slack(plays, home, url, victims)
        told = plays.play(home, url)
    _ends_like(undisturbed, home, told)
    mornings = (RESTATED, WINDOW.until)
    assert told_days(heard) == Counter(f"summary:{day}" for day in mornings)
    sent = [(str(day), "sent") for day in mornings]
    assert rows(home, f"select day, state {SUMMARIES} order by day") == sent


def _killed_by_slack(plays: Plays, home: Path, url: str, victims: list[int]) -> None:
    """A play that dies once Slack has taken its message."""
    victims.append(plays.start(home, slack=url))
    ended = plays.end()
    assert ended.code == -signal.SIGKILL, ended.said[-4_000:]
    assert victims == []
    assert rows(home, f"select state {SUMMARIES} and state <> 'sent'") == [("sending",)]


@contextmanager
def _deadly_slack(path: Path) -> Iterator[tuple[str, list[int]]]:
    """A Slack that takes a message and, where its sender is to be a victim, kills it instead of answering."""
    victims: list[int] = []
    slack = Slack(path, lambda: datetime.combine(WINDOW.until + timedelta(days=1), datetime.min.time(), UTC))

    def answer(call: Call) -> Answer:
        said = slack(call)
        if call.path.endswith("chat.postMessage") and victims:
            os.kill(victims.pop(), signal.SIGKILL)
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
