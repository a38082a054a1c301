"""The kinds of pictures there are; a page picks one and gives it points."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from llm_finops.charts.chart import SCHEMA, Chart, Point
from llm_finops.charts.theme import BAD, GOOD, HEIGHT, INK, MUTED, NEUTRAL, SERIES, WIDTH, config
from llm_finops.core.days import each_day

_BAR_HEIGHT, _TALL = 20, 260
_LOG_OR_0 = {"type": "symlog", "constant": 0.1}
_SHORT = 8  # characters of a name
_NAME = "slice(datum.label, indexof(datum.label, ' ') + 1)"  # of a key
_FEW_DAYS = 7
Mark = Literal["line", "step", "stack"]


def by_day(
    title: str,
    says: str,
    points: Sequence[Point],
    *,
    unit: str,
    mark: Mark = "line",
    log: bool = False,
    height: int = HEIGHT,
    over: Sequence[str] = (),
) -> Chart:
    """Series over days, as lines or as stacked bars. `x` of a point is its day; `over`: the days there are, if more.

    A day on which a series has no point, or one without a value, is a gap in its line; a lone day is a dot.
    A step is a line that stays as it is until the next day: of what holds from then on, as prices do.
    """
    keys = _keys(point.series for point in points)
    series = list(keys.values())
    found = sorted({*over, *(point.x for point in points)})
    every = each_day(found[0], found[-1]) if found else []
    days = len(every)
    x = _days(days)
    y: dict[str, Any] = {"field": "value", "type": "quantitative", "title": unit, "axis": _amounts()}
    y["scale"] = {"type": "log"} if log else {"zero": mark != "step"}
    if log:  # a line a power of ten: one for every digit between is a grey wall
        y["axis"] = {**_amounts(), "tickCount": None, "values": _powers(point.value for point in points if point.value)}
    colour = _coloured(series)
    like = {"symbolType": "square" if mark == "stack" else "stroke", "columns": _beside(list(keys))}
    colour["legend"] = {**colour["legend"], **like} if len(series) > 1 else None
    drawn = {"x": x, "y": y, "color": colour}
    if mark == "stack":
        width = max(1.5, 0.8 * WIDTH / max(days, 1))
        x["scale"] = {"type": "utc", "padding": width / 2}  # else half of the first day's bar hides the axis
        bar = {"type": "bar", "aria": False, "width": width}
        layers = [{"mark": bar, "encoding": {**drawn, "order": {"field": "rank", "type": "quantitative"}}}]
        rows = [{**_row(point), "rank": [*keys].index(point.series)} for point in points]
    else:
        layers = _lines(drawn, series, mark)
        rows = [row for name in keys for row in _each(points, name, every)]
    rows = [{**row, "series": keys[row["series"]]} for row in rows]
    layers.append(_pointed_at(points, x, days))
    return _chart(title, says, rows, {"layer": layers, "width": WIDTH, "height": height})


def _days(days: int) -> dict[str, Any]:
    """The axis of so many days; of few, a tick a day, or else it ticks by hours and says days twice."""
    ticks: Any = 6 if days > _FEW_DAYS else {"interval": "day", "step": 1}
    axis = {"format": "%-d %b", "grid": False, "tickCount": ticks, "labelOverlap": True}
    return {"field": "x", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": axis}


def _lines(drawn: dict[str, Any], series: Sequence[str], mark: Mark) -> list[dict[str, Any]]:
    """A line a series, and a dot where it would have no length."""
    line = {"type": "line", "aria": False, "strokeWidth": 2, "invalid": "break-paths-show-domains"}
    dot = {"type": "circle", "aria": False, "size": 30, "opacity": 1}
    dots = {"mark": dot, "transform": [{"filter": "datum.lone"}], "encoding": drawn}
    if mark == "line":
        return [{"mark": line, "encoding": drawn}, dots]
    # What is equal lies one on the other: the last is dashed.
    dashed: dict[str, Any] = {"field": "series", "type": "nominal", "sort": series, "legend": None}
    dashed["scale"] = {"domain": series, "range": _dashes(len(series))}
    return [{"mark": {**line, "interpolate": "step-after"}, "encoding": {**drawn, "strokeDash": dashed}}, dots]


def _each(points: Sequence[Point], series: str, days: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a series for every day; `lone` where neither the day before nor the day after has a value."""
    by_day: dict[str, list[Point]] = {}
    for point in points:
        if point.series == series:
            by_day.setdefault(point.x, []).append(point)
    known = [any(point.value is not None for point in by_day.get(day, ())) for day in days]
    lone = [
        at and not before and not after
        for before, at, after in zip([False, *known], known, [*known[1:], False], strict=False)
    ]
    return [
        {**_row(point), "lone": alone}
        for day, alone in zip(days, lone, strict=True)
        for point in by_day.get(day, [Point(day, series, None, "")])
    ]


def by_group(title: str, says: str, points: Sequence[Point], *, axis: str, unit: str) -> Chart:
    """Series over groups that have an order, which is that of the points, on a scale for small and large at once."""
    series, groups = _keys(point.series for point in points), _keys(point.x for point in points)
    x: dict[str, Any] = {"field": "x", "type": "ordinal", "sort": list(groups.values()), "title": axis}
    x["axis"] = {"labelAngle": 0, "labelExpr": _NAME, "grid": False}
    y = {"field": "value", "type": "quantitative", "title": unit, "scale": _LOG_OR_0}
    y["axis"] = _both_sides([point.value for point in points if point.value is not None])
    encoding = {"x": x, "y": y, "color": _coloured(series.values())}
    line = {"type": "line", "aria": False, "strokeWidth": 2, "invalid": "break-paths-show-domains"}
    dots = {"mark": {"type": "circle", "size": 50, "opacity": 1, "aria": True}}
    dots |= {"encoding": {**encoding, "description": {"field": "said", "type": "nominal"}}}
    spec = {"layer": [{"mark": line, "encoding": encoding}, dots], "width": WIDTH, "height": _TALL}
    rows = [{**_row(point), "x": groups[point.x], "series": series[point.series]} for point in points]
    return _chart(title, says, rows, spec)


def bars(title: str, says: str, points: Sequence[Point], *, unit: str, signed: bool = False) -> Chart:
    """One bar a name, in the order given; `signed`: below zero in another colour."""
    rows = [{**_row(point), "x": f"{place} {point.x}"} for place, point in enumerate(points)]
    y: dict[str, Any] = {"field": "x", "type": "nominal", "sort": [row["x"] for row in rows], "title": None}
    y["axis"] = {"ticks": False, "domain": False, "labelLimit": 130, "labelPadding": 6, "labelExpr": _NAME}
    x = {"field": "value", "type": "quantitative", "title": unit, "axis": {**_amounts(), "tickCount": 5}}
    colour: dict[str, Any] = {"value": NEUTRAL}
    if signed:
        colour = {"condition": {"test": "datum.value < 0", "value": BAD}, "value": GOOD}
    encoding = {"x": x, "y": y, "color": colour, "description": {"field": "said", "type": "nominal"}}
    mark = {"type": "bar", "aria": True, "cornerRadiusEnd": 2}
    spec = {"mark": mark, "encoding": encoding, "width": WIDTH - 80, "height": {"step": _BAR_HEIGHT}}
    return _chart(title, says, rows, spec)


def paired(title: str, says: str, points: Sequence[Point], *, unit: str) -> Chart:
    """A bar a series for each name, beneath each other: names and series in the order given."""
    names, series = _keys(point.x for point in points), _keys(point.series for point in points)
    y: dict[str, Any] = {"field": "x", "type": "nominal", "sort": list(names.values()), "title": None}
    y["axis"] = {"ticks": False, "domain": False, "labelLimit": 130, "labelPadding": 6, "labelExpr": _NAME}
    y["scale"] = {"paddingInner": 0.35}
    encoding = {
        "x": {"field": "value", "type": "quantitative", "title": unit, "axis": {**_amounts(), "tickCount": 5}},
        "y": y,
        "yOffset": {"field": "series", "type": "nominal", "sort": list(series.values())},
        "color": _coloured(series.values()),
        "description": {"field": "said", "type": "nominal"},
    }
    mark = {"type": "bar", "aria": True, "cornerRadiusEnd": 2}
    height = {"step": _BAR_HEIGHT // 2, "for": "offset"}
    spec = {"mark": mark, "encoding": encoding, "width": WIDTH - 80, "height": height}
    rows = [{**_row(point), "x": names[point.x], "series": series[point.series]} for point in points]
    return _chart(title, says, rows, spec)


def waterfall(title: str, says: str, points: Sequence[Point], *, unit: str) -> Chart:
    """From one total to another by what lies between. `series` of a point: total, or step (its value is the change)."""
    rows, level = [], 0.0
    for place, point in enumerate(points):
        value = point.value or 0.0
        start = 0.0 if point.series == "total" else level
        level = start + value
        colour = NEUTRAL if point.series == "total" else BAD if value > 0 else GOOD
        row = {**_row(point), "x": f"{place} {point.x}", "from": start, "to": level}
        rows.append({**row, "colour": colour, "place": place})
    x: dict[str, Any] = {"field": "x", "type": "nominal", "sort": {"field": "place"}, "title": None}
    x["axis"] = {"labelAngle": 0, "labelLimit": 90, "labelFontSize": 10, "labelExpr": f"split({_NAME}, ' ')"}
    encoding = {
        "x": x,
        "y": {"field": "from", "type": "quantitative", "title": unit, "axis": _amounts(), "scale": {"zero": False}},
        "y2": {"field": "to"},
        "color": {"field": "colour", "type": "nominal", "scale": None, "legend": None},
        "description": {"field": "said", "type": "nominal"},
    }
    spec = {"mark": {"type": "bar", "aria": True}, "encoding": encoding, "width": WIDTH, "height": HEIGHT}
    return _chart(title, says, rows, spec)


def scatter(
    title: str,
    says: str,
    points: Sequence[tuple[float, float, str, str]],
    *,
    x_unit: str,
    y_unit: str,
    log: bool = True,
) -> Chart:
    """Points (x, y, series, said), with the line on which both are equal: right of it y does not pay for x."""
    scale: dict[str, Any] = _LOG_OR_0 if log else {"zero": True}
    series = _keys(of for _, _, of, _ in points)
    rows = [{"at": x, "value": y, "series": series[of], "said": said} for x, y, of, said in points]
    top = max([1.0, *(max(x, y) for x, y, _, _ in points)])
    low = min([0.0, *(min(x, y) for x, y, _, _ in points)])
    axis = _both_sides([low, top]) if log else _amounts()
    axes = {
        "x": {"field": "at", "type": "quantitative", "title": x_unit, "scale": scale, "axis": axis},
        "y": {"field": "value", "type": "quantitative", "title": y_unit, "scale": scale, "axis": axis},
    }
    ends = [{"at": low, "value": low}, {"at": top, "value": top}]
    dashed = {"type": "line", "aria": False, "strokeDash": [4, 4], "color": MUTED}
    even = {"data": {"values": ends}, "mark": dashed, "encoding": axes}
    marks = {
        "mark": {"type": "circle", "size": 60, "opacity": 0.85, "aria": True},
        "encoding": {**axes, "color": _coloured(series.values()), "description": {"field": "said", "type": "nominal"}},
    }
    return _chart(title, says, rows, {"layer": [even, marks], "width": WIDTH, "height": _TALL})


def _pointed_at(points: Sequence[Point], x: dict[str, Any], days: int) -> dict[str, Any]:
    """An unseen band a day, of so many, which says all that is drawn there."""
    said: dict[str, list[str]] = {}
    for point in points:
        said.setdefault(point.x, []).append(point.said)
    rows = [{"x": day, "said": f"{day}: " + " · ".join(texts)} for day, texts in said.items()]
    band = {"type": "rule", "strokeWidth": WIDTH / max(days, 1), "opacity": 0, "color": INK, "aria": True}
    place = {"field": "x", "type": "temporal", "scale": x["scale"], "title": None, "axis": x["axis"]}
    return {
        "data": {"values": rows},
        "mark": band,
        "encoding": {"x": place, "description": {"field": "said", "type": "nominal"}},
    }


def _keys(names: Iterable[str]) -> dict[str, str]:
    """What stands for each name on a scale: Vega takes `toString` alone for a part of its own, and draws nothing."""
    return {name: f"{place} {name}" for place, name in enumerate(dict.fromkeys(names))}


def _coloured(series: Iterable[str]) -> dict[str, Any]:
    """Each series, by its key, in a colour of its own, in this order; a legend above."""
    keys = list(series)
    scale = {"domain": keys, "range": list(SERIES[: max(len(keys), 1)])}
    legend = {"orient": "top", "labelExpr": _NAME}
    return {"field": "series", "type": "nominal", "sort": keys, "title": None, "scale": scale, "legend": legend}


def _amounts() -> dict[str, Any]:
    """Thousands and millions are short; a part of one is written out, since `10m` would be read as ten million."""
    written = "abs(datum.value) < 1 ? format(datum.value, '~g') : format(datum.value, '~s')"
    return {"labelExpr": written, "tickCount": 4, "domain": False, "ticks": False}


def _powers(values: Iterable[float]) -> list[float]:
    """The powers of ten from below the least to above the greatest."""
    powers = [math.log10(value) for value in values]
    if not powers:
        return []
    return [10.0**power for power in range(math.floor(min(powers)), math.ceil(max(powers)) + 1)]


def _both_sides(values: Sequence[float]) -> dict[str, Any]:
    """The axis of a scale for small and large at once: 0, and the powers of ten on each side, up to the values."""
    powers = [10**n for n in range(12)]
    up = [n for n in powers if n <= max(values, default=1.0)]
    down = [-n for n in reversed(powers) if -n >= min(values, default=0.0)]
    if not up and not down:
        return _amounts()
    return {"format": ",d", "domain": False, "ticks": False, "labelOverlap": False, "values": [*down, 0, *up]}


def _dashes(count: int) -> list[list[int]]:
    return [*([1, 0] for _ in range(count - 1)), [5, 5] if count > 1 else [1, 0]]


def _beside(series: Sequence[str]) -> int:
    """How many names of a legend stand in a row."""
    return 3 if max(map(len, series), default=0) > _SHORT else 6


def _row(point: Point) -> dict[str, Any]:
    return {"x": point.x, "series": point.series, "value": point.value, "said": point.said}


def _chart(title: str, says: str, rows: list[dict[str, Any]], spec: dict[str, Any]) -> Chart:
    return Chart(title, says, {"$schema": SCHEMA, "config": config(), "data": {"values": rows}, **spec})
