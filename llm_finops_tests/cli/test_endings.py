"""How `llm-finops backfill` says that its run crashed, or was interrupted."""

import os
import signal
from pathlib import Path

import pytest

from llm_finops.pipeline import run
from llm_finops.pipeline.run import RunReport
from llm_finops_tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def _company(tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    (tmp_path / "clock").write_text("2026-11-08T06:30:00Z", encoding="utf-8")


def test_a_run_that_crashed_is_told_with_its_reason(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    crashed = RunReport(False, [], 3, 0, "run-id", "margins: OSError: the disk\x1b is gone")
    monkeypatch.setattr(run, "run_ranges", lambda *_, **__: [crashed])
    said = command("backfill", "--from", "2026-11-01", "--to", "2026-11-01", environment={"LLM_FINOPS_CLOCK": "clock"})

    assert said.code == 1
    assert said.out == "2026-11-01 to 2026-11-01: 3 new versions, 0 failed, and the run as a whole\n"
    assert said.err == (
        "the run failed outside any single day: margins: OSError: the disk\\x1b is gone; see `llm-finops dev`, "
        "run run-id\n"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_one_says_that_it_was(
    command: Command, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    monkeypatch.setattr(run, "run_ranges", lambda *_, **__: os.kill(os.getpid(), number))
    said = command("backfill", "--from", "2026-11-01", "--to", "2026-11-01", environment={"LLM_FINOPS_CLOCK": "clock"})

    assert (said.code, said.out) == (code, "")
    assert said.err == (
        f"llm-finops: interrupted ({number.name}); what is booked stays booked, start it again to go on from there\n"
    )
