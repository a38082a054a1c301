"""Match: what a month's cost reports say was billed beside what its invoices say, by category and currency.

Usage, tax, credit, purchase and adjustment stay apart, and so does what an invoice's lines leave of its total
(`unexplained`). Nothing is netted: a category that one side lacks is no difference of 0.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from llm_finops.core.documents import Invoice, InvoiceLine, InvoiceMatch
from llm_finops.core.money import Money, fits
from llm_finops.core.records import REPORTED, CostLine, Finding, key_bytes

MATCHED, DIFFERS = "matched", "differs"
NOT_INVOICED, NOT_EXPECTED, WITHOUT_COST = "not invoiced yet", "no invoice expected", "invoice without cost"
UNEXPLAINED = "unexplained"
DAYS_UNREPORTED, INVOICE_DIFFERS = "days without a report", "invoice differs"

_Sums = dict[tuple[str, str], int]  # by category and currency


def match(
    month: str,
    account: str,
    days: Mapping[str, Sequence[CostLine] | None],
    invoices: Sequence[Invoice],
    lines: Sequence[InvoiceLine],
    *,
    prepaid: bool = False,
) -> tuple[list[InvoiceMatch], list[Finding]]:
    """The month's rows of an account, and what is to be said of them; the findings' day is the month.

    `days` are all of the month, None where no report covers one: an estimate is no report. Amounts are whole
    nano-units. MoneyError where a sum does not fit 64 bits.
    """
    reported = _reported(days.values())
    invoiced = _invoiced(invoices, lines)
    rows = [
        _row(month, *key, reported.get(key), invoiced.get(key), prepaid=prepaid)
        for key in reported.keys() | invoiced.keys()
    ]
    rows.sort(key=key_bytes)
    findings = [_said(month, account, row) for row in rows if row.state in {DIFFERS, WITHOUT_COST}]
    findings += _unreported(month, account, days)
    return rows, sorted(findings, key=key_bytes)


def _reported(days: Iterable[Sequence[CostLine] | None]) -> _Sums:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for lines in days:
        for line in lines or ():
            if line.basis == REPORTED:
                sums[line.charge_category, line.currency] += line.billed_nano
    return dict(sums)


def _invoiced(invoices: Iterable[Invoice], lines: Iterable[InvoiceLine]) -> _Sums:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        sums[line.charge_category, line.currency] += line.billed_nano
    for invoice in invoices:
        if invoice.unexplained_nano:
            sums[UNEXPLAINED, invoice.currency] += invoice.unexplained_nano
    # What two invoices leave over and short of each other is no amount to look for; each has its own finding.
    return {key: nano for key, nano in sums.items() if nano or key[0] != UNEXPLAINED}


def _row(
    month: str, category: str, currency: str, reported: int | None, invoiced: int | None, *, prepaid: bool
) -> InvoiceMatch:
    if invoiced is None:
        state = NOT_EXPECTED if prepaid else NOT_INVOICED
        return InvoiceMatch(month, category, currency, fits(reported or 0), None, None, state)
    if reported is None:
        return InvoiceMatch(month, category, currency, None, fits(invoiced), None, WITHOUT_COST)
    difference = fits(invoiced - reported)
    # Reports have more digits than documents: what rounds to the invoice's amount is the same.
    state = MATCHED if is_nothing(difference, currency) else DIFFERS
    return InvoiceMatch(month, category, currency, fits(reported), fits(invoiced), difference, state)


def is_nothing(nano: int, currency: str) -> bool:
    """Whether a document cannot show an amount: half a cent is no cent."""
    return 2 * abs(nano) <= Money.of_minor(1, currency).nano


def _said(month: str, account: str, row: InvoiceMatch) -> Finding:
    if row.difference_nano is None:
        detail = f"{row.charge_category} stands on the invoice, and no report of the month has any"
        return Finding(month, account, WITHOUT_COST, row.charge_category, row.currency, row.invoiced_nano or 0, detail)
    detail = f"{row.charge_category}: the invoice less what was reported as billed"
    return Finding(month, account, INVOICE_DIFFERS, row.charge_category, row.currency, row.difference_nano, detail)


def _unreported(month: str, account: str, days: Mapping[str, Sequence[CostLine] | None]) -> list[Finding]:
    missing = sorted(day for day, lines in days.items() if lines is None)
    if not missing:
        return []
    named = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    detail = f"{len(missing)} of {len(days)} days have no cost report: {named}; the match is without them"
    return [Finding(month, account, DAYS_UNREPORTED, account, "days", len(missing), detail)]
