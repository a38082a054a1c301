"""Cost, revenue and margin by decile of usage: ten groups of customers, from those that use least to those most."""

from collections.abc import Sequence

from llm_finops.charts import Point, by_group
from llm_finops.charts.chart import units
from llm_finops.core.records import UNALLOCATED
from llm_finops.dashboard.blocks import Cell, Column, Picture, Table, Tone, Value
from llm_finops.dashboard.pages.crossing import cost_in, revenue_in
from llm_finops.dashboard.pages.parts import per_request, toned
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Scaled

_BLANK: list[Value] = ["", "", ""]  # customers, and the fewest and most operations of one
_NOTE = (
    "Usage is logged operations. A decile is a tenth of the customers that have any, of all customers whatever is "
    "filtered; the rows add up to the period."
)


def picture(view: View, customers: Sequence[Scaled]) -> Picture:
    """Cost and revenue of each decile; a decile whose revenue is not known in full is a gap."""
    points = []
    for decile, rows in _grouped(customers):
        for name, nano in (("cost", cost_in(rows)), ("revenue", revenue_in(rows))):
            said = f"decile {decile}, {len(rows)} customers: {name} {view.money(nano)}"
            points.append(Point(str(decile), name, units(nano), said))
    says = "Where cost is above revenue, those customers cost more than they pay; the table below has the figures."
    title = "Cost and revenue by decile of usage"
    axis = "decile, 1: the customers with the fewest operations"
    return Picture(by_group(title, says, points, axis=axis, unit=f"{view.currency}, log scale"), says)


def _grouped(rows: Sequence[Scaled]) -> list[tuple[int, list[Scaled]]]:
    deciles = sorted({row.decile for row in rows if row.decile})
    return [(decile, [row for row in rows if row.decile == decile]) for decile in deciles]


def table(view: View, every: Sequence[Scaled]) -> Table:
    """A row a decile, one of the customers without logged operations, and one of what nobody owns."""
    columns = [
        Column("decile", "Usage", "day"),
        Column("customers", "Customers", "count"),
        Column("fewest", "From", "count", hint="operations of the customer that has the fewest of them"),
        Column("most", "To", "count", hint="operations of the customer that has the most of them"),
        Column("operations", "Operations", "count"),
        *(Column("cost", "Cost", "money"), Column("revenue", "Revenue", "money"), Column("margin", "Margin", "money")),
        Column("margin_share", "of revenue", "percent"),
        Column("cost_per_operation", "an operation", "price", hint="cost that request logs found, by operation"),
    ]
    lines: list[list[Value]] = [
        [Cell(_named(decile), _to(view, decile)), *_figures(rows)] for decile, rows in _grouped(every)
    ]
    owned = [row for row in every if row.customer != UNALLOCATED]
    if idle := [row for row in owned if not row.decile]:
        lines.append([Cell("nothing logged", f"{view.link(decile='0')}#crossing"), *_figures(idle)])
    if nobody := [row for row in every if row.customer == UNALLOCATED]:
        lines.append([Cell(UNALLOCATED, view.link("/customer", customer=UNALLOCATED)), *_BLANK, *_figures(nobody)[3:]])
    total: list[Value] = ["Total", len(owned), *_BLANK[1:], *_figures(every)[3:]]
    return Table("deciles", "By decile of usage", columns, lines, total, note=_NOTE)


def _named(decile: int) -> str:
    return {1: "1 (least)", 10: "10 (most)"}.get(decile, str(decile))


def _to(view: View, decile: int) -> str:
    return f"{view.link(decile=str(decile))}#crossing"


def _figures(rows: Sequence[Scaled]) -> list[Value]:
    cost, revenue, operations = cost_in(rows), revenue_in(rows), sum(row.operations for row in rows)
    margin = None if revenue is None else revenue - cost
    counts: list[Value] = [len(rows), *([f(row.operations for row in rows) for f in (min, max)]), operations]
    tone: Tone = "warn" if {row.customer for row in rows} == {UNALLOCATED} else toned(margin)
    each = per_request(sum(row.logged_cost_nano for row in rows), operations)
    return [*counts, cost, revenue, Cell(margin, tone=tone), (margin, revenue), each]
