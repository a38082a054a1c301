"""Colours and type. A colour is a variable of the page's style sheet, so one drawing serves light and dark."""

from typing import Any

# Told apart by people who do not see all colours (after Okabe and Ito), and by lightness.
SERIES = tuple(f"var(--series-{n})" for n in range(1, 9))
INK, MUTED, GRID = "var(--ink)", "var(--muted)", "var(--line)"
GOOD, BAD, NEUTRAL = "var(--good)", "var(--bad)", "var(--series-1)"

# The style sheet's light values, for a picture that no style sheet reaches.
LIGHT = {
    "--ink": "#1c1e21",
    "--muted": "#5a6068",
    "--line": "#d9dde2",
    "--good": "#0b7a4b",
    "--bad": "#b3261e",
    "--series-1": "#0b62b0",
    "--series-2": "#c4570a",
    "--series-3": "#0b7a4b",
    "--series-4": "#9b3f86",
    "--series-5": "#8a6d00",
    "--series-6": "#2a8fb0",
    "--series-7": "#6b4fb3",
    "--series-8": "#6d747c",
}

WIDTH, HEIGHT = 480, 170


def config() -> dict[str, Any]:
    """Vega-Lite's `config` of every chart."""
    font = "system-ui, sans-serif"
    return {
        "background": None,
        "padding": {
            "left": 12,
            "right": 6,
            "top": 4,
            "bottom": 4,
        },  # a browser's font may be wider than the one measured
        "font": font,
        "view": {"stroke": None},
        "aria": False,  # the page says what a picture shows; only the marks that are pointed at speak themselves
        "axis": {
            "labelColor": MUTED,
            "titleColor": MUTED,
            "gridColor": GRID,
            "domainColor": GRID,
            "tickColor": GRID,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "labelLimit": 150,
        },
        "legend": {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 11, "symbolSize": 60, "labelLimit": 160},
        "range": {"category": list(SERIES)},
    }
