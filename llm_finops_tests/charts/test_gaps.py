"""A line goes through days that have a value, and through no other."""

import re

import pytest

from llm_finops.charts import Chart, Point, by_day, svg
from llm_finops.charts.kinds import Mark
from llm_finops.core.days import each_day


def points(*days: int | None, series: str = "cost") -> list[Point]:
    return [Point(f"2026-11-{day:02d}", series, float(day), "said") for day in days if day is not None]


def strokes(chart: Chart) -> list[int]:
    """How many days each stroke of the lines goes through; what is drawn as a dot is 1, as a dot."""
    text = svg(chart)
    lines = re.findall(r'aria-hidden="true" stroke-width="2"[^>]*d="([^"]*)"|d="([^"]*)"[^>]*stroke-width="2"', text)
    paths = [piece for found in lines for path in found for piece in path.split("M") if "L" in piece]
    return [len(set(re.findall(r"(?:^|L)([\d.]+),", piece))) for piece in paths]


def dots(chart: Chart) -> int:
    return len(re.findall(r'<path [^>]*d="M[\d.]+,0A', svg(chart)))


@pytest.mark.parametrize("mark", ["line", "step"])
def test_a_day_without_a_point_is_a_gap_and_a_lone_day_a_dot(mark: Mark) -> None:
    chart = by_day("t", "s", points(1, 2, 8, 20, 21), unit="USD", mark=mark)
    assert strokes(chart) == [2, 2]
    assert dots(chart) == 1


def test_one_without_a_value_is_one_too_and_each_series_has_its_own() -> None:
    unknown = Point("2026-11-02", "cost", None, "not known")
    chart = by_day("t", "s", [*points(1, 3), unknown, *points(1, 2, 3, series="revenue")], unit="USD")
    assert (strokes(chart), dots(chart)) == ([3], 2)


def test_of_days_without_a_gap_it_is_one_stroke() -> None:
    chart = by_day("t", "s", points(1, 2, 3, 4), unit="USD")
    assert (strokes(chart), dots(chart)) == ([4], 0)
    assert dots(by_day("t", "s", points(1), unit="USD")) == 1


def test_the_days_that_are_asked_for_are_there_without_a_point() -> None:
    chart = by_day("t", "s", points(3, 4), unit="USD", over=each_day("2026-10-20", "2026-11-20"))
    found = re.findall(r">(\d+ \w+)</text>", svg(chart))
    assert any("Oct" in label for label in found)
    assert any(int(label.split()[0]) > 10 for label in found if "Nov" in label)


def test_a_bar_is_no_wider_than_its_day() -> None:
    text = svg(by_day("t", "s", points(1, 11, 21), unit="USD", mark="stack"))
    bars = [float(width) for width in re.findall(r'd="M[^",]+,[\d.]+h([\d.]+)v[^>]*fill="var', text)]
    assert len(bars) == 3
    assert 10 < max(bars) < 480 / 21


@pytest.mark.parametrize("mark", ["line", "step", "stack"])
def test_without_any_day_it_is_an_empty_picture(mark: Mark) -> None:
    assert svg(by_day("t", "s", [], unit="USD", mark=mark)).startswith("<svg")
