"""An account's month by day, and a day's cost lines."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from llm_finops.dashboard.asking import BadAddress
from llm_finops.dashboard.blocks import Block, Cell, Column, Table, Value
from llm_finops.dashboard.pages.bridge import listed, or_none
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import AccountDay, LadderRow, account_days, lines_of


def account_month(view: View, row: LadderRow) -> Iterator[Block]:
    """The days of the month, and the lines of the day that is asked for."""
    month = replace(view.asked, first=f"{row.month}-01", last=f"{row.month}-31")
    yield _days(view, row, account_days(view.reader, month, row.account))
    if day := view.param("day"):
        yield _lines(view, row, _checked(day))


def _days(view: View, row: LadderRow, days: Sequence[AccountDay]) -> Table:
    columns = [
        Column("day", "Day", "day"),
        Column("list", "Usage at list", "exact"),
        Column("estimated", "Estimated", "exact"),
        Column("reported", "Reported", "exact"),
        Column("trued_up", "True-up", "exact"),
        Column("lines", "Lines", "count"),
    ]
    lines: list[list[Value]] = [[Cell(day.day, _to_lines(view, row, day.day)), *_amounts(day)] for day in days]
    sums = (row.estimated_nano, row.reported_nano, row.trued_up_nano)
    at_list = listed(row.list_cost_nano, row.unpriced_rows)
    total: list[Value] = ["Total", at_list, *map(or_none, sums), sum(day.lines for day in days)]
    return Table("days", f"Days of {row.account}, {row.month}", columns, lines, total)


def _amounts(day: AccountDay) -> list[Value]:
    booked = (day.estimated_nano, day.reported_nano, day.trued_up_nano)
    return [listed(day.list_cost_nano, day.unpriced_rows), *map(or_none, booked), day.lines]


def _to_lines(view: View, row: LadderRow, day: str) -> str:
    return view.link("/reconciliation", month=row.month, account=row.account, day=day) + "#lines"


def _lines(view: View, row: LadderRow, day: str) -> Table:
    found = lines_of(view.reader, view.asked, day, row.account)
    part = view.slice("lines", ["amount"], "-amount")
    shown = found[part.offset :][: part.limit]
    columns = [Column("line_item", "Line"), Column("charge_category", "Charge"), Column("project", "Project")]
    columns += [Column("model", "Model"), Column("meter", "Meter"), Column("basis", "Basis")]
    columns += [Column("billed", "As billed", "exact"), Column("amount", "Allocated", "exact")]
    rows: list[list[Value]] = [
        [
            Cell(of.line.line_item, view.link("/line", line=of.line.line_id, day=day)),
            *(of.line.charge_category, of.line.project, of.line.model, of.line.meter, of.line.basis),
            *(of.line.billed_nano, of.line.amount_nano),
        ]
        for of in shown
    ]
    billed, amount = (sum(getattr(of.line, name) for of in found) for name in ("billed_nano", "amount_nano"))
    total: list[Value] = ["Total", "", "", "", "", "", billed, amount]
    title = f"Cost lines of {row.account}, {day}"
    return Table("lines", title, columns, rows, total, count=len(found), empty="No cost line of this day.")


def _checked(day: str) -> str:
    try:
        found = str(date.fromisoformat(day))
    except ValueError:
        found = ""
    if found != day:
        raise BadAddress(f"day={day}: expected a day such as 2026-11-24")
    return day
