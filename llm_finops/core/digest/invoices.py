"""What a message says of invoices: one that came, one that is late, one that differs; nothing where all is well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from llm_finops.core.digest.words import MINUS, amount_text, count_text, escape, minor_digits, shown
from llm_finops.core.money import nano_text
from llm_finops.core.records import key_bytes

INVOICES_MAX = 5  # lines; the others are counted


@dataclass(frozen=True, slots=True)
class InvoiceNews:
    """An account's month in one currency, in nano-units. None: nothing is billed, or reported.

    `differences` are by charge category, invoice less report; `one_sided` are amounts by category that only the
    invoice or only the report has. `refused` is the number of an invoice that was not taken.
    """

    account: str
    month: str
    kind: Literal["arrived", "differs", "late", "refused"]
    currency: str = ""
    billed_nano: int | None = None
    reported_nano: int | None = None
    differences: tuple[tuple[str, int], ...] = ()
    only_invoiced: tuple[tuple[str, int], ...] = ()
    only_reported: tuple[tuple[str, int], ...] = ()
    late_days: int = 0
    days_unreported: int = 0  # days of the month without a cost report, which the reported amount is without
    is_open: bool = False  # the month is not over, or not settled: there is nothing to compare yet
    refused: str = ""


def invoice_lines(news: Sequence[InvoiceNews]) -> str:
    """One line each, what needs a person first; empty where there is nothing to say."""
    order = ("refused", "late", "differs", "arrived")
    ordered = sorted(
        news, key=lambda of: (order.index(of.kind), of.month, key_bytes((of.account, of.currency, of.refused)))
    )
    lines = [f"Invoice `{shown(of.account)}` {of.month}: {_said(of)}." for of in ordered[:INVOICES_MAX]]
    if rest := len(ordered) - len(lines):
        lines.append(f"and {rest} more about invoices")
    return "\n".join(lines)


def exact_text(nano: int, currency: str) -> str:
    """An amount with all the digits it has, those of the minor unit at least: $0.01, $0.000123, 5 JPY."""
    whole, _, rest = nano_text(abs(nano)).partition(".")
    rest = rest.ljust(minor_digits(currency), "0")
    text = f"{int(whole):,}" + (f".{rest}" if rest else "")
    sign = MINUS if nano < 0 else ""
    return escape(f"{sign}${text}" if currency == "USD" else f"{sign}{text} {currency}")


def _said(of: InvoiceNews) -> str:
    if of.kind == "refused":
        return f"`{shown(of.refused)}` is not taken; the findings of the month say why"
    if of.kind == "late":
        reported = amount_text(of.reported_nano or 0, of.currency)
        return f"late, {of.late_days} days after the month's end; {reported} reported{_without(of)}"
    billed = "nothing billed" if of.billed_nano is None else f"{amount_text(of.billed_nano, of.currency)} billed"
    reported = "no cost reported"
    if of.reported_nano is not None:
        reported = f"{amount_text(of.reported_nano, of.currency)} reported{_without(of)}"
    return ", ".join([billed, reported, *_differences(of)])


def _without(of: InvoiceNews) -> str:
    """For as long as days lack a report, a difference is no finding yet."""
    if not of.days_unreported or of.is_open:
        return ""
    return f" ({count_text(of.days_unreported, 'day')} without a report)"


def _differences(of: InvoiceNews) -> list[str]:
    if of.is_open:
        return ["compared once the month is over"]
    found = [
        f"{'' if category == 'usage' else category + ' '}differs by {exact_text(nano, of.currency)}"
        for category, nano in sorted(of.differences)
    ]
    if of.reported_nano is not None:
        found += [
            f"{category} {amount_text(nano, of.currency)} on the invoice only"
            for category, nano in sorted(of.only_invoiced)
        ]
    if of.billed_nano is not None:
        found += [
            f"{category} {amount_text(nano, of.currency)} not invoiced" for category, nano in sorted(of.only_reported)
        ]
    matches = of.reported_nano is not None and of.billed_nano is not None
    return found or (["matches"] if matches else [])
