"""The clock of the made-up world."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.config.config import read_clock
from llm_finops.demo.clock import Clock, ClockError

START = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def test_it_shows_what_it_was_set_to_in_another_reader_too(tmp_path: Path) -> None:
    Clock(tmp_path / "home" / "clock").advance_to(START)
    assert Clock(tmp_path / "home" / "clock").now() == START
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["clock"]


def test_the_pipeline_reads_the_same_file(tmp_path: Path) -> None:
    Clock(tmp_path / "clock").advance_to(START)
    assert read_clock({"LLM_FINOPS_CLOCK": str(tmp_path / "clock")})() == "2026-11-24T06:30:00Z"


@given(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=8))
def test_it_never_goes_back(seconds: list[int]) -> None:
    with TemporaryDirectory() as folder:
        clock = Clock(Path(folder) / "clock")
        for n, second in enumerate(seconds):
            shown = clock.advance_to(START + timedelta(seconds=second))
            assert shown == clock.now() == START + timedelta(seconds=max(seconds[: n + 1]))


def test_an_instant_of_another_zone_is_kept_as_utc(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    clock.advance_to(START.astimezone(timezone(timedelta(hours=9))))
    assert clock.path.read_text(encoding="utf-8") == "2026-11-24T06:30:00Z\n"


def test_a_file_that_is_missing_or_holds_no_instant_is_an_error_that_shows_it(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    with pytest.raises(ClockError, match="clock: expected an instant"):
        clock.now()
    for text in ("tomorrow", "2026-11-24T06:30:00"):
        clock.path.write_text(text, encoding="utf-8")
        with pytest.raises(ClockError, match="2026-11-24T06:30:00Z"):
            clock.now()
    with pytest.raises(ValueError, match="zone"):
        clock.advance_to(datetime(2026, 1, 1))  # noqa: DTZ001  (that it has none is the point)
