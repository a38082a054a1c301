"""Dagster's real daemon on a company's home, in processes of its own, and what Dagster wrote down of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick, SensorInstigatorData

from llm_finops.pipeline.automation import POST_JOB, SENSOR
from llm_finops.pipeline.instance import dagster_home
from llm_finops_tests.pipeline.little import Little

DEADLINE_S = 240.0
_POLL_S = 0.25


def environment_of(company: Little) -> dict[str, str]:
    """The company's environment for another process, without what this machine's user has configured."""
    ours = ("LLM_FINOPS_", "SLACK_", "DAGSTER_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**clean, **company.environment}


class Daemon:
    """The daemon's processes (itself, its code server, its run workers) are one group, stopped or killed together."""

    def __init__(self, company: Little, instance: dg.DagsterInstance, environment: Mapping[str, str]) -> None:
        self.instance = instance
        self._environment = environment
        self._folder = company.home
        self._log = company.home / "daemon.log"
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """From start to end, whether it ended by itself or not."""
        command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "llm_finops.definitions"]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                env=self._environment,
                cwd=self._folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield
        finally:
            self._stop(self._process)
            self._process = None

    def kill(self) -> None:
        """All at once, in the middle of whatever they do."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def was_killed(self) -> bool:
        return self._process is not None and self._process.poll() == -signal.SIGKILL

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
        # Whoever is left of the group, such as a run under way, would write into a home that is being removed.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def said(self) -> str:
        """What it logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition while the sensor ticks as often as the daemon looks at it (every few seconds)."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, self.said()[-5_000:]
            self._let_the_interval_pass()
            time.sleep(_POLL_S)

    def ticks(self, after: float = 0) -> list[InstigatorTick]:
        """The sensor's ticks that began after an instant and are over, oldest first."""
        state = self._sensor()
        if state is None:
            return []
        found = self.instance.get_ticks(state.instigator_origin_id, state.selector_id, after=after)
        return sorted((tick for tick in found if tick.is_completed), key=lambda tick: tick.timestamp)

    def posts(self) -> list[dg.DagsterRunStatus]:
        """How the runs that were to send something stand, oldest first."""
        runs = self.instance.get_runs(dg.RunsFilter(job_name=POST_JOB))
        return [run.status for run in reversed(runs)]

    def _sensor(self) -> InstigatorState | None:
        states = self.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        return next((state for state in states if state.instigator_name == SENSOR), None)

    def _let_the_interval_pass(self) -> None:
        """As if the sensor's last tick were half a minute ago: its interval is Dagster's business, not the story's."""
        state = self._sensor()
        data = state and state.instigator_data
        if state and isinstance(data, SensorInstigatorData) and data.last_tick_timestamp:
            past = data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None)
            self.instance.update_instigator_state(state.with_data(past))


@contextmanager
def daemon_of(company: Little) -> Iterator[Daemon]:
    """A daemon for a company's home, not yet started; the instance is looked into from here."""
    home: Path = dagster_home(company.config)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGSTER_HOME", str(home))  # by which the storage finds its files
        instance = dg.DagsterInstance.from_config(str(home))
    with instance:
        yield Daemon(company, instance, {**environment_of(company), "DAGSTER_HOME": str(home)})
