"""`llm-finops demo` where it does not run through, on a company of a few days without its pipeline."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llm_finops.demo import play
from llm_finops.pipeline.run import RunReport
from llm_finops_tests.cli.conftest import Command

ARGUMENTS = ("demo", "--until", "2026-11-05", "--days", "5")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What the demo starts, in order, where each run ends as told."""

    def ending(*crashed: str) -> list[str]:
        started: list[str] = []
        ends = list(crashed)

        def run(*_: object) -> RunReport:
            started.append("run")
            why = ends.pop(0)
            return RunReport(not why, [], 0, 0, "run-id", why)

        monkeypatch.setattr(play, "run_range", run)
        monkeypatch.setattr(play, "tick_sensor", lambda *_: started.append("post"))
        return started

    return ending


@pytest.mark.parametrize("ends", [("the disk is gone",), ("", "the disk is gone")], ids=["backfill", "daily run"])
def test_after_a_run_that_crashed_nothing_is_posted(
    command: Command, tmp_path: Path, runs: Callable[..., list[str]], ends: tuple[str, ...]
) -> None:
    started = runs(*ends)
    said = command(*ARGUMENTS, environment={"LLM_FINOPS_HOME": str(tmp_path / "home")})

    assert (said.code, said.out) == (1, "")
    assert "the run failed outside any single day, so nothing is posted: the disk is gone (run run-id)" in said.err
    assert started[-1] == "run"
    assert started.count("post") == len(ends) - 1


def test_an_earlier_last_day_than_the_homes_clock_is_said_to_be_one(
    command: Command, tmp_path: Path, runs: Callable[..., list[str]]
) -> None:
    home = tmp_path / "home"
    runs("stop", "stop", "stop")
    first = command(*ARGUMENTS, environment={"LLM_FINOPS_HOME": str(home)})
    again = command(*ARGUMENTS, environment={"LLM_FINOPS_HOME": str(home)})
    (home / "clock").write_text("2026-11-09T06:30:00Z", encoding="utf-8")
    earlier = command(*ARGUMENTS, environment={"LLM_FINOPS_HOME": str(home)})

    said = "already stands at 2026-11-09 06:30 UTC and never goes back"
    assert said in earlier.err
    assert "never goes back" not in first.err + again.err
