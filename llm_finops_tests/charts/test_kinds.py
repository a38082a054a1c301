"""What is read off a picture: its axis says amounts as people write them, and each bar what it is."""

import itertools
import re

import pytest

from llm_finops.charts import Chart, Point, by_day, by_group, paired, svg


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


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((3.0, 1_200.0, 40.0), ["0", "1", "10", "100", "1,000"]),
        ((-250.0, 20.0, None), ["\N{MINUS SIGN}100", "\N{MINUS SIGN}10", "\N{MINUS SIGN}1", "0", "1", "10"]),
    ],
)
def test_groups_stand_in_their_order_on_a_scale_with_both_sides_of_zero(
    values: tuple[float | None, ...], said: list[str]
) -> None:
    groups = ("9", "10", "11")  # which sorts otherwise as text
    points = [Point(at, "cost", value, f"{at}: {value}") for at, value in zip(groups, values, strict=True)]
    text = svg(by_group("By group", "In words.", points, axis="group", unit="USD"))
    words = re.findall(r"<text [^>]*>([^<]+)</text>", text)
    at = words.index(said[0])
    assert words[at : at + len(said)] == said
    at = words.index(groups[0])
    assert words[at : at + 3] == list(groups)
    dots = re.findall(r'aria-label="(\d+: [^"]+)"', text)
    assert dots == [f"{at}: {value}" for at, value in zip(groups, values, strict=True) if value is not None]


def test_a_price_stays_as_it_is_until_the_next_day_and_what_lies_on_it_is_dashed() -> None:
    days = ("2026-10-01", "2026-10-02", "2026-10-03")
    points = [
        Point(day, name, value, f"{name} {value}")
        for name in ("contract", "by the bill")
        for day, value in zip(days, (2.0, 2.0, 3.0), strict=True)
    ]
    drawn = re.findall(
        r'<path [^>]*d="(M[^"]+)"([^>]*)>', svg(by_day("P", "In words.", points, unit="USD", mark="step"))
    )
    lines = [(path, more) for path, more in drawn if 'stroke-width="2"' in more and path.count("L") >= 3]
    assert len(lines) == 2
    for path, _ in lines:
        at = [tuple(map(float, pair.split(","))) for pair in re.findall(r"-?[\d.]+,-?[\d.]+", path)]
        assert all(x == x1 or y == y1 for (x, y), (x1, y1) in itertools.pairwise(at))  # no slope
    assert ['stroke-dasharray="5,5"' in more for _, more in lines] == [False, True]
