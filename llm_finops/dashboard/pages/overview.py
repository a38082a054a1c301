"""The whole company in a period: what it cost, what it earned, and what needs attention."""

from collections.abc import Iterator, Mapping, Sequence

from llm_finops.charts import Point, bars, by_day
from llm_finops.charts.chart import units
from llm_finops.core.digest.words import change_text
from llm_finops.dashboard.asking import before
from llm_finops.dashboard.blocks import Block, Cell, Column, Picture, Table, Tile, Tiles, Tone, Value
from llm_finops.dashboard.pages.attention import attention
from llm_finops.dashboard.pages.costs import ALONE, cost_days, cost_table, costs, is_cost_alone, linked, ranked
from llm_finops.dashboard.pages.crossing import days_of
from llm_finops.dashboard.pages.pace import pace
from llm_finops.dashboard.pages.parts import by_name_alone, days_picture, days_table, per_request, revenue_of, tone_of
from llm_finops.dashboard.view import Page, View
from llm_finops.dashboard.words import UNKNOWN, percent_text, price_text
from llm_finops.ledger.queries import (
    Cost,
    CostDim,
    Margins,
    cost_by,
    margin_by,
    margin_days,
    margin_total,
    unbooked_days,
)

_BARS = 8
_DIMS: tuple[CostDim, ...] = ("provider", "feature", "model")


def show(view: View) -> Sequence[Block]:
    """Cost, revenue, margin, cost per request; by day, provider, model and feature."""
    by = {dim: ranked(cost_by(view.reader, view.asked, dim)) for dim in _DIMS}
    if is_cost_alone(view):
        title = "Cost by customer"
        parts = [*_parts(view, by), cost_table(view, "customers", title, "customer"), cost_days(view, _customers(view))]
        return [ALONE, *_providers_by_day(view, by["provider"]), *parts]
    now, then = (margin_total(view.reader, asked) for asked in (view.asked, before(view.asked)))
    days = margin_days(view.reader, view.asked)
    booked = _figures(view, now, then) if now.rows else _nothing(view)
    figures = Tiles([*booked, pace(view)], "In the period")
    return [
        *by_name_alone(view),
        figures,
        attention(view, sum(row.cost_nano for row in by["provider"])),
        *([days_picture(view, days)] if days else []),
        *_providers_by_day(view, by["provider"]),
        *_parts(view, by),
        *([_dearest(view)] if now.rows else []),
        days_table(view, days, now, _customers(view)),
    ]


def _customers(view: View) -> str:
    """Where customers' figures are; of a customer that is filtered by, its own page."""
    return "/customer" if view.asked.customer else "/customers"


def _nothing(view: View) -> Iterator[Tile]:
    """Where nothing is booked, nothing is known: it is no cost of 0."""
    note = f"nothing booked of {view.asked.first} to {view.asked.last} in {view.currency}"
    for label in ("Cost (cogs)", "Revenue", "Gross margin", "Cost per request"):
        yield Tile(label, UNKNOWN, note)


def _figures(view: View, now: Margins, then: Margins) -> Iterator[Tile]:
    span, unlike = _compared(view, then)

    def change(value: int | None, old: int | None) -> str:
        return unlike or f"{change_text(value, old, view.currency)} on {span}"

    revenue, margin = revenue_of(now), now.margin_nano
    yield Tile("Cost (cogs)", view.money(now.cost_nano), change(now.cost_nano, then.cost_nano), view.link("/features"))
    known = f"known in part, {view.money(now.revenue_nano)}" if now.revenue_nano else ""
    said = known if revenue is None else change(revenue, revenue_of(then))
    yield Tile("Revenue", view.money(revenue), said, view.link(_customers(view)))
    tone: Tone = "" if margin is None else "bad" if margin < 0 else "good"
    note = "a part of the revenue is not known" if margin is None else f"{percent_text(margin, revenue)} of revenue"
    tone = tone if view.flat_nano == 0 else ""
    yield Tile("Gross margin", view.money(margin), note, view.link(_customers(view)), tone)
    each = per_request(now.logged_cost_nano, now.requests)
    shown = UNKNOWN if each is None else price_text(each, view.currency)
    yield Tile("Cost per request", shown, f"{now.requests:,} logged requests", view.link("/requests"))


def _compared(view: View, then: Margins) -> tuple[str, str]:
    """The days of the period before, and why no change on them is told ('': it is): both must be booked in full."""
    earlier = before(view.asked)
    span = f"{earlier.first} to {earlier.last}"
    if not then.rows:
        return span, f"nothing booked of {span}"
    for of in (earlier, view.asked):
        if unbooked := unbooked_days(view.reader, of.first, of.last):
            days = days_of(of)
            return span, f"only {days - len(unbooked)} of {days} days are booked of {of.first} to {of.last}"
    return span, ""


def _providers_by_day(view: View, providers: Sequence[Cost]) -> Iterator[Picture]:
    names = [row.key[0] for row in providers]
    if not names:
        return
    rows = sorted(cost_by(view.reader, view.asked, "day", "provider"), key=lambda r: (names.index(r.key[1]), r.key[0]))
    points = [
        Point(day, name, units(row.cost_nano), f"{name} {view.money(row.cost_nano)}")
        for row in rows
        for day, name in [row.key]
    ]
    says = f"{', '.join(names)}; their sums are in the table Cost by provider."
    yield Picture(by_day("Cost by provider", says, points, unit=view.currency, mark="stack"))


def _parts(view: View, by: Mapping[CostDim, Sequence[Cost]]) -> Iterator[Block]:
    """Cost by provider, model and feature: the largest as bars, all as tables, each of which adds up to the same."""
    for dim in ("model", "feature"):
        if by[dim]:
            yield _largest(view, dim, by[dim])
    for dim, rows in by.items():
        yield costs(view, f"{dim}s", f"Cost by {dim}", [dim], rows, lead=_lead)


def _largest(view: View, dim: str, rows: Sequence[Cost]) -> Picture:
    shown = [(row.key[0], row.cost_nano) for row in rows[:_BARS]]
    if rest := rows[_BARS:]:
        shown.append((f"{len(rest)} more", sum(row.cost_nano for row in rest)))
    points = [Point(name, dim, units(nano), f"{name}: {view.money(nano)}") for name, nano in shown]
    return Picture(bars(f"Largest by {dim}", f"All are in the table Cost by {dim}.", points, unit=view.currency))


def _lead(view: View, dim: str, key: str) -> Cell:
    """A provider filters this page."""
    return Cell(key, view.link("/", provider=key)) if dim == "provider" else linked(view, dim, key)


def _dearest(view: View) -> Table:
    """The customers that cost most, each a step from its own page."""
    found = margin_by(view.reader, view.asked, "customer", limit=_BARS)
    columns = [Column("customer", "Customer"), Column("cost", "Cost", "money"), Column("margin", "Margin", "money")]
    rows: list[list[Value]] = [
        [
            Cell(row.key, view.link("/customer", customer=row.key)),
            row.cost_nano,
            Cell(row.margin_nano, tone=tone_of(view, row)),
        ]
        for row in found.rows
    ]
    total: list[Value] = [f"All {found.keys:,}", found.total.cost_nano, found.total.margin_nano]
    note = f"The {len(rows)} that cost most; all of them are under Customers."
    return Table("customers", "Customers that cost most", columns, rows, total, note=note, wide=False)


PAGE = Page("/", "Overview", "What AI costs, what it earns, and what needs a look.", show)
