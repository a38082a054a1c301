"""The picture of a month: what is drawn of which day, and that it is a PNG of a telephone's shape."""

import struct
from typing import Any

import pytest

from llm_finops.charts import Chart, Day, NotDrawn, month, png, svg


def drawn(*days: Day, notes: tuple[str, ...] = ()) -> Chart:
    return month(
        "Cost and gross margin, 30 days", "In words.", days, newest="3 Oct: cost $3.00", notes=notes, unit="USD"
    )


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


THIRTY = [Day(f"{n} Sep", 90.0 + n, 40.0 - 2 * n, final=n < 29) for n in range(1, 31)]


def test_thirty_days_are_a_wide_picture_with_its_figures_written_in_it() -> None:
    chart = drawn(*THIRTY, notes=("pale: not final",))
    width, height = size(png(chart))
    assert 1100 <= width <= 1300
    assert 620 <= height <= 780
    text = svg(chart)
    for said in (
        "Cost and gross margin, 30 days",
        "3 Oct: cost $3.00",
        "pale: not final",
        "Cost (cogs), USD",
        "30 Sep",
    ):
        assert said in text
    assert "29 Sep" not in text  # a label a week, up to the newest


def bars(chart: Chart, field: str) -> list[tuple[str, float, bool]]:
    return [(row["day"], row[field], row["final"]) for row in rows(chart) if row[field] is not None]


def rows(chart: Chart) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart.spec["data"]["values"]
    return found


def test_what_is_not_known_is_a_question_mark_and_0_is_not() -> None:
    chart = drawn(
        Day("1 Oct", 5.0, None, final=True), Day("2 Oct", 0.0, 0.0, final=True), Day("3 Oct", None, None, final=False)
    )
    assert bars(chart, "cost") == [("1 Oct", 5.0, True), ("2 Oct", 0.0, True)]
    assert bars(chart, "margin") == [("2 Oct", 0.0, True)]
    assert svg(chart).count(">?<") == 3


@pytest.mark.parametrize(
    "days",
    [
        [Day("3 Oct", 5.0, 1.0, final=True)],
        [Day("3 Oct", None, None, final=False)],
        [Day("3 Oct", 0.0, 0.0, final=True)],
        [Day(day.name, day.cost, None, final=True) for day in THIRTY],
        [Day(day.name, 9e9, -9e9, final=True) for day in THIRTY],
    ],
)
def test_few_days_unknown_ones_and_large_sums_keep_the_shape(days: list[Day]) -> None:
    width, height = size(png(drawn(*days)))
    assert 1100 <= width <= 1300
    assert 560 <= height <= 780


def test_below_zero_is_of_another_colour_and_a_day_that_is_not_final_is_pale() -> None:
    text = svg(drawn(*THIRTY))
    assert text.count("var(--good)") == 20  # 40 − 2n is above 0 up to the 19th; the 20th has a bar of no height
    assert text.count("var(--bad)") == 10
    assert text.count('opacity="0.45"') == 2 * 2


def test_the_scale_is_written_in_whole_units_and_few_days_each_have_their_name() -> None:
    text = svg(drawn(Day("1 Oct", 0.004, -20_000.0, final=True), Day("2 Oct", 0.0, 10_000.0, final=True)))
    for said in (">0.004<", ">−20k<", ">0<", ">1 Oct<", ">2 Oct<"):
        assert said in text
    assert "4m<" not in text
    assert ">0k<" not in text


def test_what_the_renderer_does_not_take_is_said() -> None:
    with pytest.raises(NotDrawn, match=r"\w"):
        png(Chart("t", "s", {"mark": "no such mark", "config": {}}))
