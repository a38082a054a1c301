"""Features: what each costs, which revenue names it, and what is left for flat fees to pay."""

from collections.abc import Callable, Iterator, Sequence

from llm_finops.charts import Point, paired
from llm_finops.charts.chart import units
from llm_finops.core.records import ALL
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Picture, Table, Value
from llm_finops.dashboard.pages.costs import ALONE, cost_table, is_cost_alone, linked
from llm_finops.dashboard.pages.paged import paged
from llm_finops.dashboard.pages.parts import by_name_alone, per_request, revenue_of
from llm_finops.dashboard.view import Page, View
from llm_finops.dashboard.words import percent_text
from llm_finops.ledger.queries import Margins, Ranked, margin_by

_DRAWN = 10


def show(view: View) -> Sequence[Block]:
    """Which features pay for themselves, as a picture and in rows; and their cost by model and class."""
    models = cost_table(view, "feature_models", "Feature and model", "feature", "model")
    classes = cost_table(view, "classes", "Cost classes", "cost_class", "environment", classes=None)
    if is_cost_alone(view):
        return [ALONE, cost_table(view, "features", "Cost by feature", "feature"), classes, models]
    found = margin_by(view.reader, view.asked, "feature")
    flat = _flat(view, found)
    return [*_said(view, found, flat), *_picture(view, found.rows), classes, _table(view, found, flat), models]


def _flat(view: View, found: Ranked) -> int | None:
    """What pays for all features at once, also for one that is filtered by; None where that is not known."""
    if view.asked.feature is not None:
        return view.flat_nano
    return next((revenue_of(row) for row in found.rows if row.key == ALL), 0)


def left_of(row: Margins) -> int | None:
    """What of a feature's cost no revenue that names it pays; None where that revenue is not known."""
    revenue = revenue_of(row)
    return None if revenue is None else max(row.cost_nano - revenue, 0)


def _said(view: View, found: Ranked, flat: int | None) -> Iterator[Block]:
    if view.asked.feature is not None:
        yield from by_name_alone(view)
        return
    left = [left_of(row) for row in found.rows if row.key != ALL]
    known = [nano for nano in left if nano is not None]
    if not flat or len(known) < len(left):
        return
    share = percent_text(sum(known), flat)
    yield Note(
        f"Flat fees of {view.money(flat)} pay for all features at once. What no other revenue pays for, "
        f"{view.money(sum(known))} of cost, is {share} of them. Which part of a flat fee is for which feature is not "
        "known: what is known of a feature is the revenue that names it, and its share of all cost."
    )


def _picture(view: View, rows: Sequence[Margins]) -> Iterator[Picture]:
    shown = [row for row in rows if row.key != ALL][:_DRAWN]
    if not shown:
        return
    points = [
        Point(row.key, name, units(nano), f"{row.key}: {name} {view.money(nano)}")
        for row in shown
        for name, nano in (("cost", row.cost_nano), ("revenue that names it", revenue_of(row)))
    ]
    says = f"The {len(shown)} that cost most; all are in the table Features."
    yield Picture(paired("Cost of features, and revenue that names them", says, points, unit=view.currency))


_ORDERS: dict[str, Callable[[Margins], int | str | None]] = {
    "cost": lambda row: row.cost_nano,
    "revenue": revenue_of,
    "margin": lambda row: row.margin_nano,
    "left": left_of,
    "requests": lambda row: row.requests,
    "key": lambda row: row.key,
}


def _table(view: View, found: Ranked, flat: int | None) -> Table:
    logged = "cost that request logs found, by logged request, whatever its status"
    columns = [
        *(Column("feature", "Feature", sort="key"), Column("cost", "Cost", "money", "cost")),
        Column("cost_share", "of all cost", "percent"),
        Column("revenue", "Revenue that names it", "money", "revenue"),
        Column("margin", "Less its cost", "money", "margin"),
        Column("left", "Left to pay", "money", "left", "of its cost, what no revenue that names it pays"),
        *(Column("pays", "Who pays"), Column("requests", "Requests", "count", "requests")),
        Column("cost_per_request", "a request", "price", hint=logged),
    ]
    part = paged(view, "features", found.rows, _ORDERS, "-cost")
    rows: list[list[Value]] = [
        [Cell(row.key) if row.key == ALL else linked(view, "feature", row.key), *_figures(row, found.total, flat)]
        for row in part.rows
    ]
    left = [left_of(row) for row in found.rows if row.key != ALL]
    known = None if None in left else sum(nano for nano in left if nano is not None)
    total = _figures(found.total, found.total, flat)
    total[4], total[5] = known, ""
    return Table("features", "Features", columns, rows, [f"All {part.of:,}", *total], part.of)


def _figures(row: Margins, whole: Margins, flat: int | None) -> list[Value]:
    margin = row.margin_nano
    left = None if row.key == ALL else left_of(row)
    return [
        row.cost_nano,
        (row.cost_nano, whole.cost_nano),
        revenue_of(row),
        margin,
        "" if row.key == ALL else left,
        _pays(row, flat),
        row.requests,
        per_request(row.logged_cost_nano, row.requests),
    ]


def _pays(row: Margins, flat: int | None) -> Cell:
    """In words, who pays for a feature. Whether a flat fee covers it is not known, so that is no fault of it."""
    revenue = revenue_of(row)
    if row.key == ALL:
        return Cell("flat fees, for all features at once")
    if revenue is None:
        return Cell(None, tone="warn")
    if revenue >= row.cost_nano:
        return Cell("it pays for itself", tone="good")
    if flat is None:
        return Cell(None, tone="warn")
    if flat:
        return Cell("in part by name, else flat fees" if revenue else "flat fees alone")
    return Cell("in part: it costs more than it earns" if revenue else "nobody: a tax on the others", tone="bad")


PAGE = Page("/features", "Features", "Which features pay for themselves, and which are a tax on the others.", show)
