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
from llm_finops_tests.pipeline.little import DAYS, Little

KILLS = int(os.environ.get("LLM_FINOPS_KILLS") or 10)


class Forks:
    """A process that settles in forks of itself, one at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "llm_finops_tests.acceptance.random_kills"]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, company: Little, moment: int = 0, first: str = DAYS[0], last: str = DAYS[1]) -> tuple[int, int]:
        """How a fork ended, and to how many moments it came."""
        self.begin(company, moment, first, last)
        return self.end()

    def begin(self, company: Little, moment: int, first: str, last: str) -> None:
        url = company.environment.get("LLM_FINOPS_DATABASE_URL", "")
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps([str(company.root), company.home.name, url, moment, first, last]) + "\n")
        self._child.stdin.flush()

    def end(self) -> tuple[int, int]:
        assert self._child.stdout is not None
        code, came_to = json.loads(self._child.stdout.readline())
        return code, came_to

    def close(self) -> None:
        self._child.communicate()


@pytest.fixture(scope="module")
def settle() -> Iterator[Forks]:
    forks = Forks()
    yield forks
    forks.close()


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
    homes: Callable[[str], Little], settle: Forks, capsys: pytest.CaptureFixture[str]
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


@pytest.mark.slow
def test_a_backfill_and_the_daily_run_at_once_book_what_they_book_one_after_the_other(
    homes: Callable[[str], Little], settle: Forks
) -> None:
    ranges = (DAYS[0], DAYS[3]), (DAYS[2], DAYS[4])  # a backfill, and the last days; two of them in both
    apart, at_once = homes("apart"), homes("at-once")
    assert [settle(apart, 0, *days)[0] for days in ranges] == [0, 0]
    other = Forks()
    settle.begin(at_once, 0, *ranges[0])
    other.begin(at_once, 0, *ranges[1])
    assert [settle.end()[0], other.end()[0]] == [0, 0]
    other.close()
    assert settle(at_once, 0, *ranges[1])[0] == 0  # what one booked while the other had read its inputs is settled next
    assert at_once.fingerprint() == apart.fingerprint()
    assert inspect_ledger(at_once.config.database_url).orphans == 0
