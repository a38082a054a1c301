"""A little company, new or played once and copied."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import stamina

from llm_finops.demo.standins.slack import TOKEN
from llm_finops.pipeline.reference import book_reference
from llm_finops_tests.pipeline.little import Little, copied
from llm_finops_tests.pipeline.workspace import Workspace


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Tries are made as configured, without the pauses between them."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="llm-finops-") as name:
        yield Path(name)


@pytest.fixture
def root(quick_folder: Path) -> Iterator[Path]:
    """An empty folder of the test's own."""
    with tempfile.TemporaryDirectory(dir=quick_folder) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def _played_once(quick_folder: Path) -> Path:
    company = Little(quick_folder / "played").found()
    report = company.run()
    assert (report.ok, report.failed) == (True, [])
    return company.root


@pytest.fixture(scope="session")
def _priced_once(quick_folder: Path) -> Path:
    company = Little(quick_folder / "priced").found()
    with company.finops.work("priced") as work:
        book_reference(work)
    return company.home


@pytest.fixture
def little(root: Path, _priced_once: Path) -> Little:
    """The little company. Prices and settings are booked, which takes longest and is not what most tests are about."""
    company = Little(root / "company").found()
    shutil.copytree(_priced_once, company.home)
    return company


@pytest.fixture
def bare(root: Path) -> Little:
    """The little company, with nothing booked yet and no ledger."""
    return Little(root / "company").found()


@pytest.fixture
def played(root: Path, _played_once: Path) -> Little:
    """The little company after a backfill of all its days."""
    return copied(_played_once, root / "copy")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    made = Workspace(root)
    yield made
    made.go_down()


@pytest.fixture
def due(played: Little, workspace: Workspace) -> Little:
    """The little company after its backfill: one message is due."""
    played.configure(workspace.toml)
    played.environment["SLACK_BOT_TOKEN"] = TOKEN
    return played
