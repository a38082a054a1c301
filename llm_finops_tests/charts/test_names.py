"""Names come from outside: whatever they are, they are drawn as text, each in its own place, and none ends anything."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_finops.charts import Chart, NotDrawn, Point, bars, by_day, by_group, paired, png, scatter, svg, waterfall

OF_VEGA = ("toString", "constructor", "valueOf", "__proto__", "hasOwnProperty", "isPrototypeOf", "toLocaleString")
NOT_XML = ("\x01", "\x0b", "\x0c", "\x1b", "\ud800", "\ufffe", "\uffff")
NAMES = st.one_of(
    st.sampled_from(
        [*OF_VEGA, *(f"acme{odd}" for odd in NOT_XML), "", " ", "<b>&amp;\"'", "\x7f\x85\r\n\t", "a\u2028b\u2029"]
    ),
    st.text(st.characters(), max_size=12),
)


def named(names: list[str]) -> list[Point]:
    return [Point(name, name, n + 1.0, name) for n, name in enumerate(names)]


def days(names: list[str]) -> list[Point]:
    return [Point(f"2026-11-{day:02d}", name, day + 1.0, name) for name in names for day in (1, 2, 3)]


KINDS: dict[str, Callable[[list[str]], Chart]] = {
    "bars": lambda names: bars("t", "s", named(names), unit="USD"),
    "line": lambda names: by_day("t", "s", days(names), unit="USD"),
    "stack": lambda names: by_day("t", "s", days(names), unit="USD", mark="stack"),
    "step": lambda names: by_day("t", "s", days(names), unit="USD", mark="step"),
    "paired": lambda names: paired("t", "s", named(names), unit="USD"),
    "scatter": lambda names: scatter(
        "t", "s", [(1.0 + n, 2.0, name, name) for n, name in enumerate(names)], x_unit="a", y_unit="b"
    ),
    "by_group": lambda names: by_group("t", "s", named(names), axis="a", unit="USD"),
    "waterfall": lambda names: waterfall("t", "s", named(names), unit="USD"),
}


def said(chart: Chart) -> list[str]:
    """What each mark says of itself, of a picture that is XML."""
    marks = [of for of in ET.fromstring(svg(chart)).iter() if of.get("role") == "graphics-symbol"]  # noqa: S314
    return [of.get("aria-label", "") for of in marks]


def labels(chart: Chart) -> list[str]:
    return [of.text or "" for of in ET.fromstring(svg(chart)).iter() if of.tag.endswith("text")]  # noqa: S314


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from([*KINDS]), names=st.lists(NAMES, min_size=1, max_size=5, unique=True))
def test_whatever_a_name_is_there_is_a_picture_with_a_mark_for_each(kind: str, names: list[str]) -> None:
    marks = said(KINDS[kind](names))
    assert len(marks) == (3 if kind in {"line", "stack", "step"} else len(names))  # of days, one for all series


@pytest.mark.parametrize("kind", [*KINDS])
@pytest.mark.parametrize("name", OF_VEGA)
def test_a_name_that_means_something_to_vega_is_a_name(kind: str, name: str) -> None:
    assert name in labels(KINDS[kind]([name, "acme"]))


@pytest.mark.parametrize("odd", NOT_XML)
def test_what_cannot_be_written_is_shown_as_such_and_two_names_stay_two(odd: str) -> None:
    chart = KINDS["bars"]([f"acme{odd}", "acme\x02"])
    assert labels(chart).count("acme\ufffd") == 2
    assert png(chart).startswith(b"\x89PNG")


def test_a_page_is_told_what_the_renderer_does_not_take() -> None:
    with pytest.raises(NotDrawn, match=r"\w"):
        svg(Chart("t", "s", {"mark": "no such mark", "config": {}}))
