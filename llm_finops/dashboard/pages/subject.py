"""What the pages of one customer and of one feature have in common."""

from collections.abc import Iterator
from typing import Literal

from llm_finops.core.derived import FAILED, RETRIED
from llm_finops.core.records import COGS
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Tile, Tiles, Value
from llm_finops.dashboard.pages.costs import ALONE, cost_days, cost_table, is_cost_alone
from llm_finops.dashboard.pages.paged import Orders, keyed, paged
from llm_finops.dashboard.pages.parts import per_request, revenue_of, tone_of
from llm_finops.dashboard.pages.request_ends import COST, by_end
from llm_finops.dashboard.pages.request_parts import each_of
from llm_finops.dashboard.pages.request_spread import percentiles
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import UNKNOWN, percent_text, price_text
from llm_finops.ledger.queries import CostDim, Margins, RequestDim, Requests, cost_by, outcomes, requests_by

Subject = Literal["customer", "feature"]
_LOST = (FAILED, RETRIED)


def figures(view: View, total: Margins) -> Tiles:
    """Cost, revenue, margin, requests, and what was spent in vain."""
    revenue, margin = revenue_of(total), total.margin_nano
    each = per_request(total.logged_cost_nano, total.requests)
    ended = {row.key[0]: row.cost_nano for row in outcomes(view.reader, view.asked, "outcome")}
    lost = sum(ended.get(name, 0) for name in _LOST)
    share = f"{percent_text(lost, total.logged_cost_nano)} of what request logs found"
    of = "a part of the revenue is not known" if margin is None else f"{percent_text(margin, revenue)} of revenue"
    named = "" if view.flat_nano == 0 else " that names it"
    if named and revenue is not None:
        of = f"{percent_text(revenue, total.cost_nano)} of its cost is paid by name"
    return Tiles(
        [
            Tile("Cost (cogs)", view.money(total.cost_nano), "", "#days"),
            Tile(f"Revenue{named}", view.money(revenue), "", "#days"),
            Tile(
                f"{'Less its cost' if named else 'Gross margin'}", view.money(margin), of, "#days", tone_of(view, total)
            ),
            Tile("Requests", f"{total.requests:,}", f"{total.operations:,} operations", "#days"),
            Tile("Cost per request", UNKNOWN if each is None else price_text(each, view.currency)),
            Tile(
                "Failed and retried",
                view.money(lost),
                share if total.logged_cost_nano else "nothing was logged",
                "#outcomes",
            ),
        ],
        "In the period",
    )


def how(view: View) -> Iterator[Block]:
    """How the cost was found, and where it was made; the last table is of all classes, also of what no margin has."""
    yield cost_table(view, "methods", "How it was found", "method", "rule")
    yield cost_table(view, "classes", "Environments and cost classes", "environment", "cost_class", classes=None)


def logged(view: View, by: Subject, key: str) -> Iterator[Block]:
    """What is known of its single requests: what became of them, what they cost, how that is spread."""
    yield by_end(view, f"{COST}: what failed or was sent again is in it.")
    yield kinds(view)
    if view.asked.customer and view.asked.feature:
        yield Note(f"Percentiles are of all requests of the {by}: they are not kept by customer and feature at once.")
    yield from percentiles(view, by, key, wide=False)


def cost_alone(view: View, path: str, by: Subject, key: str, others: tuple[CostDim, str]) -> Iterator[Block]:
    """Without margins: where a filter is on that revenue knows nothing of, or where no cost is in a margin.

    `others`: the dimension that the subject is made of, with its table's title.
    """
    classes = (COGS,) if cost_by(view.reader, view.asked) else None
    if is_cost_alone(view):
        yield ALONE
    if classes is None:
        yield Note("Its cost is in no margin (its class is not cogs): every table below is of all classes.", "warn")
    dim, title = others
    yield cost_days(view, path, classes=classes, **{by: key})
    yield cost_table(view, f"{dim}s", title, dim, classes=classes)
    yield cost_table(view, "models", "Models", "provider", "model", classes=classes)
    yield cost_table(view, "methods", "How it was found", "method", "rule", classes=classes)
    yield cost_table(view, "classes", "Environments and cost classes", "environment", "cost_class", classes=None)
    yield kinds(view)


_NAMES: tuple[RequestDim, ...] = ("feature", "model", "service_tier")
_KINDS: Orders = {
    "each": each_of,
    "cost": lambda row: row.list_cost_nano,
    "requests": lambda row: row.requests,
    **keyed(_NAMES, lambda row: row.key),
}


def kinds(view: View) -> Table:
    """Feature, model and tier of logged requests, the dearest requests first."""
    rows = [row for row in requests_by(view.reader, view.asked, *_NAMES) if row.requests]
    part = paged(view, "kinds", rows, _KINDS, "-each")
    columns = [Column(name, name.replace("_", " ").capitalize(), sort=name) for name in _NAMES]
    columns += [Column("requests", "Requests", "count", "requests"), Column("list_cost", "List cost", "money", "cost")]
    columns += [Column("list_cost_per_request", "a request", "price", "each", "of those with a known price")]
    columns += [Column("unpriced", "Unpriced", "count", hint="requests without a known price: not in the list cost")]
    lines: list[list[Value]] = [
        [Cell(row.key[0], view.link("/feature", feature=row.key[0])), *row.key[1:], *_amounts(row)] for row in part.rows
    ]
    total: list[Value] = ["Total", "", "", *_amounts(_sum(rows))]
    note = "At list price, the weight that cost lines are split by."
    return Table("kinds", "Kinds of request", columns, lines, total, part.of, "Nothing was logged.", note)


def _amounts(row: Requests) -> list[Value]:
    return [row.requests, row.list_cost_nano, each_of(row), Cell(row.unpriced, tone="warn" if row.unpriced else "")]


def _sum(rows: list[Requests]) -> Requests:
    priced = [row.list_cost_nano for row in rows if row.list_cost_nano is not None]
    return Requests(
        (),
        sum(row.requests for row in rows),
        sum(row.operations for row in rows),
        sum(priced) if priced else None,
        sum(row.unpriced for row in rows),
    )
