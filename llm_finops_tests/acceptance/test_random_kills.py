"""Killed at random moments, of either store: run to the end it books what one left alone books.

A moment is a statement or a commit, so a kill falls inside transactions as often as between them. The moments are drawn
over the whole run, one from each tenth of it; LLM_FINOPS_SEED repeats a failure.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from llm_finops.ledger import inspect_ledger
from llm_finops.pipeline.reference import book_reference
from llm_finops_tests.conftest import STORES, database
from llm_finops_tests.pipeline.little import Little

KILLS = int(os.environ.get("LLM_FINOPS_KILLS") or 10)
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


@pytest.fixture(params=STORES)
def homes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Little]]:
    """The company in homes that know prices and settings, which take longest, and nothing else yet."""
    root, server, stack = tmp_path / "company", "", ExitStack()
    known = Little(root, "known").found()
    if request.param == "postgresql":
        server = request.getfixturevalue("_postgres_server")
        url = stack.enter_context(database(server, request.getfixturevalue("_migrated")))
        known = Little(root, "known", url)
    with known.finops.work("known") as work:
        book_reference(work)

    def home(name: str) -> Little:
        if request.param == "sqlite":
            shutil.copytree(known.home, root / name)
            return Little(root, name)
        template = str(make_url(known.config.database_url).database)
        return Little(root, name, stack.enter_context(database(server, template)))

    with stack:
        yield home


@pytest.mark.slow
def test_killed_at_ten_random_moments_it_ends_like_one_left_alone(
    homes: Callable[[str], Little], settle: Settle, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("LLM_FINOPS_SEED") or random.randrange(2**32))
    drawn = random.Random(seed)
    alone = homes("alone")
    code, moments = settle(alone, 0)
    assert code == 0
    with capsys.disabled():
        print(f"\nseed {seed}, {moments} moments")  # noqa: T201
    expected = alone.fingerprint()
    for kill in range(KILLS):
        moment = drawn.randrange(moments * kill // KILLS, moments * (kill + 1) // KILLS) + 1
        killed = homes(f"killed-{kill}")
        assert settle(killed, moment)[0] == -9, f"seed {seed}: not killed at {moment} of {moments}"
        assert settle(killed, 0)[0] == 0
        with killed.ledger() as ledger:
            assert ledger.fingerprint() == expected, f"seed {seed}: killed at {moment} of {moments}"
            assert ledger.versions_made(0) > 0
            assert inspect_ledger(killed.config.database_url).orphans == 0
