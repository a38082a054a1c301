"""What is read off a picture: its axis says amounts as people write them, and each bar what it is."""

import re

import pytest

from llm_finops.charts import Chart, Point, by_day, paired, svg


def labels(chart: Chart) -> set[str]:
    return set(re.findall(r"<text [^>]*>([^<]+)</text>", svg(chart)))


def line(*values: float, log: bool = False) -> Chart:
    points = [Point(f"2026-10-0{n}", "cost", value, f"cost {value}") for n, value in enumerate(values, start=1)]
    return by_day("Cost", "In words.", points, unit="USD", log=log)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.0, 0.03), "0.01"),
        ((0.0, 0.004), "0.002"),
        ((0.0, 3_000.0), "1k"),
        ((0.0, 2_500_000.0), "1M"),
        ((0.0, 4.0), "2"),
    ],
)
def test_a_part_of_one_is_written_out_and_thousands_are_short(values: tuple[float, ...], said: str) -> None:
    found = labels(line(*values))
    assert said in found
    assert not [label for label in found if re.fullmatch(r"[\d.]+[mµ]", label)]  # 10m would be read as ten million


@pytest.mark.parametrize(
    ("values", "powers"),
    [
        ((0.002, 0.5), {"0.001", "0.01", "0.1", "1"}),
        ((0.02, 30.0), {"0.01", "0.1", "1", "10", "100"}),
        ((1.0, 1.0), {"1"}),
    ],
)
def test_a_log_scale_has_a_line_for_each_power_of_ten(values: tuple[float, ...], powers: set[str]) -> None:
    amounts = {label for label in labels(line(*values, log=True)) if re.fullmatch(r"[\d.]+", label)}
    assert amounts == powers


def test_of_a_pair_each_bar_says_what_it_is_and_what_is_not_known_has_none() -> None:
    points = [
        Point("<chat>", "cost", 2.0, "<chat>: cost $2.00"),
        Point("<chat>", "revenue", 1.0, "<chat>: revenue $1.00"),
        Point("search", "cost", 3.0, "search: cost $3.00"),
        Point("search", "revenue", None, "search: revenue not known"),
    ]
    text = svg(paired("Cost and revenue", "In words.", points, unit="USD"))
    assert "<chat>" not in text
    bars = re.findall(r'aria-label="([^"]+)" role="graphics-symbol"[^>]*d="([^"]+)"', text)
    assert len(bars) >= 3
    drawn = dict(bars)
    assert "&lt;chat>: cost $2.00" in drawn or "&lt;chat&gt;: cost $2.00" in drawn
    widths = {name: max(map(float, re.findall(r"-?\d+(?:\.\d+)?", path))) for name, path in bars}
    assert widths["search: cost $3.00"] == max(widths.values())
