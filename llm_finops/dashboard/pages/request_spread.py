"""How the cost of single requests is spread, over time: never the mean alone."""

from collections.abc import Callable, Iterator, Sequence

from llm_finops.charts import Point, by_day
from llm_finops.charts.chart import units
from llm_finops.dashboard.asking import BadAddress
from llm_finops.dashboard.blocks import Block, Column, Heading, Note, Picture, Table, Value
from llm_finops.dashboard.pages.paged import paged
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import price_text
from llm_finops.ledger.queries import Quantiles, quantiles

_KINDS = ("p50", "p95", "p99", "max")
_LOGS = 4  # of which a picture is drawn
_SAID = "Exact percentiles of single requests' list cost, of one request log and day; they are not averaged over days."


def spread(view: View) -> Iterator[Block]:
    """Percentiles by day: of all requests, or of one model, feature or customer (`by=`, `key=`)."""
    by, key = _chosen(view)
    named = "all requests" if by == "all" else f"{by} {key}"
    yield Heading(f"How the cost of a request is spread: {named}", _SAID)
    if by != "all":
        yield Note(f"Only requests of the {by} {key} are in these.", href=_all(view), link="All requests")
    if ignored := _ignored(view, by):
        yield Note(f"Percentiles are not kept by {' and '.join(ignored)}: that filter does not apply to them.")
    yield from percentiles(view, by, key)


def percentiles(view: View, by: str, key: str, *, wide: bool = True) -> Iterator[Block]:
    """A picture of each request log, and all figures as a table; `wide`: below each other."""
    rows = _asked_for(view, by, key)
    logs = sorted({row.source for row in rows})
    for log in logs[:_LOGS]:
        yield _picture(view, log, [row for row in rows if row.source == log], wide=wide)
    if len(logs) > _LOGS:
        yield Note(f"{len(logs) - _LOGS} more request logs are in the table alone.")
    yield _table(view, rows, "all requests" if by == "all" else f"the {by} {key}", wide=wide)


def _asked_for(view: View, by: str, key: str) -> Sequence[Quantiles]:
    match by:
        case "model" | "feature" | "customer":
            return quantiles(view.reader, view.asked, by, key)
        case _:
            return quantiles(view.reader, view.asked, "all")


def _chosen(view: View) -> tuple[str, str]:
    """What the address asks for; else the feature or the customer it filters by; else all."""
    by, key = view.param("by"), view.param("key")
    if by:
        if by not in {"all", "model", "feature", "customer"} or (by != "all" and not key):
            raise BadAddress(f"by={by}, key={key}: expected by=model, feature or customer, and key= its name")
        return by, key
    if view.asked.customer and not view.asked.feature:
        return "customer", view.asked.customer
    if view.asked.feature and not view.asked.customer:
        return "feature", view.asked.feature
    return "all", ""


def _all(view: View) -> str:
    return view.link(by="all")


def _ignored(view: View, by: str) -> list[str]:
    asked = {name: getattr(view.asked, name) for name in ("provider", "environment", "customer", "feature")}
    return [name for name, value in asked.items() if value and name != by]


def _picture(view: View, log: str, rows: Sequence[Quantiles], *, wide: bool) -> Picture:
    points = [
        Point(row.day, kind, units(nano) or None, f"{kind} {price_text(nano, view.currency)}")
        for place, kind in enumerate(_KINDS)
        for row in rows
        for nano in [_nanos(row)[place]]
    ]
    says = "Median, 95th and 99th percentile and the dearest request by day; the figures are in the table below."
    chart = by_day(
        f"List cost per request, {log}", says, points, unit=f"{view.currency}, log scale", log=True, over=view.days
    )
    return Picture(chart, "A day without requests is a gap." if len({row.day for row in rows}) > 1 else "", wide=wide)


def _nanos(row: Quantiles) -> tuple[int, int, int, int]:
    return row.p50_nano, row.p95_nano, row.p99_nano, row.max_nano


_ORDERS: dict[str, Callable[[Quantiles], int | str]] = {
    "day": lambda row: row.day,
    "requests": lambda row: row.requests,
    "p50": lambda row: row.p50_nano,
    "p95": lambda row: row.p95_nano,
    "p99": lambda row: row.p99_nano,
    "max": lambda row: row.max_nano,
}


def _table(view: View, rows: Sequence[Quantiles], of: str, *, wide: bool) -> Table:
    columns = [
        Column("day", "Day", "day", "day"),
        Column("request_log", "Request log"),
        Column("requests", "Requests", "count", "requests", "those with a known price"),
        *(Column(kind, kind, "price", kind) for kind in _KINDS),
    ]
    ordered = sorted(rows, key=lambda row: (row.day, row.source))
    part = paged(view, "spread", ordered, _ORDERS, "-day")
    lines: list[list[Value]] = [[row.day, row.source, row.requests, *_nanos(row)] for row in part.rows]
    empty = f"No priced request of {of} in this period."
    return Table("spread", "Percentiles by day", columns, lines, count=part.of, empty=empty, note=_SAID, wide=wide)
