"""The demo's company behind the dashboard, and a browser before it."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from llm_finops_tests import chromium
from llm_finops_tests.acceptance.conftest import Undisturbed, plays, undisturbed
from llm_finops_tests.dashboard.serving import demo_environment, served

__all__ = ["plays", "undisturbed"]  # the play that acceptance reads, too


@pytest.fixture(scope="session")
def demo(undisturbed: Undisturbed) -> Iterator[httpx.Client]:
    """The dashboard on the demo's six days; nobody may change them."""
    with served(demo_environment(undisturbed.home)) as client:
        yield client


@pytest.fixture(scope="session")
def demo_ledger(undisturbed: Undisturbed) -> Path:
    """The ledger's file behind it, for a test's own reckoning."""
    return undisturbed.home / "ledger.sqlite"


@pytest.fixture(scope="module")  # its event loop runs as long as it does, and Dagster wants one of its own
def browser() -> Iterator[Browser]:
    if chromium.found() is None and os.environ.get("LLM_FINOPS_REQUIRE_BROWSER") != "1":
        pytest.skip("there is no Chromium here (Debian: apt install chromium)")
    with chromium.started() as made:
        yield made
