"""A month of days on a telephone: cost above, gross margin below, each on a scale of its own, in large type."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from llm_finops.charts.chart import SCHEMA, Chart
from llm_finops.charts.theme import BAD, GOOD, GRID, INK, MUTED, NEUTRAL, config

WIDTH, HEIGHT = 510, 84  # of one of the two; the picture is about 600 × 375
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"  # the renderer brings the first
_LABEL, _TEXT, _TITLE = 17, 18, 23
_WEEK = 7
_BAR = 44  # the widest
# "~s" alone would write 0.004 as 4m, and a 0 among thousands as 0k.
_AMOUNT = "datum.value === 0 ? '0' : format(datum.value, abs(datum.value) < 1 ? '~f' : '~s')"
_PALE = 0.45
_LEFT = 56  # of both scales, so that a day stands below itself


class Day(NamedTuple):
    """A day as it is written (2 Oct), with its amounts in whole units; None is a question mark, since it is not 0.

    A day that is not `final` is drawn pale.
    """

    name: str
    cost: float | None
    margin: float | None
    final: bool


def month(title: str, says: str, days: Sequence[Day], *, newest: str, notes: Sequence[str], unit: str) -> Chart:
    """Days, oldest first. `newest` is the last day in words; `notes` are what has to be said of the bars."""
    names = [day.name for day in days]
    rows = [{"day": day.name, "cost": day.cost, "margin": day.margin, "final": day.final} for day in days]
    sign = {"condition": {"test": "datum.margin < 0", "value": BAD}, "value": GOOD}
    spec = {
        "data": {"values": rows},
        "vconcat": [
            _bars("cost", f"Cost (cogs), {unit}", {"value": NEUTRAL}, names, labels=False),
            _bars("margin", f"Gross margin, {unit}", sign, names, labels=True),
        ],
        "spacing": 12,
        "title": {
            "text": title,
            "subtitle": [newest, *notes],
            "anchor": "start",
            "frame": "bounds",
            "offset": 10,
            "color": INK,
            "fontSize": _TITLE,
            "subtitleColor": INK,
            "subtitleFontSize": _TEXT,
            "subtitlePadding": 6,
        },
        "config": {**config(), "font": _FONT},
    }
    return Chart(title, says, {"$schema": SCHEMA, **spec})


def _bars(field: str, title: str, colour: dict[str, Any], names: Sequence[str], *, labels: bool) -> dict[str, Any]:
    x: dict[str, Any] = {"field": "day", "type": "ordinal", "sort": list(names), "title": None}
    step = _WEEK if len(names) > _WEEK else 1
    shown = list(names[::-1][::step])  # the newest day, and the same weekday before it
    x["axis"] = {"values": shown, "labels": labels, "labelAngle": 0, "labelFontSize": _LABEL, "labelColor": MUTED}
    x["axis"] |= {"ticks": labels, "tickColor": GRID, "domain": False, "labelOverlap": False, "labelFlush": False}
    y = {"field": field, "type": "quantitative", "title": None, "scale": {"zero": True, "nice": True}}
    axis: dict[str, Any] = {
        "labelExpr": _AMOUNT,
        "tickCount": 2,
        "labelFontSize": _LABEL,
        "domain": False,
        "ticks": False,
    }
    axis |= {"minExtent": _LEFT, "maxExtent": _LEFT}
    pale = {"condition": {"test": "datum.final", "value": 1}, "value": _PALE}
    bar = {"type": "bar", "aria": False, "width": min(0.78 * WIDTH / len(names), _BAR)}
    bars = {"mark": bar, "encoding": {"x": x, "y": {**y, "axis": axis}, "color": colour, "opacity": pale}}
    doubt = {"type": "text", "aria": False, "text": "?", "fontSize": _LABEL, "baseline": "bottom", "color": MUTED}
    doubts = {
        "transform": [{"filter": f"datum.{field} === null"}],
        "mark": doubt,
        "encoding": {"x": x, "y": {"datum": 0, "type": "quantitative"}},
    }
    named = {"text": title, "anchor": "start", "fontSize": _TEXT, "fontWeight": "bold", "color": MUTED, "offset": 4}
    return {"layer": [bars, doubts], "width": WIDTH, "height": HEIGHT, "title": named}
