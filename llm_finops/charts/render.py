"""From a specification to a picture, by Vega itself (vl-convert), in this process and without a network."""

import html
import json
import re
from functools import lru_cache
from typing import Any

from llm_finops.charts.chart import Chart
from llm_finops.charts.theme import LIGHT

_KEPT = 256  # drawings; the same figures are drawn once
_VEGA_LITE = "v6_4"
_SIZE = re.compile(r'<svg ([^>]*?)\bwidth="[\d.]+" height="[\d.]+"')
_NOT_TAKEN = re.compile(r"[^\t\n\r\x20-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VARIABLE = re.compile(r"var\((--[a-z0-9-]+)\)")


class NotDrawn(Exception):
    """The renderer did not take the chart; the message says why."""


def svg(chart: Chart) -> str:
    """An `<svg>` element for a page: it fills the width it is given, and its colours are the page's variables.

    Text from outside is escaped by Vega; the name of the picture, here. NotDrawn where it cannot be.
    """
    drawn = _svg(json.dumps(_taken(chart.spec), sort_keys=True))
    name = html.escape(_taken(f"{chart.title}. {chart.says}"), quote=True)
    return _SIZE.sub(rf'<svg \1role="img" aria-label="{_literal(name)}"', drawn, count=1)


def png(chart: Chart, scale: float = 2) -> bytes:
    """A PNG on white, in the light colours. NotDrawn where it cannot be."""
    import vl_convert

    spec = json.loads(_VARIABLE.sub(lambda found: LIGHT[found[1]], json.dumps(_taken(chart.spec))))
    spec["config"]["background"] = "#ffffff"
    spec["padding"] = 12
    try:
        picture: bytes = vl_convert.vegalite_to_png(spec, vl_version=_VEGA_LITE, scale=scale)
    except ValueError as error:
        raise _not_drawn(error) from error
    return picture


@lru_cache(_KEPT)
def _svg(spec: str) -> str:
    import vl_convert  # slow to import, and only needed once something is drawn

    try:
        drawn: str = vl_convert.vegalite_to_svg(json.loads(spec), vl_version=_VEGA_LITE)
    except ValueError as error:
        raise _not_drawn(error) from error
    return drawn


def _not_drawn(error: ValueError) -> NotDrawn:
    return NotDrawn(" ".join(str(error).splitlines()[:2]))  # the rest is where in its own code


def _taken(value: Any) -> Any:
    """The same with U+FFFD for each character that the renderer takes badly.

    At one that XML has not it would end the process; a line separator is no part of a text in its expressions.
    """
    match value:
        case str():
            return _NOT_TAKEN.sub("\ufffd", value)
        case dict():
            return {key: _taken(of) for key, of in value.items()}
        case list() | tuple():
            return [_taken(of) for of in value]
        case _:
            return value


def _literal(text: str) -> str:
    return text.replace("\\", r"\\")
