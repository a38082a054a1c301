"""When a request was made: ISO, epochs of every grain, zones; what cannot be placed is on no day."""

from pathlib import Path

import pytest

from llm_finops.core.records import LogDay
from llm_finops.engine import FileDays, Workspace, survey
from llm_finops_tests.engine.made import row, source, write


def surveyed(tmp_path: Path, *times: str | None, zone: str | None = None) -> FileDays:
    path = write(tmp_path / "l.csv", [row(request_id=str(i), ts=ts) for i, ts in enumerate(times)])
    (file,) = survey(source(time_zone=zone), [path], Workspace(tmp_path / "scratch"))
    assert file.rows == len(times)
    return file


def days(file: FileDays) -> dict[str, int]:
    assert all(isinstance(day, LogDay) for day in file.days.values())
    return {day: held.rows for day, held in file.days.items()}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-09-01T23:59:59.999999Z", "2026-09-01"),
        ("2026-09-01T23:59:59.9999999Z", "2026-09-01"),
        ("2026-09-01 23:59:59.999999999 UTC", "2026-09-01"),
        ("2026-09-02T00:00:00Z", "2026-09-02"),
        ("2026-09-02T05:29:59+05:30", "2026-09-01"),
        ("2026-09-02T05:30:00+0530", "2026-09-02"),
        ("2026-09-01T23:00-01", "2026-09-02"),
        ("2026-09-01T00:00:00-00:00", "2026-09-01"),
        ("1788220799", "2026-08-31"),
        ("1788220800", "2026-09-01"),
        ("1788307199999", "2026-09-01"),
        ("1788307199999999", "2026-09-01"),
        ("1788307199999999999", "2026-09-01"),
        ("1788307199.9999999", "2026-09-01"),
        ("2024-02-29T12:00:00Z", "2024-02-29"),
    ],
)
def test_a_time_is_on_its_utc_day(tmp_path: Path, text: str, day: str) -> None:
    assert days(surveyed(tmp_path, text)) == {day: 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-09-01T10:00:00", "no zone"),
        ("2026-09-01 10:00:00.1234567", "no zone"),
        (None, "no time"),
        ("2026-09-01", "unreadable time"),
        ("2026-09-01T23:59:60Z", "unreadable time"),
        ("2026-09-01T24:00:00Z", "unreadable time"),
        ("2026-02-30T00:00:00Z", "unreadable time"),
        ("09/01/2026 10:00", "unreadable time"),
        ("yesterday", "unreadable time"),
        ("0", "unreadable time"),
        ("99999999999999999999", "unreadable time"),
        ("0001-01-01T00:00:00Z", "unlikely year"),
        ("9999-12-31T23:59:59Z", "unlikely year"),
        ("1999-12-31T23:59:59Z", "unlikely year"),
        ("900000000", "unlikely year"),
    ],
)
def test_a_time_that_cannot_be_placed_is_on_no_day(tmp_path: Path, text: str | None, reason: str) -> None:
    file = surveyed(tmp_path, text)
    assert (file.days, file.undated) == ({}, {reason: 1})


def test_a_naive_time_is_of_the_declared_zone(tmp_path: Path) -> None:
    naive = ("2026-09-01 19:59:59.9999999", "2026-09-01 20:00:00")
    assert days(surveyed(tmp_path, *naive, zone="America/New_York")) == {"2026-09-01": 1, "2026-09-02": 1}
    assert days(surveyed(tmp_path, *naive, zone="UTC")) == {"2026-09-01": 2}


def test_an_offset_goes_before_the_declared_zone(tmp_path: Path) -> None:
    assert days(surveyed(tmp_path, "2026-09-01T23:00:00Z", zone="Asia/Tokyo")) == {"2026-09-01": 1}


def test_days_of_23_and_25_hours_lose_and_double_no_hour(tmp_path: Path) -> None:
    spring = [f"2026-03-08 {hour:02}:30:00" for hour in range(24) if hour != 2]
    autumn = [f"2026-11-01 {hour:02}:30:00" for hour in range(24)]
    file = surveyed(tmp_path, *spring, *autumn, zone="America/New_York")
    # 19 hours of 8 March are left in UTC at -5 and then -4; 20 local hours fall on 1 November, 4 and 5 after.
    assert days(file) == {"2026-03-08": 19, "2026-03-09": 4, "2026-11-01": 19, "2026-11-02": 5}
