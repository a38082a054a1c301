"""A process that plays, and one undisturbed play, shared by every test and every worker; nobody may change it."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest

from llm_finops_tests.acceptance.lantern import Lantern, lantern_in
from llm_finops_tests.acceptance.playing import Told
from llm_finops_tests.acceptance.plays import Plays


class Undisturbed(NamedTuple):
    """A home played once, and what the play said."""

    home: Path
    told: Told


@pytest.fixture(scope="session")
def plays() -> Iterator[Plays]:
    process = Plays()
    yield process
    process.close()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Undisturbed:
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent  # one for all workers
    home, told = shared / "undisturbed", shared / "undisturbed.json"
    with (shared / "undisturbed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            plays: Plays = request.getfixturevalue("plays")
            told.write_text(json.dumps(asdict(plays.play(home))), encoding="utf-8")
    return Undisturbed(home, Told(**json.loads(told.read_text(encoding="utf-8"))))


@pytest.fixture
def copied(undisturbed: Undisturbed, tmp_path: Path) -> Undisturbed:
    """A copy that the test may go on with. Its paths differ, which must change nothing."""
    home = tmp_path / "home"
    shutil.copytree(undisturbed.home, home)
    return Undisturbed(home, undisturbed.told)


@pytest.fixture(scope="session")
def lantern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lantern]:
    """The company of three days."""
    with lantern_in(tmp_path_factory.mktemp("lantern")) as made:
        yield made
