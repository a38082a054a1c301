"""What each account's days rest on, and how many tokens request logs account for."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from llm_finops.charts import Point, by_day
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Picture, Table, Tone, Value
from llm_finops.dashboard.standing import accounts_days
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import percent_text
from llm_finops.ledger.queries import BasisDay, coverage_days

_TONES: dict[str, Tone] = {"missing": "bad", "estimated": "warn"}


class Stretch(NamedTuple):
    """Days of an account, one after the other, that rest on the same."""

    account: str
    basis: str
    first: str
    last: str
    days: int
    cost_nano: int


def stretches(days: tuple[BasisDay, ...]) -> list[Stretch]:
    """Days by account and day, drawn together where the basis stays the same."""
    found = []
    for (account, kind), run in groupby(days, key=lambda day: (day.account, day.basis)):
        of = list(run)
        found.append(Stretch(account, kind, of[0].day, of[-1].day, len(of), sum(day.cost_nano for day in of)))
    return found


def basis(view: View) -> Table:
    """Account by account, from when to when its days are reported, estimated or missing."""
    found = stretches(accounts_days(view.reader, view.asked, view.config))
    columns = [Column("account", "Account"), Column("basis", "Basis"), Column("from", "From", "day")]
    columns += [Column("to", "To", "day"), Column("days", "Days", "count"), Column("cost", "Cost", "money")]
    rows: list[list[Value]] = [
        [
            Cell(of.account, view.link("/reconciliation", account=of.account, month=of.last[:7], provider=None)),
            Cell(of.basis, "", _TONES.get(of.basis, "")),
            *(of.first, of.last, of.days),
            of.cost_nano if of.cost_nano or of.basis != "missing" else None,
        ]
        for of in found
    ]
    cost = sum(of.cost_nano for of in found) if any(row[-1] is not None for row in rows) else None
    total: list[Value] = ["Total", "", "", "", sum(of.days for of in found), cost]
    note = (
        "Cost of all classes, true-ups with it. A missing day is read by llm-finops backfill --missing. Of a cost file "
        "no day is expected: its days are those it has."
    )
    return Table("basis", "Basis by account", columns, rows, total, empty="No account was ever read.", note=note)


def coverage(view: View) -> Iterator[Block]:
    """By day: the share of the reported tokens that request logs give to a customer."""
    found = coverage_days(view.reader, view.asked)
    if not view.config.requests:
        said = "No request log is configured ([requests.NAME]): cost goes to customers by rules and shares alone."
        yield Note(said)
    if found:
        points = [
            Point(
                of.day,
                "coverage",
                100 * of.covered / of.quantity if of.quantity else None,
                _said(of.covered, of.quantity),
            )
            for of in found
        ]
        says = (
            "The share of reported tokens that request logs account for; the figures are in the table Coverage by day."
        )
        yield Picture(by_day("Coverage by day", says, points, unit="% of tokens"))
    columns = [Column("day", "Day", "day"), Column("tokens", "Tokens reported", "count")]
    columns += [Column("covered", "In request logs", "count"), Column("share", "Share", "percent")]
    rows: list[list[Value]] = [[of.day, of.quantity, of.covered, (of.covered, of.quantity)] for of in reversed(found)]
    tokens, covered = sum(of.quantity for of in found), sum(of.covered for of in found)
    total: list[Value] = ["Total", tokens, covered, (covered, tokens)]
    empty = "No coverage: no account's usage of this period is read, or no request log is configured ([requests.NAME])."
    yield Table("coverage", "Coverage by day", columns, rows, total, empty=empty, wide=False)


def _said(covered: int, tokens: int) -> str:
    return f"{percent_text(covered, tokens)} of {tokens:,} tokens"
