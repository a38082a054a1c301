"""A made-up company's stand-ins, running, at a time the test may move."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llm_finops.demo.clock import Clock
from llm_finops.demo.standins import Standins

MORNING = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    clock = Clock(tmp_path / "home" / "clock")
    clock.advance_to(MORNING)
    return clock


@pytest.fixture
def standins(tmp_path: Path, clock: Clock) -> Iterator[Standins]:
    with Standins(tmp_path / "home", clock) as running:
        yield running
