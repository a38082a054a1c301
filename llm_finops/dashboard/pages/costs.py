"""Cost by dimensions as a table: in order, a page at a time, its total of all rows; each name leads to its own page."""

from collections.abc import Callable, Mapping, Sequence

from llm_finops.core.records import COGS
from llm_finops.dashboard.blocks import Cell, Column, Note, Table, Value
from llm_finops.dashboard.pages.paged import Orders, keyed, paged
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Asked, Cost, CostDim, cost_by, lowered, rows_read

Lead = Callable[[View, str, str], Cell]
Classes = Sequence[str] | None

_MOST = 400_000  # rows that are added up within a second
ALONE = Note("With a filter by provider or environment there is cost alone: nobody pays by provider.")


def is_cost_alone(view: View) -> bool:
    """A filter is on that revenue knows nothing of."""
    return bool(view.asked.provider or view.asked.environment)


def ranked(rows: Sequence[Cost]) -> list[Cost]:
    """The dearest first, equals by key."""
    return sorted(rows, key=lambda row: (-row.cost_nano, row.key))


def linked(view: View, dim: str, key: str) -> Cell:
    """A feature, customer or model, with the page it has; a feature's customer on one day is followed into that day."""
    asked = view.asked
    match dim:
        case "customer" if asked.feature and asked.first == asked.last:
            return Cell(key, view.link("/customer-day", customer=key))
        case "feature" | "customer":
            return Cell(key, view.link(f"/{dim}", **{dim: key}))
        case "model":
            return Cell(key, view.link("/prices", model=key))
        case _:
            return Cell(key)


def cost_table(
    view: View,
    name: str,
    title: str,
    *dims: CostDim,
    classes: Classes = (COGS,),
    note: str = "",
    asked: Asked | None = None,
    holding: str | None = None,
) -> Table:
    """Cost by some dimensions, asked of the ledger: of what the page is asked, unless `asked` says otherwise.

    `holding`: of those alone whose first dimension holds the text. A page is not kept waiting for what no kept sum
    answers; a file may take its time.
    """
    asked = asked or view.asked
    if not view.exporting and rows_read(view.reader, asked, *dims) > _MOST:
        said = f"Not added up here: by these filters together that needs more than {_MOST:,} rows. Ask for fewer days."
        return Table(name, title, [_column(dim) for dim in dims], [], empty=said, note=note, wide=False)
    rows = cost_by(view.reader, asked, *dims, cost_classes=classes)
    if holding is not None:
        rows = tuple(row for row in rows if lowered(holding) in lowered(row.key[0]))
    return costs(view, name, title, dims, rows, note=note)


def costs(
    view: View, name: str, title: str, dims: Sequence[str], rows: Sequence[Cost], *, note: str = "", lead: Lead = linked
) -> Table:
    """Costs that are known already; `lead` makes the cell of a dimension's value."""
    total = sum(row.cost_nano for row in rows)
    part = paged(view, name, ranked(rows), _orders(dims), "-cost")
    columns = [_column(dim) for dim in dims]
    columns += [Column("cost", "Cost", "money", "cost"), Column("share", "Share", "percent")]
    lines: list[list[Value]] = [
        [*(lead(view, dim, key) for dim, key in zip(dims, row.key, strict=True)), row.cost_nano, (row.cost_nano, total)]
        for row in part.rows
    ]
    blank: list[Value] = [""] * (len(dims) - 1)
    return Table(name, title, columns, lines, ["Total", *blank, total, (total, total)], part.of, note=note, wide=False)


def cost_days(view: View, path: str, *, classes: Classes = (COGS,), **named: str) -> Table:
    """Every day's cost, the newest first; each leads to `path` for that day alone."""
    rows = cost_by(view.reader, view.asked, "day", cost_classes=classes)
    total = sum(row.cost_nano for row in rows)
    orders = {"day": lambda row: row.key[0], "cost": lambda row: row.cost_nano}
    part = paged(view, "days", rows, orders, "-day")
    columns = [Column("day", "Day", "day", "day"), Column("cost", "Cost", "money", "cost")]
    lines: list[list[Value]] = [
        [Cell(row.key[0], of_day(view, path, row.key[0], named)), row.cost_nano] for row in part.rows
    ]
    return Table("days", "Days", columns, lines, ["Total", total], part.of, wide=False)


def of_day(view: View, path: str, day: str, named: Mapping[str, str]) -> str:
    """A page for one day alone."""
    return view.link(path, **{"from": day, "to": day, **named})


def _column(dim: str) -> Column:
    return Column(dim, dim.replace("_", " ").capitalize(), "day" if dim in {"day", "month"} else "text", dim)


def _orders(dims: Sequence[str]) -> Orders:
    return {"cost": lambda row: row.cost_nano, **keyed(dims, lambda row: row.key)}
