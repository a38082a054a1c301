"""One customer's day, from the margin down to shares of cost lines; every step is added up again, or it is an error."""

from collections.abc import Sequence

from llm_finops.core.explain import ExplainedAllocation
from llm_finops.dashboard.asking import BadAddress
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Value
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import customer_day


def show(view: View) -> Sequence[Block]:
    """Allocations, the shares they are the sum of, and the loads behind them."""
    asked = view.asked
    if asked.customer is None:
        return [Note("Which customer? Choose one:", href=view.link("/customers"), link="all customers")]
    if asked.first != asked.last:
        raise BadAddress(f"from={asked.first}, to={asked.last}: expected one day")
    tree, loads = customer_day(view.reader, asked.customer, asked.first)
    inside = [part for margin in tree.margins if margin.margin.currency == view.currency for part in margin.allocations]
    outside = [part for part in tree.outside if part.allocation.currency == view.currency]
    rows = [[Cell(str(load["load_id"]), view.link("/load", load=str(load["load_id"]))), *_load(load)] for load in loads]
    columns = [Column(name, name.capitalize()) for name in ("load", "dataset", "source", "period", "started")]
    return [
        Note(f"{asked.customer} on {asked.first}: every step below adds up to the one above it."),
        _allocations("allocations", "In its margin: allocations", inside),
        _shares(view, "shares", "What they are made of: shares of cost lines", inside),
        *([_allocations("outside", "Not in its margin", outside)] if outside else []),
        Table("loads", "Read by", columns, rows, empty="Nothing of it was loaded."),
    ]


def _load(load: dict[str, object]) -> list[Value]:
    return [str(load[name]) for name in ("dataset", "source", "period", "started_at")]


def _allocations(name: str, title: str, parts: Sequence[ExplainedAllocation]) -> Table:
    names = ("feature", "environment", "cost_class", "account", "project", "model", "method", "rule", "basis")
    columns = [*(Column(of, of.replace("_", " ").capitalize()) for of in names), Column("cost", "Cost", "exact")]
    rows: list[list[Value]] = [
        [
            *(row.feature, row.environment, row.cost_class, row.pool.account, row.pool.project, row.pool.model),
            *(row.method, row.rule, row.basis, row.cost_nano),
        ]
        for row in (part.allocation for part in sorted(parts, key=lambda part: -part.allocation.cost_nano))
    ]
    blank: list[Value] = [""] * (len(names) - 1)
    return Table(name, title, columns, rows, ["Total", *blank, sum(part.allocation.cost_nano for part in parts)])


def _shares(view: View, name: str, title: str, parts: Sequence[ExplainedAllocation]) -> Table:
    shares = sorted((one for part in parts for one in part.shares), key=lambda one: -one.share.nano)
    columns = [
        *(Column("line", "Line"), Column("line_item", "Line item"), Column("meter", "Meter"), Column("by", "Split by")),
        *(Column("weight", "Weight", "count"), Column("whole", "of", "count")),
        *(Column("line_amount", "Line", "exact"), Column("share", "Share", "exact")),
    ]
    rows: list[list[Value]] = [
        [
            Cell(one.line.line_id[:8], view.link("/line", line=one.line.line_id, day=view.asked.first)),
            *(one.line.line_item, one.share.meter, one.share.by, one.share.weight, one.share.whole),
            *(one.line.amount_nano, one.share.nano),
        ]
        for one in shares
    ]
    total: list[Value] = ["Total", *[""] * 6, sum(one.share.nano for one in shares)]
    return Table(name, title, columns, rows, total)


PAGE = Page(
    "/customer-day",
    "A customer's day",
    "What one day's cost of a customer is made of.",
    show,
    in_menu=False,
    filters=("customer",),
)
