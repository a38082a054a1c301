"""`llm-finops dev` keeps the ledger where it is for as long as it serves."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from llm_finops.ledger import Ledger, LedgerError, move, sqlite_url
from llm_finops_tests.cli.conftest import Command


def test_the_ledger_is_not_moved_while_the_ui_is_open(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    here, there = sqlite_url(tmp_path / "ledger.sqlite"), sqlite_url(tmp_path / "there" / "ledger.sqlite")
    served: list[str] = []

    def serve(*_: Any, **how: Any) -> subprocess.CompletedProcess[bytes]:
        Ledger(here).close()  # as a run does
        with pytest.raises(LedgerError, match="stop `llm-finops dev`"):
            move(here, there)
        served.append(how["env"]["DAGSTER_HOME"])
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(subprocess, "run", serve)

    assert command("dev", environment={"LLM_FINOPS_DATABASE_URL": here}).code == 0

    assert len(served) == 1
    assert move(here, there).differing == []
