"""Blocks and addresses as the template writes them: every value is text by then, and the template escapes it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from llm_finops.charts import NotDrawn, svg
from llm_finops.dashboard.blocks import Block, Cell, Column, Heading, Note, Picture, Table, Tiles, Value
from llm_finops.dashboard.view import ROWS, View
from llm_finops.dashboard.words import written


class DrawnCell(NamedTuple):
    """A cell: its text, where it leads, and the names of its styles."""

    text: str
    href: str
    style: str


class DrawnColumn(NamedTuple):
    """A head: `sort_href` asks for this order, or for the other way round where it is the order now."""

    label: str
    hint: str
    is_number: bool
    sort_href: str
    sorted: str  # ascending | descending | ''


class DrawnTable(NamedTuple):
    """A table, its files, and the pages before and after."""

    table: Table
    columns: list[DrawnColumn]
    rows: list[list[DrawnCell]]
    total: list[DrawnCell] | None
    files: list[tuple[str, str]]
    said: str  # "1 to 25 of 412"
    earlier: str
    later: str
    beyond: str  # of a page after the last: the way to the first


def drawn(view: View, block: Block) -> dict[str, Any]:
    """What the template needs of a block."""
    match block:
        case Tiles() | Note() | Heading():
            return {"kind": type(block).__name__.lower(), "block": block}
        case Picture():
            return _picture(block)
        case Table():
            return {"kind": "table", "block": block, "drawn": _table(view, block)}


def _picture(picture: Picture) -> dict[str, Any]:
    """The picture, or what it would show in words: the rest of the page does not wait for it."""
    try:
        return {"kind": "picture", "block": picture, "svg": svg(picture.chart)}
    except NotDrawn as error:
        said = f"{picture.chart.title}: this picture cannot be drawn ({error}). {picture.chart.says}"
        return {"kind": "note", "block": Note(said, "warn")}


def _table(view: View, table: Table) -> DrawnTable:
    currency = table.currency or view.currency
    rows = [_cells(row, table.columns, currency) for row in table.rows]
    total = _cells(table.total, table.columns, currency) if table.total else None
    files = [(kind, _file(view, table, kind)) for kind in ("csv", "parquet")]
    heads = [_head(view, table, column) for column in table.columns]
    return DrawnTable(table, heads, rows, total, files, *_paging(view, table))


def _cells(row: Sequence[Value], columns: Sequence[Column], currency: str) -> list[DrawnCell]:
    found = []
    for value, column in zip(row, columns, strict=True):
        cell = value if isinstance(value, Cell) else Cell(value)
        found.append(DrawnCell(written(cell.value, column, currency), cell.href, _style(column, cell.tone)))
    return found


def _style(column: Column, tone: str) -> str:
    kind = "number" if _is_number(column) else "day" if column.kind == "day" else ""
    return " ".join(name for name in (kind, tone) if name)


def _is_number(column: Column) -> bool:
    return column.kind not in {"text", "day"}


def _head(view: View, table: Table, column: Column) -> DrawnColumn:
    label = f"{column.label}"
    if not column.sort:
        return DrawnColumn(label, column.hint, _is_number(column), "", "")
    now = view.param(f"{table.name}.sort")
    way = "descending" if now == f"-{column.sort}" else "ascending" if now == column.sort else ""
    first = column.sort if column.kind in {"text", "day"} else f"-{column.sort}"
    other = column.sort if first != column.sort else f"-{column.sort}"
    href = _own(view, {f"{table.name}.sort": other if now == first else first, f"{table.name}.page": None})
    return DrawnColumn(label, column.hint, _is_number(column), f"{href}#{table.name}", way)


def _paging(view: View, table: Table) -> tuple[str, str, str, str]:
    count, name = table.count, f"{table.name}.page"
    if not count:
        return "", "", "", ""
    page = int(view.param(name, "1"))
    first, last = (page - 1) * ROWS + 1, min(page * ROWS, count)
    if first > count:
        said = f"Page {page:,} is after the last, which is page {-(-count // ROWS):,}."
        return said, "", "", _own(view, {name: None}) + f"#{table.name}"
    if count <= ROWS:
        return "", "", "", ""
    earlier = _own(view, {name: str(page - 1)}) + f"#{table.name}" if page > 1 else ""
    later = _own(view, {name: str(page + 1)}) + f"#{table.name}" if last < count else ""
    return f"{first:,} to {last:,} of {count:,}", earlier, later, ""


def _own(view: View, changes: dict[str, str | None]) -> str:
    """The same page, with all it was asked, but for the changes."""
    return view.link(**{**view.address.params, **changes})


def _file(view: View, table: Table, kind: str) -> str:
    return view.link("/file", **{**view.address.params, "page": view.path, "table": table.name, "as": kind})
