"""Models and prices: what the book says, since when, and what the bills imply."""

from collections.abc import Callable, Iterator, Sequence

from llm_finops.core.derived import DIFFERS, MATCHED, NOT_COMPARABLE, UNPRICED
from llm_finops.core.records import NONE
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Tone, Value
from llm_finops.dashboard.pages.paged import paged
from llm_finops.dashboard.pages.price_doubts import doubts
from llm_finops.dashboard.pages.price_lines import lines
from llm_finops.dashboard.pages.price_words import implied_cell, model_cell
from llm_finops.dashboard.pages.priced import Priced
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import Implied, Metered, PriceChange

_TONES: dict[str, Tone] = {DIFFERS: "bad", UNPRICED: "warn", MATCHED: "good"}


def show(view: View) -> Sequence[Block]:
    """What is in doubt, prices over time, the bill beside the book, usage at list, and the changes of the period."""
    return list(_blocks(Priced(view, view.param("model"))))


def _blocks(priced: Priced) -> Iterator[Block]:
    if priced.model:
        yield Note(f"The model {priced.model} alone.", href=priced.view.link("/prices"), link="All models")
    for block in (*doubts(priced), _changes(priced), *lines(priced), _implied(priced), _usage(priced)):
        yield priced.shown(block) if isinstance(block, Table) else block


def _changes(priced: Priced) -> Table:
    view = priced.view
    columns = [Column("at", "From", "day", "at"), Column("model", "Model"), Column("service_tier", "Tier")]
    columns += [Column("context_band", "Context"), Column("meter", "Meter"), Column("before", "Before", "exact")]
    columns += [Column("after", "After", "exact"), Column("change", "Change", "percent"), Column("source", "Source")]
    part = paged(view, "changes", priced.changes, _CHANGES, "-at")
    rows = [_changed(view, of) for of in part.rows]
    empty = "No price of what is in use changed in this period."
    return Table("changes", "Prices that changed", columns, rows, count=part.of, empty=empty)


_CHANGES: dict[str, Callable[[PriceChange], object]] = {"at": lambda of: of.at}


def _changed(view: View, of: PriceChange) -> list[Value]:
    before, after = of.before_nano, of.after_nano
    change = None if before is None or after is None else (after - before, before)
    return [
        *(of.at[:10], model_cell(view, of.model), of.service_tier, of.context_band, of.meter),
        *("no price" if nano is None else nano for nano in (before, after)),
        *("n/a" if change is None else change, of.source),
    ]


def _implied(priced: Priced) -> Table:
    view = priced.view
    newest = {(row.account, *row.price[:7]): row for row in priced.bills}
    by_name = sorted(newest.values(), key=lambda of: (of.price[:7], of.account))
    part = paged(view, "implied", by_name, _BILLS, "state")
    columns = [
        *(Column("model", "Model", sort="model"), Column("service_tier", "Tier"), Column("meter", "Meter")),
        *(Column("account", "Account"), Column("day", "Day", "day")),
        *(Column("list", "List", "exact"), Column("contract", "Contract", "exact")),
        Column("book", "Book", "exact", hint="contract before list, in the mix that the charge is for"),
        *(Column("implied", "By the bill", "exact"), Column("state", "State", sort="state")),
        Column("reason", "Likely reason"),
    ]
    rows = [_billed(view, of) for of in part.rows]
    note = (
        "A million of the meter's unit, on the newest day of the period that the bill says it; what parts comes first. "
        "(any): one charge for several prices. List or contract reads n/a where the book has none of the kind."
    )
    return Table("implied", "Prices by the bill, beside the book", columns, rows, count=part.of, note=note)


_STATES = (DIFFERS, UNPRICED, NOT_COMPARABLE, MATCHED)
_BILLS: dict[str, Callable[[Implied], object]] = {
    "state": lambda of: _STATES.index(of.price.state),
    "model": lambda of: of.price.model.encode(),
}


def _billed(view: View, of: Implied) -> list[Value]:
    price = of.price
    booked = ("n/a" if nano is None else nano for nano in (price.list_price_nano, price.contract_price_nano))
    return [
        *(model_cell(view, price.model), price.service_tier, price.meter, of.account, of.day, *booked),
        "no price" if price.state == UNPRICED else implied_cell(view, price.expected_price_nano),
        implied_cell(view, price.implied_price_nano),
        Cell(price.state.replace("_", " "), tone=_TONES.get(price.state, "")),
        "" if price.reason == NONE else price.reason,
    ]


def _usage(priced: Priced) -> Table:
    view = priced.view
    part = paged(view, "usage", priced.usage, _USED, "-cost")
    columns = [
        *(Column("provider", "Provider"), Column("model", "Model", sort="model"), Column("service_tier", "Tier")),
        *(Column("meter", "Meter"), Column("quantity", "Quantity", "count"), Column("unit", "Unit")),
        *(Column("list_cost", "At list", "money", "cost"), Column("unpriced", "Unpriced", "count")),
    ]
    rows = [_used(view, row) for row in part.rows]
    known = [row.list_cost_nano for row in priced.usage if row.list_cost_nano is not None]
    total: list[Value] = ["Total", *[""] * 5, sum(known) if known else None, ""]
    note = "Contract before list, at each day's own price; what has no price is in no cost, and counted beside it."
    return Table("usage", "Usage at list price", columns, rows, total, part.of, note=note)


_USED: dict[str, Callable[[Metered], object]] = {
    "cost": lambda row: row.list_cost_nano,
    "model": lambda row: row.model.encode(),
}


def _used(view: View, row: Metered) -> list[Value]:
    return [
        *(row.provider, model_cell(view, row.model), row.service_tier, row.meter, row.quantity, row.unit),
        *(row.list_cost_nano, Cell(row.unpriced, tone="warn" if row.unpriced else "")),
    ]


PAGE = Page(
    "/prices",
    "Prices",
    "List, contract and implied prices of the models in use.",
    show,
    filters=("provider",),
    keeps=("model",),
)
