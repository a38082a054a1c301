"""What the pages of one customer and of one feature have in common."""

from typing import Literal

from llm_finops.charts import Point, by_day
from llm_finops.charts.chart import units
from llm_finops.core.derived import FAILED, RETRIED
from llm_finops.dashboard.blocks import Cell, Column, Picture, Table, Tile, Tiles, Value
from llm_finops.dashboard.pages.parts import per_request, revenue_of, toned
from llm_finops.dashboard.pages.request_parts import each_of
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import UNKNOWN, percent_text, price_text
from llm_finops.ledger.queries import Margins, outcomes, quantiles, requests_by

_LOST = (FAILED, RETRIED)
_KINDS = 15


def figures(view: View, total: Margins) -> Tiles:
    """Cost, revenue, margin, requests, and what was spent in vain."""
    revenue, margin = revenue_of(total), total.margin_nano
    each = per_request(total.logged_cost_nano, total.requests)
    ended = {row.key[0]: row.cost_nano for row in outcomes(view.reader, view.asked, "outcome")}
    lost = sum(ended.get(name, 0) for name in _LOST)
    share = f"{percent_text(lost, total.logged_cost_nano)} of what request logs found"
    of = "a part of the revenue is not known" if margin is None else f"{percent_text(margin, revenue)} of revenue"
    return Tiles(
        [
            Tile("Cost (cogs)", view.money(total.cost_nano)),
            Tile("Revenue", view.money(revenue)),
            Tile("Gross margin", view.money(margin), of, tone=toned(margin)),
            Tile("Requests", f"{total.requests:,}", f"{total.operations:,} operations"),
            Tile("Cost per request", UNKNOWN if each is None else price_text(each, view.currency)),
            Tile("Failed and retried", view.money(lost), share if total.logged_cost_nano else "nothing was logged"),
        ],
        "In the period",
    )


def spread(view: View, grouping: Literal["customer", "feature"], key: str) -> list[Picture]:
    """The spread of single requests' list cost, by day; of each request log by itself."""
    rows = quantiles(view.reader, view.asked, grouping, key)
    drawn = []
    for source in sorted({row.source for row in rows}):
        of = [row for row in rows if row.source == source]
        parts = [("p50", [row.p50_nano for row in of]), ("p95", [row.p95_nano for row in of])]
        parts.append(("p99", [row.p99_nano for row in of]))
        points = [
            Point(row.day, name, units(nano), f"{name} {price_text(nano, view.currency)}")
            for name, values in parts
            for row, nano in zip(of, values, strict=True)
        ]
        says = f"List cost of single requests of {source}; not averaged over days."
        drawn.append(Picture(by_day("A request's cost by day", says, points, unit=view.currency), note=says))
    return drawn


def kinds(view: View) -> Table:
    """Feature and model of logged requests, the dearest requests first."""
    rows = [row for row in requests_by(view.reader, view.asked, "feature", "model", "service_tier") if row.requests]
    rows.sort(key=lambda row: (-(each_of(row) or 0), row.key))
    shown = rows if view.exporting else rows[:_KINDS]
    columns = [Column(name, name.replace("_", " ").capitalize()) for name in ("feature", "model", "service_tier")]
    columns += [Column("requests", "Requests", "count"), Column("list_cost", "List cost", "money")]
    columns += [Column("list_cost_per_request", "a request", "price")]
    lines: list[list[Value]] = [
        [
            Cell(row.key[0], view.link("/feature", feature=row.key[0])),
            *row.key[1:],
            row.requests,
            row.list_cost_nano,
            each_of(row),
        ]
        for row in shown
    ]
    note = f"{len(shown)} of {len(rows)} kinds, by list cost, the weight that cost lines are split by."
    return Table("kinds", "Dearest kinds of request", columns, lines, note=note, empty="Nothing was logged.")
