"""Killed at random moments, of either store: run to the end it books what one left alone books.

A moment is a statement or a commit, so a kill falls inside transactions as often as between them. The moments are drawn
over the whole run, one from each tenth of it; LLM_FINOPS_SEED repeats a failure.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from llm_finops_tests.ledger import facts as f
from llm_finops_tests.pipeline.little import Little

KILLS = 10
Settle = Callable[[Little, int], tuple[int, int]]


@pytest.fixture(scope="module")
def settle() -> Iterator[Settle]:
    command = [sys.executable, "-W", "ignore", "-m", "llm_finops_tests.acceptance.random_kills"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    told, answers = child.stdin, child.stdout
    assert told is not None
    assert answers is not None

    def run(company: Little, moment: int) -> tuple[int, int]:
        url = company.environment.get("LLM_FINOPS_DATABASE_URL", "")
        told.write(json.dumps([str(company.root), company.home.name, url, moment]) + "\n")
        told.flush()
        code, came_to = json.loads(answers.readline())
        return code, came_to

    yield run
    child.communicate()


def test_killed_at_ten_random_moments_it_ends_like_one_left_alone(
    tmp_path: Path, store: str, settle: Settle, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("LLM_FINOPS_SEED") or random.randrange(2**32))
    drawn = random.Random(seed)
    alone = Little(tmp_path / "company", "alone").found()
    code, moments = settle(alone, 0)
    assert code == 0
    with capsys.disabled():
        print(f"\nseed {seed}, {moments} moments on {store.partition(':')[0]}")  # noqa: T201
    expected = alone.fingerprint()
    for kill in range(KILLS):
        moment = drawn.randrange(moments * kill // KILLS, moments * (kill + 1) // KILLS) + 1
        killed = Little(tmp_path / "company", f"killed-{kill}", _of(store, kill))
        assert settle(killed, moment)[0] == -9, f"seed {seed}: not killed at {moment} of {moments}"
        assert settle(killed, 0)[0] == 0
        with killed.ledger() as ledger:
            assert ledger.fingerprint() == expected, f"seed {seed}: killed at {moment} of {moments}"
            assert f.orphans(ledger) == 0
        _forget(store)


def _of(store: str, kill: int) -> str:
    return store if store.startswith("postgresql") else store.replace("ledger.sqlite", f"ledger-{kill}.sqlite")


def _forget(store: str) -> None:
    """An empty database again; a file is simply another one."""
    if not store.startswith("postgresql"):
        return
    engine = sa.create_engine(store.replace("postgresql", "postgresql+psycopg", 1))
    with engine.begin() as connection:
        connection.execute(sa.text("drop schema public cascade"))
        connection.execute(sa.text("create schema public"))
    engine.dispose()
