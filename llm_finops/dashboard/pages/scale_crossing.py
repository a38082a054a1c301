"""Who is about to cross the line where cost and revenue are equal: by how much more usage, and in how many days."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from llm_finops.core.records import UNALLOCATED
from llm_finops.dashboard.asking import BadAddress
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Value
from llm_finops.dashboard.pages.crossing import (
    Stands,
    cost_in,
    days_of,
    days_until_zero,
    preceding,
    revenue_in,
    stands,
    until_of,
)
from llm_finops.dashboard.pages.paged import paged
from llm_finops.dashboard.pages.parts import toned
from llm_finops.dashboard.standing import standing
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Margins, Scaled, is_whole, margins_of

_NONE, _PAST, _NOT_SO, _FAR = "none", "past", "not at this pace", 365
_STANDS: dict[Stands, str] = {
    "below": "below zero",
    "close": "close to zero",
    "further": "further away from zero",
    "never": "that no usage brings to zero",
    "unknown": "whose revenue is not known in full",
}
_NAMED = 1000  # customers that a query names: a database takes only so many
_UNTIL = (
    "Until zero: by so much usage would have to change for the margin to be zero: margin / (cost less what is paid by "
    "usage). None: no usage does that."
)


class Before(NamedTuple):
    """The period before: its days, and what its margins say by customer; None where the two cannot be compared."""

    span: str
    of: dict[str, Margins] | None


def crossing(view: View, every: Sequence[Scaled]) -> Iterator[Block]:
    """The customers, those nearest to the line first; all of them, or of one decile, or of one side of the line."""
    named, rows = _chosen(view, [row for row in every if row.customer != UNALLOCATED])
    if named:
        yield Note(f"Below are customers {named} alone.", href=f"{view.link()}#crossing", link="All customers")
    part = paged(view, "crossing", rows, _ORDERS, "until")
    before = _before(view, [row.customer for row in part.rows])
    nobody = sum(row.cost_nano for row in every if row.customer == UNALLOCATED)
    apart = f" {UNALLOCATED}, {view.money(nobody)} of cost, is not among them." if nobody else ""
    lines = [_line(view, row, before) for row in part.rows]
    total: list[Value] = [f"All {len(rows):,}", *_totals(rows), "", "", ""]
    note = f"{_UNTIL} {_grown(view, before)}{apart}"
    yield Table("crossing", "Who is about to cross the line", _columns(before), lines, total, len(rows), note=note)


_ORDERS: dict[str, Callable[[Scaled], object]] = {
    "until": lambda row: None if (at := until_of(row)) is None else abs(at),
    "margin": lambda row: row.margin_nano,
    "cost": lambda row: row.cost_nano,
    "revenue": lambda row: revenue_in([row]),
    "operations": lambda row: row.operations,
    "customer": lambda row: row.customer.encode(),
}


def _chosen(view: View, customers: Sequence[Scaled]) -> tuple[str, Sequence[Scaled]]:
    """What the address chooses among the customers, in words and as rows."""
    decile, place = view.param("decile"), view.param("stands")
    named, rows = [], list(customers)
    if decile:
        if decile not in map(str, range(11)):
            raise BadAddress(f"decile={decile}: expected 1 to 10, or 0 for customers without logged operations")
        named.append(f"of decile {decile}" if decile != "0" else "without logged operations")
        rows = [row for row in rows if row.decile == int(decile)]
    if place:
        words = next((words for at, words in _STANDS.items() if at == place), None)
        if words is None:
            raise BadAddress(f"stands={place}: expected one of {', '.join(_STANDS)}")
        named.append(words)
        rows = [row for row in rows if stands(row) == place]
    return ", ".join(named), rows


def _before(view: View, customers: Sequence[str]) -> Before:
    """Two periods can be compared where every day of both is there, reported or estimated."""
    earlier = preceding(view.asked)
    both = is_whole(view.reader, earlier.first, view.asked.last)
    if both and not view.standing.partial and not standing(view.reader, earlier, view.config).partial:
        named = customers if len(customers) <= _NAMED else None
        return Before(_span(earlier.first, earlier.last), margins_of(view.reader, earlier, named))
    return Before(_span(earlier.first, earlier.last), None)


def _span(first: str, last: str) -> str:
    return f"{first} to {last}"


def _columns(before: Before) -> list[Column]:
    return [
        Column("customer", "Customer", sort="customer"),
        Column("operations", "Operations", "count", "operations"),
        *(Column("cost", "Cost", "money", "cost"), Column("revenue", "Revenue", "money", "revenue")),
        Column("by_usage", "by usage", "money", hint="revenue that names a feature: it grows with usage"),
        Column("margin", "Margin", "money", "margin"),
        Column("until_zero", "Until zero", "percent", "until", "how much more usage brings the margin to zero"),
        Column("cost_before", "Cost before", "money", hint=before.span),
        Column(
            "days_until_zero", "Zero in about", "count", hint="days until the margin is zero, if it falls as it did"
        ),
    ]


def _line(view: View, row: Scaled, before: Before) -> list[Value]:
    until = until_of(row)
    part = until if until is None else (until.numerator, until.denominator)
    unknown = row.margin_nano is None
    then = None if before.of is None else before.of.get(row.customer)
    cost_before = None if before.of is None else then.cost_nano if then else 0
    return [
        Cell(row.customer, view.link("/customer", customer=row.customer)),
        row.operations,
        *_amounts([row]),
        Cell(None if unknown else part or _NONE, tone="warn" if stands(row) == "close" else ""),
        cost_before,
        _days(view, row, then),
    ]


def _amounts(rows: Sequence[Scaled]) -> list[Value]:
    cost, revenue = cost_in(rows), revenue_in(rows)
    if revenue is None:
        return [cost, None, None, None]
    by_usage, margin = revenue - sum(row.flat_nano for row in rows), revenue - cost
    return [cost, revenue, by_usage, Cell(margin, tone=toned(margin))]


def _totals(rows: Sequence[Scaled]) -> list[Value]:
    return [sum(row.operations for row in rows), *_amounts(rows)]


def _days(view: View, row: Scaled, then: Margins | None) -> Value:
    """Who was not there in the period before has not grown by anything that says what comes."""
    if row.margin_nano is None or then is None or then.margin_nano is None:
        return None
    if row.margin_nano < 0:
        return _PAST
    found = days_until_zero(days_of(view.asked), then, row.cost_nano, row.margin_nano)
    if found is None:
        return _NOT_SO
    if view.exporting:
        return found
    return Cell(
        f"{found:,} days" if found <= _FAR else "over a year", tone="warn" if found <= days_of(view.asked) else ""
    )


def _grown(view: View, before: Before) -> str:
    if before.of is None:
        return f"Growth is not known: that needs every day of {before.span}, and of this period, with its cost."
    return (
        f"Zero in about: where the cost grew on the {days_of(view.asked)} days before ({before.span}) and the margin "
        "fell, in how many days it is zero if it falls by as much again in as many days."
    )
