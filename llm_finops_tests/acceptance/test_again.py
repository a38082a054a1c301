"""Played again: nothing is booked twice, on either store, in any order of the log's rows."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.acceptance.playing import ROOT, WINDOW, environment
from llm_finops_tests.acceptance.plays import Plays

pytestmark = pytest.mark.slow


def test_the_command_says_what_it_did_and_a_second_time_it_does_nothing(copied: Undisturbed) -> None:
    command = Path(sys.executable).with_name("llm-finops")
    asked = [str(command), "demo", "--until", str(WINDOW.until), "--days", str(WINDOW.days)]
    done = subprocess.run(
        asked,
        cwd=ROOT,
        env=environment(LLM_FINOPS_HOME=str(copied.home)),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    assert copied.told.message.strip() in done.stdout
    assert re.search(rf"{WINDOW.days} days in \d+ s: 0 new versions, 0 computations\n", done.stdout)
    assert f"fingerprint {copied.told.fingerprint}\n" in done.stdout
    (look,) = [line for line in done.stdout.splitlines() if "llm-finops explain" in line]
    explained = subprocess.run(look, shell=True, capture_output=True, text=True, check=True, env=environment())  # noqa: S602  (as a person would paste it)
    assert "northwind" in explained.stdout
    assert "by request_log, reported" in explained.stdout
    assert "Traceback" not in done.stderr
    assert _posts(copied.home) == 2  # two mornings, and neither told again


def test_postgresql_ends_with_the_same_fingerprint(
    undisturbed: Undisturbed, plays: Plays, tmp_path: Path, postgres_url: str
) -> None:
    told = plays.play(tmp_path / "home", LLM_FINOPS_DATABASE_URL=postgres_url)
    assert told.ok
    assert told.fingerprint == undisturbed.told.fingerprint
    assert told.message == undisturbed.told.message
    assert not os.path.lexists(tmp_path / "home" / "ledger.sqlite")


def _posts(home: Path) -> int:
    calls = [json.loads(line) for line in (home / "slack.jsonl").read_text(encoding="utf-8").splitlines()]
    return sum(call["method"] == "chat.postMessage" for call in calls)
