"""Pictures of figures: Vega-Lite specifications, drawn to SVG for pages and to PNG for messages, without a browser.

Amounts come in whole nano-units and become floats only here, where a pixel is all they decide.
"""

from llm_finops.charts.chart import Chart, Point
from llm_finops.charts.kinds import bars, by_day, by_group, paired, scatter, waterfall
from llm_finops.charts.month import Day, month
from llm_finops.charts.render import NotDrawn, png, svg

__all__ = [
    "Chart",
    "Day",
    "NotDrawn",
    "Point",
    "bars",
    "by_day",
    "by_group",
    "month",
    "paired",
    "png",
    "scatter",
    "svg",
    "waterfall",
]
