"""What needs a look, each with where to look."""

from collections.abc import Iterator
from dataclasses import replace

from llm_finops.core.records import UNALLOCATED
from llm_finops.dashboard.blocks import Cell, Column, Table, Value
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import percent_text
from llm_finops.ledger.queries import cost_by, held, ladder, margin_by, meters, quarantined_count, sources


def attention(view: View, cost_nano: int) -> Table:
    """A short table, each row with where to look further; `cost_nano` is all the cost asked for."""
    columns = [Column("what", "What"), Column("how_much", "How much"), Column("where", "Where")]
    all_well = "Nothing: every day is there and reported, and what is booked is priced and owned."
    return Table("attention", "Needs a look", columns, list(_found(view, cost_nano)), empty=all_well)


def _found(view: View, total: int) -> Iterator[list[Value]]:
    reader, asked = view.reader, view.asked
    yield from _days(view)
    for source in sources(reader):
        if source.outcome in {"failed", "part"}:
            where = Cell("Data health", view.link("/health"))
            yield [f"{source.source}: {source.dataset} not read whole", source.outcome, where]
    for day in held(reader):
        yield [f"{day.scope} {day.period} is held", f"load {day.load_id}", Cell("Data health", view.link("/health"))]
    below = margin_by(reader, asked, "customer", order="margin", descending=False, limit=2)
    owned = [row for row in below.rows if row.key != UNALLOCATED]  # which has a line of its own
    if (count := below.below_zero) and view.flat_nano == 0:  # else a flat fee may pay for it
        worst = owned[0]
        what = f"{count} customer{'s' if count > 1 else ''} below zero"
        where = Cell("Customers", view.link("/customers", **{"customers.sort": "margin"}))
        yield [what, f"{worst.key} {view.money(worst.margin_nano)}", where]
    if below.unknown:
        what = f"{below.unknown} customer{'s' if below.unknown > 1 else ''} whose revenue is not known"
        yield [what, "", Cell("Customers", view.link("/customers"))]
    nobodys = cost_by(reader, replace(asked, customer=UNALLOCATED)) if asked.customer is None else ()
    nobody = sum(row.cost_nano for row in nobodys)
    if nobody:
        where = Cell("What it is", view.link("/customer", customer=UNALLOCATED))
        yield ["Unallocated", f"{view.money(nobody)}, {percent_text(nobody, total)} of cost", where]
    unpriced = sorted({row.model for row in meters(reader, asked) if row.unpriced})
    if unpriced:
        yield ["Unpriced usage", ", ".join(unpriced), Cell("Prices", view.link("/prices"))]
    for month in ladder(reader, asked):
        for match in month.matches:
            if match.state in {"differs", "invoice without cost"}:
                where = Cell("Reconciliation", view.link("/reconciliation"))
                said = f"{match.state} by {view.money(match.difference_nano)}"
                yield [f"Invoice of {month.account}, {month.month} ({match.charge_category})", said, where]
    if rows := quarantined_count(reader):
        yield [
            f"{rows:,} row{'s' if rows > 1 else ''} not counted",
            "",
            Cell("Data health", view.link("/health")),
        ]


def _days(view: View) -> Iterator[list[Value]]:
    """The days whose figures are not those of a report, each kind with its newest."""
    of, where = view.standing, Cell("Data health", view.link("/health"))
    for what, found in (
        ("account day{} missing", [f"{account} {day}" for account, day in of.partial]),
        ("day{} not booked", of.unbooked),
        ("day{} not computed anew yet", of.outdated),
        ("account day{} estimated", [f"{account} {day}" for account, day in of.estimated]),
    ):
        if found:
            counted = f"{len(found):,} {what.format('s' if len(found) > 1 else '')}"
            yield [counted, f"{'up to ' if len(found) > 1 else ''}{found[-1]}", where]
