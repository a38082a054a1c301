"""Findings by kind, with what each means, and the rows of one kind."""

from collections.abc import Iterator

from llm_finops.dashboard.blocks import Block, Cell, Column, Heading, Table, Value
from llm_finops.dashboard.meanings import meaning
from llm_finops.dashboard.pages.price_words import prices_links
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import billionths, unit_text
from llm_finops.ledger.queries import findings_by, findings_rows


def doubts(view: View) -> Iterator[Block]:
    """All kinds with their counts, then the rows of the kind that is asked for."""
    yield Heading("Findings", "Differences and doubts: told, counted, and never dropped. Of every currency.")
    counts = findings_by(view.reader, view.asked)
    kind = view.param("kind")
    columns = [Column("kind", "Kind", "day"), Column("account", "Account"), Column("findings", "Findings", "count")]
    columns += [Column("days", "Days", "count"), Column("newest", "Newest", "day"), Column("meaning", "What it means")]
    rows: list[list[Value]] = [
        [Cell(of.kind, _to(view, of.kind)), of.account, of.findings, of.days, of.newest, meaning(of.kind)]
        for of in counts
    ]
    total: list[Value] = ["Total", "", sum(of.findings for of in counts), "", "", ""]
    yield Table("kinds", "Findings by kind", columns, rows, total, empty="No finding in this period.")
    if kind:
        yield _rows(view, kind, sum(of.findings for of in counts if of.kind == kind))


def _to(view: View, kind: str) -> str:
    kept = {name: view.param(name) or None for name in ("month", "account")}
    return view.link("/reconciliation", kind=kind, **kept) + "#findings"


def _rows(view: View, kind: str, count: int) -> Table:
    part = view.slice("findings", ["day"], "-day")
    found = findings_rows(view.reader, view.asked, kind, part.limit, part.offset)
    columns = [Column("day", "Day", "day"), Column("account", "Account"), Column("subject", "About")]
    # People read an amount with its unit; a file holds the number (whole units) and the unit apart.
    amount = (
        [Column("amount", "Amount", "amount"), Column("unit", "Unit")]
        if view.exporting
        else [Column("amount", "Amount")]
    )
    columns += [*amount, Column("detail", "What was seen")]
    prices = prices_links(view, kind)
    rows: list[list[Value]] = [
        [
            of.day,
            of.account,
            Cell(of.subject, prices.get(of.subject, "")),
            *([billionths(of.amount, of.unit), of.unit] if view.exporting else [unit_text(of.amount, of.unit)]),
            of.detail,
        ]
        for of in found
    ]
    empty = "No finding of this kind in this period."
    return Table("findings", f"Findings: {kind}", columns, rows, count=count, empty=empty, note=meaning(kind))
