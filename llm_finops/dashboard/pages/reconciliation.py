"""Usage at list price, what providers report, what they invoice; and every doubt about it."""

import re
from collections.abc import Sequence

from llm_finops.dashboard.asking import BadAddress
from llm_finops.dashboard.blocks import Block, Cell, Column, Heading, Note, Table, Tone, Value
from llm_finops.dashboard.pages.account_month import account_month
from llm_finops.dashboard.pages.bridge import bridge, invoiced_of, listed, or_none
from llm_finops.dashboard.pages.doubts import doubts
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import LadderRow, ladder

_ORDER = ("differs", "invoice without cost", "not invoiced yet", "no invoice expected", "matched")
_TONES: dict[str, Tone] = {"differs": "bad", "invoice without cost": "warn", "matched": "good"}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_BILLED = "As the documents show it. Months are whole, also where the period begins or ends within one."


def show(view: View) -> Sequence[Block]:
    """One account's month as a bridge and by day; all of them as a table; the invoices; the findings."""
    rows = ladder(view.reader, view.asked)
    if not rows:
        return [Note("No usage, cost or invoice of this period is in this currency."), *doubts(view)]
    chosen = _chosen(view, rows)
    return [
        *([*bridge(view, chosen), *account_month(view, chosen)] if chosen else [_nothing_of(view)]),
        Heading("By month and account", _BILLED),
        _ladder(view, rows),
        _matches(view, rows),
        *doubts(view),
    ]


def _chosen(view: View, rows: Sequence[LadderRow]) -> LadderRow | None:
    """The account's month that is asked for, None where it has nothing in this currency and period.

    Where none is asked for, of those that reach furthest towards an invoice, the newest.
    """
    month, account = view.param("month"), view.param("account")
    if month and not _MONTH.fullmatch(month):
        raise BadAddress(f"month={month}: expected a month such as 2026-11")
    there = [row for row in rows if month in {"", row.month} and account in {"", row.account}]
    return max(there, key=lambda row: (_rungs(row), row.month, row.reported_nano or 0), default=None)


def _nothing_of(view: View) -> Note:
    of = " in ".join(name for name in (view.param("account"), view.param("month")) if name)
    said = f"No usage, cost or invoice of {of} is in {view.currency}, in this period and by these filters."
    return Note(said, "warn", view.link(kind=view.param("kind") or None), "Of every account")


def _rungs(row: LadderRow) -> int:
    return sum(rung is not None for rung in (row.list_cost_nano, row.reported_nano, invoiced_of(row)))


def _ladder(view: View, rows: Sequence[LadderRow]) -> Table:
    columns = [
        Column("month", "Month", "day"),
        Column("account", "Account"),
        Column("list", "Usage at list", "exact"),
        Column("unpriced_rows", "Unpriced rows", "count"),
        Column("estimated", "Estimated", "exact", hint="Days at list price that no report covers"),
        Column("reported", "Reported", "exact", hint="What cost reports say was billed"),
        Column("trued_up", "True-up", "exact", hint="What was booked after the invoice"),
        Column("invoiced", "Invoiced", "exact"),
        Column("difference", "Invoiced less reported", "exact"),
        Column("state", "State"),
    ]
    lines = [[Cell(row.month, _of(view, row)), row.account, *_amounts(row), _state(row)] for row in rows]
    return Table("ladder", "Months", columns, lines, empty="No month.")


def _amounts(row: LadderRow) -> list[Value]:
    invoiced, reported = invoiced_of(row), row.reported_nano
    difference: Value = "n/a" if invoiced is None or reported is None else invoiced - reported
    booked = (row.estimated_nano, reported, row.trued_up_nano, invoiced)
    return [listed(row.list_cost_nano, row.unpriced_rows), row.unpriced_rows, *map(or_none, booked), difference]


def _state(row: LadderRow) -> Cell:
    states = {match.state for match in row.matches}
    found = [state for state in _ORDER if state in states]
    return Cell(", ".join(found) or "not matched", "", _TONES.get(found[0] if found else "", ""))


def _matches(view: View, rows: Sequence[LadderRow]) -> Table:
    columns = [Column("month", "Month", "day"), Column("account", "Account"), Column("charge_category", "Charge")]
    columns += [Column(name, name.capitalize(), "exact") for name in ("reported", "invoiced", "difference")]
    columns.append(Column("state", "State"))
    lines: list[list[Value]] = [
        [
            Cell(row.month, _of(view, row)),
            row.account,
            match.charge_category,
            or_none(match.reported_nano),
            or_none(match.invoiced_nano),
            "n/a" if match.difference_nano is None else match.difference_nano,
            Cell(match.state, "", _TONES.get(match.state, "")),
        ]
        for row in rows
        for match in row.matches
    ]
    empty = 'No account is matched: name its invoices in [invoices.NAME], or say billing = "prepaid".'
    note = "By charge category, to the last digit: nothing is netted."
    return Table("matches", "Reported and invoiced", columns, lines, empty=empty, note=note)


def _of(view: View, row: LadderRow) -> str:
    return view.link("/reconciliation", month=row.month, account=row.account)


PAGE = Page(
    "/reconciliation",
    "Reconciliation",
    "Priced usage beside what providers report and what they invoice.",
    show,
    filters=("provider",),
    keeps=("month", "account", "day", "kind"),
)
