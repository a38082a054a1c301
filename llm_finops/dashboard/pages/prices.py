"""Models and prices: what the book says, and what the bills imply."""

from collections.abc import Sequence

from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Tone, Value
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import Implied, implied, meters, price_changes

_TONES: dict[str, Tone] = {"differs": "bad", "unpriced": "warn"}


def show(view: View) -> Sequence[Block]:
    """Usage at list, the newest implied price of each meter beside the book's, and the changes of the period."""
    model = view.param("model")
    only = [Note(f"The model {model} alone.", href=view.link("/prices"), link="all models")] if model else []
    return [*only, *_unpriced(view, model), _implied(view, model), _usage(view, model), _changes(view, model)]


def _unpriced(view: View, model: str) -> list[Note]:
    names = sorted({row.model for row in meters(view.reader, view.asked) if row.unpriced and model in {"", row.model}})
    said = f"No price is known for some usage of {', '.join(names)}: it is shown as unpriced, never as 0. "
    return [Note(said + "Give a price in [prices], as docs/prices.md says.", "warn")] if names else []


def _implied(view: View, model: str) -> Table:
    newest: dict[tuple[str, ...], Implied] = {}
    for row in implied(view.reader, view.asked):
        if model in {"", row.price.model}:
            newest[(row.account, *row.price[:7])] = row
    columns = [
        *(
            Column("model", "Model"),
            Column("service_tier", "Tier"),
            Column("meter", "Meter"),
            Column("account", "Account"),
        ),
        Column("day", "Day", "day"),
        *(
            Column("list", "List", "price"),
            Column("contract", "Contract", "price"),
            Column("implied", "By the bill", "price"),
        ),
        *(Column("state", "State"), Column("reason", "Likely reason")),
    ]
    rows: list[list[Value]] = [
        [
            *(of.price.model, of.price.service_tier, of.price.meter, of.account, of.day),
            *(of.price.list_price_nano, of.price.contract_price_nano, of.price.implied_price_nano),
            *(Cell(of.price.state, tone=_TONES.get(of.price.state, "")), of.price.reason),
        ]
        for of in sorted(newest.values(), key=lambda of: (of.price.state == "matched", of.price[:6], of.account))
    ]
    note = (
        "A million of the meter's unit, on the newest day of the period that the bill says it; what parts comes first."
    )
    return Table("implied", "Prices by the bill, beside the book", columns, rows, note=note)


def _usage(view: View, model: str) -> Table:
    names = ("provider", "model", "service_tier", "meter", "unit")
    columns = [Column(name, name.replace("_", " ").capitalize()) for name in names]
    columns += [Column("quantity", "Quantity", "count"), Column("list_cost", "At list", "money")]
    columns += [Column("unpriced", "Unpriced", "count")]
    found = [row for row in meters(view.reader, view.asked) if model in {"", row.model}]
    rows: list[list[Value]] = [
        [*row[:5], row.quantity, row.list_cost_nano, Cell(row.unpriced, tone="warn" if row.unpriced else "")]
        for row in found
    ]
    total = sum(row.list_cost_nano or 0 for row in found)
    return Table("usage", "Usage at list price", columns, rows, ["Total", *[""] * 5, total, ""])


def _changes(view: View, model: str) -> Table:
    columns = [Column("at", "From"), Column("model", "Model"), Column("service_tier", "Tier"), Column("meter", "Meter")]
    columns += [Column("before", "Before", "price"), Column("after", "After", "price"), Column("source", "Source")]
    rows: list[list[Value]] = [
        [of.at[:10], of.model, of.service_tier, of.meter, of.before_nano, of.after_nano, of.source]
        for of in price_changes(view.reader, view.asked.first, view.asked.last)
        if of.currency == view.currency and model in {"", of.model}
    ]
    return Table("changes", "Prices that changed", columns, rows, empty="None of the models in use, in this period.")


PAGE = Page("/prices", "Prices", "List, contract and implied prices of the models in use.", show, filters=("provider",))
