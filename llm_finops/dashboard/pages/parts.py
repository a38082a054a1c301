"""What several pages show alike: a ranking by margin, a cost table, days as a picture and as a table."""

from collections.abc import Callable, Sequence
from typing import Literal

from llm_finops.charts import Point, by_day
from llm_finops.charts.chart import units
from llm_finops.core.records import ALL, UNALLOCATED
from llm_finops.dashboard.blocks import Cell, Column, Picture, Table, Tone, Value
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Cost, CostDim, Margins, cost_by, margin_by

Lead = Callable[[View, str, str], Cell]

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


def ranking(view: View, name: str, title: str, by: Literal["customer", "feature"], *, note: str = "") -> Table:
    """Customers or features, ranked by the database, a page of them; each leads to its own page."""
    order, descending, limit, offset = view.slice(name, ORDERS, "-cost")
    known = next(one for one in ORDERS if one == order)
    found = margin_by(view.reader, view.asked, by, order=known, descending=descending, limit=limit, offset=offset)
    total = found.total
    rows = [[Cell(row.key, _own_page(view, by, row.key)), *_figures(row, total.cost_nano)] for row in found.rows]
    sums: list[Value] = [f"All {found.keys:,}", *_figures(total, total.cost_nano)]
    return Table(name, title, _columns(by), rows, sums, count=found.keys, note=note)


def _own_page(view: View, by: str, key: str) -> str:
    return "" if key == ALL else view.link(f"/{by}", **{by: key})


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
        Column("cost_share", "of all cost", "percent"),
    ]


def _figures(row: Margins, whole: int) -> list[Value]:
    margin, revenue = row.margin_nano, revenue_of(row)
    tone: Tone = toned(margin) if row.key != UNALLOCATED else "warn"
    return [
        row.cost_nano,
        revenue,
        Cell(margin, tone=tone),
        (margin, revenue),
        row.requests,
        per_request(row.logged_cost_nano, row.requests),
        (row.cost_nano, whole),
    ]


def ranked(rows: Sequence[Cost]) -> list[Cost]:
    """The dearest first, equals by key."""
    return sorted(rows, key=lambda row: (-row.cost_nano, row.key))


def cost_table(
    view: View, name: str, title: str, *dims: CostDim, classes: Sequence[str] | None = ("cogs",), note: str = ""
) -> Table:
    """Cost by some dimensions; all rows, which add up to the total."""
    rows = ranked(cost_by(view.reader, view.asked, *dims, cost_classes=classes))
    return Table(name, title, *costs(view, dims, rows, linked), note=note, wide=False)


def costs(
    view: View, dims: Sequence[CostDim], rows: Sequence[Cost], lead: Lead
) -> tuple[list[Column], list[list[Value]], list[Value]]:
    """Columns, lines and total of costs by dimension; `lead` makes the cell of a dimension's value."""
    total = sum(row.cost_nano for row in rows)
    columns = [Column(dim, dim.replace("_", " ").capitalize()) for dim in dims]
    columns += [Column("cost", "Cost", "money"), Column("share", "Share", "percent")]
    lines: list[list[Value]] = [
        [*(lead(view, dim, key) for dim, key in zip(dims, row.key, strict=True)), row.cost_nano, (row.cost_nano, total)]
        for row in rows
    ]
    blank = [""] * (len(dims) - 1)
    return columns, lines, ["Total", *blank, total, (total, total)]


def linked(view: View, dim: str, key: str) -> Cell:
    """A feature, customer or model, with the page it has."""
    match dim:
        case "feature" | "customer":
            return Cell(key, view.link(f"/{dim}", **{dim: key}))
        case "model":
            return Cell(key, view.link("/prices", model=key))
        case _:
            return Cell(key)


def days_picture(view: View, days: Sequence[Margins]) -> Picture:
    """Cost and revenue by day; a day whose revenue is not known in full is a gap."""
    cost = [Point(day.key, "cost", units(day.cost_nano), f"cost {view.money(day.cost_nano)}") for day in days]
    known = [(day.key, revenue_of(day)) for day in days]
    revenue = [Point(day, "revenue", units(nano), f"revenue {view.money(nano)}") for day, nano in known]
    said = "The figures are in the table Days."
    return Picture(by_day("Cost and revenue by day", said, [*cost, *revenue], unit=view.currency))


def days_table(view: View, days: Sequence[Margins], total: Margins, path: str, **named: str) -> Table:
    """Every day, the newest first; each leads to `path` for that day alone."""
    money = [Column(name.lower(), name, "money") for name in ("Cost", "Revenue", "Margin")]
    columns = [Column("day", "Day", "day"), *money, Column("requests", "Requests", "count")]
    rows = [[Cell(day.key, _of_day(view, path, day.key, named)), *_amounts(day)] for day in reversed(days)]
    return Table("days", "Days", columns, rows, ["Total", *_amounts(total)], wide=False)


def _of_day(view: View, path: str, day: str, named: dict[str, str]) -> str:
    return view.link(path, **{"from": day, "to": day, **named})


def _amounts(of: Margins) -> list[Value]:
    return [of.cost_nano, revenue_of(of), Cell(of.margin_nano, tone=toned(of.margin_nano)), of.requests]
