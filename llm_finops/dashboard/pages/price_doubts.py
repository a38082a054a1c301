"""Where bills and book part: since when and why it may be; and what to paste where the book has no price."""

from collections.abc import Iterator

from llm_finops.core.audit import PRICE_DIFFERS, PRICE_IMPLIED, subject
from llm_finops.core.price import UNPRICED
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Value
from llm_finops.dashboard.pages.price_words import findings_link, implied_cell, model_cell
from llm_finops.dashboard.pages.priced import Priced
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Differs, differing, findings_rows


def doubts(priced: Priced) -> Iterator[Block]:
    """Usage without a price, prices to add, prices that differ; nothing where all is as the book has it."""
    view = priced.view
    names = sorted({row.model for row in priced.usage if row.unpriced})
    if names:
        said = f"No price is known for some usage of {', '.join(names)}: it is shown as unpriced, never as 0."
        yield Note(said, "warn", findings_link(view, UNPRICED), "What is unpriced")
    to_add = list(_to_add(priced))
    if to_add:
        yield _added(to_add)
    apart = [row for row in differing(view.reader, view.asked) if priced.model in {"", row.price.model}]
    if apart:
        yield _apart(view, apart)
        yield Note("Each day's difference is a finding.", "", findings_link(view, PRICE_DIFFERS), "These findings")


def _to_add(priced: Priced) -> Iterator[list[Value]]:
    """Of each price that a bill implies and the book lacks, the first day's row to paste: it is dated from there."""
    view = priced.view
    models = {(row.account, subject(row.price)): row.price.model for row in priced.bills}
    first: dict[tuple[str, str], list[Value]] = {}
    for row in findings_rows(view.reader, view.asked, PRICE_IMPLIED):  # the newest day first
        of = models.get((row.account, row.subject))
        if of is not None and row.unit == view.currency:
            first[row.account, row.subject] = [model_cell(view, of), row.account, row.day, row.subject, row.detail]
    return (first[key] for key in sorted(first))


def _added(rows: list[list[Value]]) -> Table:
    columns = [Column("model", "Model"), Column("account", "Account"), Column("since", "First day", "day")]
    columns += [Column("about", "About"), Column("detail", "What to paste into a price file")]
    note = "As the finding of the first day in the period has it: the price is dated from that day."
    return Table("to-add", "Prices that the book lacks", columns, rows, note=note)


def _apart(view: View, found: list[Differs]) -> Table:
    columns = [
        *(Column("model", "Model"), Column("service_tier", "Tier"), Column("meter", "Meter")),
        *(Column("account", "Account"), Column("since", "Since", "day"), Column("until", "Newest", "day")),
        Column("matched_on", "Last as booked", "day", hint="the last day on which bill and book agreed"),
        *(Column("book", "Book", "exact"), Column("implied", "By the bill", "exact")),
        Column("more", "Billed more", "money", hint="than by the book, on the newest day; below zero: less"),
        *(Column("reason", "Likely reason"), Column("detail", "What was seen")),
    ]
    said = {
        (row.account, row.day, row.subject): row.detail
        for row in findings_rows(view.reader, view.asked, PRICE_DIFFERS)
        if row.unit == view.currency
    }
    lines: list[list[Value]] = []
    for row in found:
        of = row.price
        detail = said.get((row.account, row.newest, subject(of)), "")
        more = None if of.expected_nano is None else of.billed_nano - of.expected_nano
        lines.append(
            [
                *(model_cell(view, of.model), of.service_tier, of.meter, row.account, row.first, row.newest),
                row.matched_on or "never seen",
                *(implied_cell(view, of.expected_price_nano), implied_cell(view, of.implied_price_nano)),
                *(Cell(more, tone="bad" if (more or 0) > 0 else ""), of.reason, detail),
            ]
        )
    note = "Prices of a million of the meter's unit, on the newest day that the bill parts from the book."
    return Table("apart", "Where the bill parts from the book", columns, lines, note=note)
