"""From the usage at list price to the invoice, step by step, to the last unit."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from llm_finops.charts import Point, waterfall
from llm_finops.charts.chart import units
from llm_finops.core.records import REPORTED, USAGE
from llm_finops.dashboard.blocks import Block, Column, Note, Picture, Table, Tile, Tiles, Tone, Value
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import LadderRow, basis_days


class Step(NamedTuple):
    """A rung (`total`, its amount) or what lies between two (`step`, the change), in nano-units."""

    kind: Literal["total", "step"]
    name: str
    nano: int
    said: str


def invoiced_of(row: LadderRow) -> int | None:
    """What the month's invoices say in all; None where there is none."""
    found = [match.invoiced_nano for match in row.matches if match.invoiced_nano is not None]
    return sum(found) if found else None


def or_none(nano: int | None) -> int | str:
    """An amount of what need not be there: an invoice, an estimate. That there is none is known, and is not 0."""
    return "none" if nano is None else nano


def listed(nano: int | None, unpriced: int) -> int | str | None:
    """A list cost: there is none without usage, and it is not known where the usage has no price."""
    return None if nano is None and unpriced else or_none(nano)


def steps(row: LadderRow) -> Iterator[Step]:
    """Every rung that is known, and between two of them steps that add up to their difference; from 0 to the first."""
    at_list, reported, invoiced = row.list_cost_nano, row.reported_nano, invoiced_of(row)
    by = _by_category(row)
    if at_list is not None:
        yield Step(
            "total", "Usage at list", at_list, "usage at list price, contract before list; unpriced is not in it"
        )
        if reported is not None:
            yield from _to_report(row, at_list, by)
        elif invoiced is not None and at_list:
            yield Step("step", "Not reported", -at_list, "no cost report of the month")
    elif USAGE in by:
        yield _reported(by)
    if reported is not None:
        for category, nano in sorted(by.items()):
            if category != USAGE and nano:
                yield Step("step", category.capitalize(), nano, f"{category} in the cost reports")
        yield Step("total", "Reported", reported, "what the cost reports say was billed")
    if invoiced is not None:
        yield from _to_invoice(row, invoiced)


def _by_category(row: LadderRow) -> dict[str, int]:
    return {line.charge_category: line.billed_nano for line in row.lines if line.basis == REPORTED}


def _to_report(row: LadderRow, at_list: int, by: dict[str, int]) -> Iterator[Step]:
    estimated = row.estimated_nano or 0
    if estimated:
        yield Step("step", "Not reported", -estimated, "days that are estimated at list, and in no report")
    if difference := by.get(USAGE, 0) - (at_list - estimated):
        yield Step("step", "Difference", difference, "reported usage less usage at list: discounts, unpriced usage")
    yield _reported(by)


def _reported(by: dict[str, int]) -> Step:
    return Step("total", "Usage reported", by.get(USAGE, 0), "usage in the cost reports")


def _to_invoice(row: LadderRow, invoiced: int) -> Iterator[Step]:
    level = row.reported_nano or 0
    for match in row.matches:
        change = (match.invoiced_nano or 0) - (match.reported_nano or 0)
        level += change
        if change:
            said = f"{match.charge_category}: {match.state}"
            yield Step("step", match.charge_category.capitalize(), change, said)
    if rest := invoiced - level:
        yield Step("step", "Not matched", rest, "reported or restated since the month was matched")
    yield Step("total", "Invoiced", invoiced, "what the month's invoices say")


def bridge(view: View, row: LadderRow) -> Sequence[Block]:
    """Figures, picture and table of one account's month."""
    found = list(steps(row))
    title = f"{row.account}, {row.month}"
    blocks: list[Block] = [_figures(view, row, title)]
    if len(found) > 1:
        points = [
            Point(_label(found, n), step.kind, units(step.nano), _said(view, step)) for n, step in enumerate(found)
        ]
        says = f"From the usage at list price to the invoice of {title}; the figures are in the table Steps."
        blocks.append(Picture(waterfall(f"Usage to invoice, {title}", says, points, unit=view.currency)))
    blocks.append(_table(found, title))
    if row.unpriced_rows:
        unpriced = f"{row.unpriced_rows:,} row{'s' if row.unpriced_rows > 1 else ''} of usage have no known price"
        said = f"{unpriced}: the list cost is without them, and the difference to the report has them."
        blocks.append(Note(said, "warn", view.link("/prices"), "Prices"))
    return blocks


def _figures(view: View, row: LadderRow, title: str) -> Tiles:
    invoiced = invoiced_of(row)
    states = sorted({match.state for match in row.matches})
    tone: Tone = "bad" if "differs" in states else "warn" if {"invoice without cost"} & {*states} else ""
    said = ", ".join(states) or "no invoice of this account is read: [invoices.NAME] in finops.toml"
    at_list = "contract before list" if row.list_cost_nano is not None else "no usage with a price"
    return Tiles(
        [
            Tile("Usage at list", _money(view, listed(row.list_cost_nano, row.unpriced_rows)), at_list),
            Tile("Reported", _money(view, or_none(row.reported_nano)), _unreported(view, row), "#days"),
            Tile("Invoiced", _money(view, or_none(invoiced)), said, "#matches", tone),
        ],
        title,
    )


def _money(view: View, value: int | str | None) -> str:
    return value if isinstance(value, str) else view.money(value)


def _unreported(view: View, row: LadderRow) -> str:
    """What of the month no report has, as far as the ledger's days reach."""
    year, month = map(int, row.month.split("-"))
    first, last = f"{row.month}-01", f"{row.month}-{monthrange(year, month)[1]}"
    there = view.address.span
    asked = replace(view.asked, first=max(first, there.first), last=min(last, there.last))
    missing = [day for day in basis_days(view.reader, asked) if (day.account, day.basis) == (row.account, "missing")]
    said = [f"{view.money(row.estimated_nano)} estimated"] if row.estimated_nano is not None else []
    said += [f"{len(missing)} day{'s' if len(missing) > 1 else ''} missing"] if missing else []
    return f"and {', '.join(said)}" if said else "no cost report" if row.reported_nano is None else "all reported"


def _label(found: Sequence[Step], at: int) -> str:
    """A name of its own for each bar: usage may part twice."""
    name = found[at].name
    return name if all(step.name != name for step in found[:at]) else f"{name} on invoice"


def _said(view: View, step: Step) -> str:
    return f"{step.name}: {view.money(step.nano)}, {step.said}"


def _table(found: Sequence[Step], title: str) -> Table:
    columns = [Column("step", "Step", "day"), Column("change", "Change", "exact"), Column("amount", "Amount", "exact")]
    columns.append(Column("what", "What it is"))
    rows: list[list[Value]] = [
        [step.name, step.nano if step.kind == "step" else "", step.nano if step.kind == "total" else "", step.said]
        for step in found
    ]
    empty = "Nothing with a price, no report and no invoice."
    return Table("steps", f"Steps, {title}", columns, rows, empty=empty, wide=False)
