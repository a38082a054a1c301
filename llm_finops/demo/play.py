"""The demo, end to end: the made-up company's ninety days through the real pipeline, and its message.

It backfills up to the day before, moves the world's clock to the next morning and makes the daily run,
which meets what the providers have restated; the message goes through the sensor. Started again, or again
after a kill, it books nothing twice. It deletes nothing but half-written files of a killed one.
"""

import fcntl
import os
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from llm_finops.config import load
from llm_finops.core.digest import plain
from llm_finops.definitions import build
from llm_finops.demo.clock import Clock
from llm_finops.demo.configuration import is_logged, write_config
from llm_finops.demo.files import PRIVATE, clear_unfinished, write_files
from llm_finops.demo.standins import Standins
from llm_finops.demo.world import Window
from llm_finops.pipeline.instance import instance
from llm_finops.pipeline.run import RunReport, run_range, tick_sensor
from llm_finops.pipeline.said import message_of
from llm_finops.pipeline.work import Finops, Progress

MORNING = clock_time(6, 30)
TRAILING_DAYS = 3


class DemoError(Exception):
    """The demo cannot start or go on; the message says why."""


@dataclass(frozen=True)
class Played:
    """What the demo did, for its last lines."""

    window: Window
    backfill: RunReport
    daily: RunReport
    message: str
    fingerprint: str
    seconds: float
    calls: Mapping[str, int]

    @property
    def new_versions(self) -> int:
        """Versions booked by both runs."""
        return self.backfill.new_versions + self.daily.new_versions

    @property
    def computed(self) -> int:
        """How often a verb was called."""
        return self.backfill.computed + self.daily.computed


def demo_home(environment: Mapping[str, str], *, logged: bool = True) -> Path:
    """LLM_FINOPS_HOME, or .llm_finops/demo in the working directory; the company without a log has its own."""
    default = ".llm_finops/demo" if logged else ".llm_finops/demo-no-log"
    return Path(environment.get("LLM_FINOPS_HOME") or default).expanduser().resolve()


def only_demo(environment: Mapping[str, str]) -> Path | None:
    """The demo's home, where it was played and nothing else is configured in the working directory."""
    home = demo_home(environment)
    configured = "LLM_FINOPS_CONFIG" in environment or Path("finops.toml").exists()
    return home if not configured and (home / "finops.toml").exists() else None


@contextmanager
def company(
    home: Path, window: Window, slack_url: str | None = None, *, logged: bool = True
) -> Iterator[tuple[dict[str, str], Standins]]:
    """The world's files, its stand-ins on loopback, and the environment the pipeline meets them in.

    `slack_url` is another Slack to post to than the world's own; without `logged` there is no request log.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = Clock(home / "clock")
    with _alone(home), Standins(home, clock) as standins:
        clear_unfinished(home)
        write_files(home, window, logged=logged)
        urls = (standins.openai_url, standins.anthropic_url, slack_url or standins.slack_url)
        write_config(home, window, *urls, logged=logged)
        yield _environment(home, clock, standins.environment), standins


@contextmanager
def reopened(home: Path) -> Iterator[dict[str, str]]:
    """The company as it was left, for the Dagster UI: its stand-ins run, its clock stands."""
    until = Clock(home / "clock").now().date() - timedelta(days=1)
    first = tomllib.loads((home / "finops.toml").read_text(encoding="utf-8"))["start_date"]
    with company(home, Window(until, (until - first).days + 1), logged=is_logged(home)) as (environment, _):
        yield environment


def left(home: Path) -> dict[str, str]:
    """The environment of the company as it was left, for who only reads its ledger: nothing of its world runs."""
    return _environment(home, Clock(home / "clock"), {})


def _environment(home: Path, clock: Clock, keys: Mapping[str, str]) -> dict[str, str]:
    ours = {
        "LLM_FINOPS_HOME": str(home),
        "LLM_FINOPS_CONFIG": str(home / "finops.toml"),
        "LLM_FINOPS_CLOCK": str(clock.path),
    }
    return {**os.environ, **ours, **keys}


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One demo a home: the lock goes with the process, however it ends."""
    lock = home / "lock"
    lock.touch(PRIVATE)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(f"another demo is running in {home}; wait for it, or set LLM_FINOPS_HOME") from error
        yield


def play(
    home: Path, window: Window, progress: Progress, slack_url: str | None = None, *, logged: bool = True
) -> Played:
    """Play two mornings: of the window's last day, after a backfill; and of the day after it."""
    started = time.monotonic()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = Clock(home / "clock")
    day_before = window.until - timedelta(days=1)
    clock.advance_to(_morning_after(day_before))
    with company(home, window, slack_url, logged=logged) as (environment, standins):
        config = load(environment)
        finops = Finops(environment, progress)
        definitions = build(config, finops)
        with finops.work("") as work:
            work.ledger.journals.abandon()  # we are alone here: whoever was sending is dead
        with instance(config) as dagster:
            backfill = run_range(definitions, finops, dagster, str(window.first), str(day_before))
            _require_run(backfill)
            tick_sensor(definitions, finops, dagster)
            clock.advance_to(_morning_after(window.until))
            first = max(window.first, window.until - timedelta(days=TRAILING_DAYS - 1))
            daily = run_range(definitions, finops, dagster, str(first), str(window.until))
            _require_run(daily)
            tick_sensor(definitions, finops, dagster)
        with finops.work("") as work:
            fingerprint = work.ledger.fingerprint()
            message = plain(message_of(work, str(window.until)))
        calls = dict(standins.calls)
    return Played(window, backfill, daily, message, fingerprint, time.monotonic() - started, calls)


def _require_run(report: RunReport) -> None:
    """DemoError after a run that failed as a whole: its figures are not to be told to anybody."""
    if report.crashed:
        raise DemoError(
            f"the run failed outside any single day, so nothing is posted: {report.crashed} (run {report.run_id}); "
            "what it booked stays, start the demo again to go on"
        )


def clock_ahead(home: Path, window: Window) -> str:
    """Where the home's clock is already later than the window's mornings: when it stands. Else nothing."""
    clock = Clock(home / "clock")
    if not clock.path.exists() or (shown := clock.now()) <= _morning_after(window.until):
        return ""
    return shown.strftime("%Y-%m-%d %H:%M UTC")


def _morning_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), MORNING, UTC)
