"""What several pages show alike: a ranking by margin, and days as a picture and as a table."""

from collections.abc import Sequence
from typing import Literal

from llm_finops.charts import Point, by_day
from llm_finops.charts.chart import units
from llm_finops.core.records import ALL, UNALLOCATED
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Picture, Table, Tone, Value
from llm_finops.dashboard.pages.costs import linked, of_day
from llm_finops.dashboard.pages.paged import paged
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Asked, Margins, booked_days, margin_by

ORDERS: tuple[Literal["margin", "cost", "revenue", "requests", "key"], ...] = (
    "margin",
    "cost",
    "revenue",
    "requests",
    "key",
)


def revenue_of(row: Margins) -> int | None:
    """The revenue where all of it is known."""
    return None if row.revenue_unknown else row.revenue_nano


def per_request(cost_nano: int, requests: int) -> int | None:
    """Of what request logs gave; not known where nothing was logged."""
    return cost_nano // requests if requests else None


def toned(margin_nano: int | None) -> Tone:
    """Below zero is red."""
    return "bad" if margin_nano is not None and margin_nano < 0 else ""


def tone_of(view: View, row: Margins) -> Tone:
    """Of a margin: what nobody owns is no loss of a customer; nor is it one of a feature, if flat fees pay for it."""
    if row.key == UNALLOCATED:
        return "warn"
    return toned(row.margin_nano) if view.flat_nano == 0 else ""


def by_name_alone(view: View) -> list[Block]:
    """What must be read beside the margins of one feature, where flat fees are paid."""
    if view.flat_nano == 0:
        return []
    of = "of an amount that is not known" if view.flat_nano is None else f"of {view.money(view.flat_nano)}"
    fees = f"Flat fees {of} pay for all features at once and are not in it"
    return [Note(f"Of one feature, revenue is what names it. {fees}: a margin below zero is no loss by itself.")]


def ranking(
    view: View,
    asked: Asked,
    name: str,
    title: str,
    by: Literal["customer", "feature"],
    *,
    default: str = "-cost",
    holding: str | None = None,
    note: str = "",
    empty: str = "Nothing here in this period.",
) -> Table:
    """Customers or features, ranked by the database, a page of them; each leads to its own page.

    `holding`: those alone whose name holds the text; the total is theirs.
    """
    order, descending, limit, offset = view.slice(name, ORDERS, default)
    known = next(one for one in ORDERS if one == order)
    found = margin_by(
        view.reader, asked, by, order=known, descending=descending, limit=limit, offset=offset, holding=holding
    )
    total = found.total
    rows = [
        [Cell(row.key) if row.key == ALL else linked(view, by, row.key), *_figures(view, row, total.cost_nano)]
        for row in found.rows
    ]
    sums: list[Value] = [f"All {found.keys:,}", *_figures(view, total, total.cost_nano)]
    return Table(name, title, _columns(by), rows, sums, count=found.keys, note=note, empty=empty)


def _columns(by: str) -> list[Column]:
    logged = "cost that request logs found, by logged request, whatever its status"
    return [
        Column(by, by.capitalize(), sort="key"),
        Column("cost", "Cost", "money", "cost"),
        Column("revenue", "Revenue", "money", "revenue"),
        Column("margin", "Margin", "money", "margin"),
        Column("margin_share", "of revenue", "percent"),
        Column("requests", "Requests", "count", "requests"),
        Column("cost_per_request", "a request", "price", hint=logged),
        Column(
            "logged_share",
            "by log",
            "percent",
            hint="of its cost, what request logs found; the rest is by rules and shares",
        ),
        Column("cost_share", "of all cost", "percent"),
    ]


def _figures(view: View, row: Margins, whole: int) -> list[Value]:
    margin, revenue = row.margin_nano, revenue_of(row)
    return [
        row.cost_nano,
        revenue,
        Cell(margin, tone=tone_of(view, row)),
        (margin, revenue),
        row.requests,
        per_request(row.logged_cost_nano, row.requests),
        (row.logged_cost_nano, row.cost_nano),
        (row.cost_nano, whole),
    ]


def days_picture(view: View, days: Sequence[Margins]) -> Picture:
    """Cost and revenue by day: 0 on a booked day with nothing of it; what is not known in full, or booked, is a gap."""
    booked = booked_days(view.reader, view.asked.first, view.asked.last)
    found = {row.key: (row.cost_nano, revenue_of(row)) for row in days}
    nothing = {day: (0, 0 if of.revenue_known else None) for day, of in booked.items()}
    known = {day: found.get(day) or nothing.get(day) or (None, None) for day in view.days}
    points = [
        Point(day, name, units(nano), f"{name} {view.money(nano)}")
        for place, name in enumerate(("cost", "revenue"))
        for day, nano in ((day, pair[place]) for day, pair in known.items())
    ]
    said = "The figures are in the table Days."
    return Picture(by_day("Cost and revenue by day", said, points, unit=view.currency))


_DAYS = {
    "day": lambda day: day.key,
    "cost": lambda day: day.cost_nano,
    "revenue": revenue_of,
    "margin": lambda day: day.margin_nano,
    "requests": lambda day: day.requests,
}


def days_table(view: View, days: Sequence[Margins], total: Margins, path: str, **named: str) -> Table:
    """Every day, the newest first; each leads to `path` for that day alone."""
    money = [Column(name.lower(), name, "money", name.lower()) for name in ("Cost", "Revenue", "Margin")]
    columns = [Column("day", "Day", "day", "day"), *money, Column("requests", "Requests", "count", "requests")]
    part = paged(view, "days", days, _DAYS, "-day")
    rows = [[Cell(day.key, of_day(view, path, day.key, named)), *_amounts(view, day)] for day in part.rows]
    return Table("days", "Days", columns, rows, ["Total", *_amounts(view, total)], part.of, wide=False)


def _amounts(view: View, of: Margins) -> list[Value]:
    return [of.cost_nano, revenue_of(of), Cell(of.margin_nano, tone=tone_of(view, of)), of.requests]
