"""Killed at random moments, of either store: run to the end it books what one left alone books.

A moment is a statement or a commit of the ledger, so a kill falls inside transactions as often as between them. The
moments are drawn over the whole run, one from each equal part of it. Some kills are of the command itself, with Dagster
around the steps, the others of the steps alone, which takes half the time: LLM_FINOPS_KILLS says how many there are,
LLM_FINOPS_COMMANDS how many of them are of the command. `make backfill-killed` kills the command ten times.
LLM_FINOPS_SEED repeats a failure.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from llm_finops_tests.acceptance.forks import Asked
from llm_finops_tests.acceptance.lantern import BACKFILL, BACKFILL_OF_OLD, FIRST, LAST, Home, Lantern
from llm_finops_tests.conftest import STORES, database

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("LLM_FINOPS_KILLS") or 3)
COMMANDS = int(os.environ.get("LLM_FINOPS_COMMANDS") or 1)
STEPS = ("steps", FIRST, LAST)


class Store(NamedTuple):
    """Makes homes that know prices and settings, which take longest, and nothing else yet; one was left alone."""

    home: Callable[[str], Home]
    alone: Home
    moments: int


@pytest.fixture(params=STORES)
def on(request: pytest.FixtureRequest, lantern: Lantern, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        yield Store(lambda name: lantern.copy(lantern.known, str(tmp_path / name)), lantern.alone, lantern.moments)
        return
    server = request.getfixturevalue("_postgres_server")
    with ExitStack() as stack:

        def copy(name: str, template: str) -> Home:
            return lantern.home(str(tmp_path / name), stack.enter_context(database(server, template)))

        known = copy("known", request.getfixturevalue("_migrated"))
        lantern.run(known, "known")
        alone = copy("alone", known.database)
        yield Store(lambda name: copy(name, known.database), alone, lantern.run(alone, *BACKFILL))


def test_killed_at_random_moments_it_ends_like_one_left_alone(
    on: Store, lantern: Lantern, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (on.alone.fingerprint(), on.alone.unsettled()) == (lantern.fingerprint, [])
    seed = int(os.environ.get("LLM_FINOPS_SEED") or random.randrange(2**32))
    drawn = random.Random(seed)
    of_command = set(drawn.sample(range(KILLS), COMMANDS))
    moments = {BACKFILL: on.moments, STEPS: lantern.run(on.home("steps"), *STEPS)}
    with capsys.disabled():
        print(f"\nseed {seed}, moments {list(moments.values())}, the command in parts {sorted(of_command)}")  # noqa: T201
    for kill in range(KILLS):
        way = BACKFILL if kill in of_command else STEPS
        moment = drawn.randrange(moments[way] * kill // KILLS, moments[way] * (kill + 1) // KILLS) + 1
        where = f"seed {seed}: {way[0]} killed at {moment} of {moments[way]}"
        home = on.home(f"killed-{kill}")
        (killed,) = lantern.forks(Asked(way, home.environment, moment))
        assert (killed.code, home.wrong()) == (-9, []), where
        lantern.run(home, *way)
        assert (home.fingerprint(), home.unsettled()) == (lantern.fingerprint, []), where


def test_a_backfill_and_the_daily_run_at_once_book_what_they_book_one_after_the_other(
    lantern: Lantern, tmp_path: Path, postgres_url: str
) -> None:
    """Both read again what was read early, and was restated since, and settle what is stale; nothing is left to do."""
    home = lantern.home(str(tmp_path / "home"), postgres_url)
    lantern.move(lantern.early, postgres_url)
    assert home.fingerprint() == lantern.early.fingerprint() != lantern.fingerprint

    ended = lantern.forks(*(Asked(of, home.environment) for of in (BACKFILL_OF_OLD, ("morning",))))

    assert [one.code for one in ended] == [0, 0], ended
    assert (home.fingerprint(), home.unsettled()) == (lantern.fingerprint, [])
    runs = home.rows("select distinct run_id from commits where at_utc >= '2026-11-07'")
    assert len(runs) == 2
