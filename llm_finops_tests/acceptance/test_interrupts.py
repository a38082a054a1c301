"""Asked to stop, the command line stops at once and tells nobody; started again, it ends like one left alone."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.acceptance.playing import ROOT, WINDOW, environment, unconserved
from llm_finops_tests.acceptance.plays import Plays

pytestmark = pytest.mark.slow


def test_an_interrupted_demo_posts_nothing_and_can_be_started_again(
    undisturbed: Undisturbed, plays: Plays, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        child = _demo(home)
        assert child.stderr is not None
        for line in child.stderr:
            if "anthropic usage" in line:  # in the middle of the backfill
                child.send_signal(number)
                break
        out, err = child.communicate(timeout=60)

        assert child.returncode == code, err
        assert out == ""
        assert err.splitlines()[-1].startswith(f"llm-finops: interrupted ({number.name})")
        assert "allocations" not in err
        assert not (home / "slack.jsonl").exists()
        assert unconserved(home) == []
    again = plays.play(home)
    expected = undisturbed.told
    assert (again.ok, again.fingerprint, again.message) == (True, expected.fingerprint, expected.message)


def _demo(home: Path) -> subprocess.Popen[str]:
    main = [sys.executable, "-c", "from llm_finops.cli import main; main()"]
    return subprocess.Popen(
        [*main, "demo", "--until", str(WINDOW.until), "--days", str(WINDOW.days)],
        cwd=ROOT,
        env=environment(LLM_FINOPS_HOME=str(home)),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
