"""Pictures of figures: Vega-Lite specifications, drawn to SVG for pages and to PNG for messages, without a browser.

Amounts come in whole nano-units and become floats only here, where a pixel is all they decide.
"""

from llm_finops.charts.chart import Chart, Point
from llm_finops.charts.kinds import bars, by_day, by_group, scatter, waterfall
from llm_finops.charts.render import png, svg

__all__ = ["Chart", "Point", "bars", "by_day", "by_group", "png", "scatter", "svg", "waterfall"]
