"""`[invoices.NAME]`: invoices as CSV with FOCUS column names, one file with one invoice or many.

An invoice stands whole in one file: a line that cannot be read refuses all of it there,
and one that does not even show its number refuses all invoices of the file.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

from llm_finops.core.documents import Invoice, InvoiceLine
from llm_finops.core.invoices import Document
from llm_finops.core.money import Money, MoneyError, currency_code, fits
from llm_finops.core.records import CHARGE_CATEGORIES, NONE, USAGE, Finding, Quarantined, key_bytes
from llm_finops.inputs.files import InputError, Table, contents, read_tables, stripped
from llm_finops.inputs.periods import PeriodError, days_of, instant, period, stamp

COLUMNS = (
    "InvoiceId",
    "InvoiceIssuerName",
    "InvoiceIssuer",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargeDescription",
    "BilledCost",
    "BillingCurrency",
    "InvoiceTotal",
)
_REQUIRED = ("InvoiceId", "BillingPeriodStart", "BilledCost", "BillingCurrency")
ODD_PERIOD, NOT_ADDING_UP = "invoice period is not one month", "invoice does not add up"

Said = Mapping[str, str | None]
Value = TypeVar("Value")


class BadInvoice(NamedTuple):
    """An invoice, or a row of none, that cannot be counted; `month` is '' where none can be read."""

    reason: str
    file: str
    place: str  # which line
    month: str
    number: str
    rows: int = 1


@dataclass(slots=True)
class InvoiceFiles:
    """What invoice files say. `rows` = rows of the documents + those of bad ones; `contents` as `files.contents`."""

    documents: list[Document] = field(default_factory=list)
    bad: list[BadInvoice] = field(default_factory=list)
    rows: int = 0
    contents: dict[str, str] = field(default_factory=dict)

    @property
    def months(self) -> set[str]:
        """The months they speak of."""
        return {of.invoice.month for of in self.documents} | {bad.month for bad in self.bad if bad.month}


class _RowError(ValueError):
    """Why a row, and with it its invoice, is not counted."""


class _Row(NamedTuple):
    """A row that could be read."""

    issuer: str
    period: tuple[str, str]
    currency: str
    category: str
    description: str
    nano: int
    text: str
    total: int | None


class _Read(NamedTuple):
    line: int
    said: Said
    row: _Row | None
    why: str


def read_invoices(account: str, paths: Sequence[Path], columns: Mapping[str, str] | None = None) -> InvoiceFiles:
    """The documents of all files, an invoice that stands in two of them twice; `columns`: our COLUMNS to the file's.

    InputError where a file lacks what every row needs. A row without InvoiceId is on no invoice yet.
    """
    theirs = _columns(account, columns or {})
    found = InvoiceFiles()
    tables = read_tables(account, paths, [theirs[ours] for ours in _REQUIRED])
    for table in tables.read:
        _read_table(account, table, theirs, found)
    found.bad.sort()
    found.contents = contents(tables)
    return found


def _columns(name: str, columns: Mapping[str, str]) -> dict[str, str]:
    if unknown := sorted(set(columns) - set(COLUMNS)):
        raise InputError(f"invoices.{name}.columns: unknown {unknown[0]!r}; allowed are {', '.join(COLUMNS)}")
    return {**dict(zip(COLUMNS, COLUMNS, strict=True)), **columns}


def _read_table(account: str, table: Table, theirs: Mapping[str, str], found: InvoiceFiles) -> None:
    file = str(table.path)
    found.rows += len(table.lines) + len(table.bad)
    by_number: defaultdict[tuple[str, str], list[_Read]] = defaultdict(list)
    for line in table.lines:
        said = {ours: line.cells[column] for ours, column in theirs.items() if column in line.cells}
        issuer = stripped(said.get("InvoiceIssuerName") or said.get("InvoiceIssuer")) or NONE
        if number := stripped(said.get("InvoiceId")):
            by_number[issuer, number].append(_read(line.number, said, issuer))
        else:
            reason = "no InvoiceId: the charge is on no invoice yet"
            found.bad.append(BadInvoice(reason, file, f"line {line.number}", _month_or_none(said), ""))
    read: list[Document] = []
    for (issuer, number), reads in by_number.items():
        try:
            read.append(_document(account, issuer, number, reads)._replace(file=file, place=_place(reads)))
        except (_RowError, MoneyError, PeriodError) as error:
            found.bad.append(_refused(file, number, reads, error))
    around = min((of.invoice.month for of in read), default="")
    found.bad += [BadInvoice(odd.reason, file, odd.detail, around, "") for odd in table.bad]
    # The number of a line that does not fit the header cannot be trusted: the line may be of any invoice of the file.
    if table.bad:
        found.bad += [_unsure(document, table.bad[0]) for document in read]
    else:
        found.documents += read


def _unsure(of: Document, odd: Quarantined) -> BadInvoice:
    number = of.invoice.number
    why = f"{odd.detail} ({odd.reason}) may be of any invoice of the file, and none of them is counted; mend it"
    return BadInvoice(f"invoice {number}: {why}", of.file, of.place, of.invoice.month, number, of.invoice.lines)


def _read(line: int, said: Said, issuer: str) -> _Read:
    try:
        return _Read(line, said, _row(said, issuer), "")
    except (_RowError, MoneyError, PeriodError) as error:
        return _Read(line, said, None, str(error))


def _row(said: Said, issuer: str) -> _Row:
    start = instant(said.get("BillingPeriodStart") or "")
    until = said.get("BillingPeriodEnd") or f"{_after(f'{start:%Y-%m}')}-01"
    start, end = period(said.get("BillingPeriodStart"), until)
    category = (stripped(said.get("ChargeCategory")) or USAGE).lower()
    if category not in CHARGE_CATEGORIES:
        raise _RowError(f"charge category {category[:40]!r}; expected {', '.join(CHARGE_CATEGORIES)}")
    currency = currency_code(stripped(said.get("BillingCurrency")))
    text, total = said.get("BilledCost"), said.get("InvoiceTotal")
    if text is None:
        raise _RowError("no BilledCost")
    return _Row(
        issuer,
        (stamp(start), stamp(end)),
        currency,
        category,
        said.get("ChargeDescription") or NONE,
        Money.of(text, currency).nano,
        text,
        None if total is None else Money.of(total, currency).nano,
    )


def _document(account: str, issuer: str, number: str, reads: Sequence[_Read]) -> Document:
    """The invoice of rows that all can be read and agree on what an invoice has one of."""
    for read in reads:
        if read.row is None:
            raise _RowError(f"invoice {number}: line {read.line}: {read.why}; the whole invoice is not counted")
    rows = [read.row for read in reads if read.row is not None]
    currency = _one(number, "BillingCurrency", {row.currency for row in rows})
    since, until = _one(number, "billing period", {row.period for row in rows})
    total = _one(number, "InvoiceTotal", {row.total for row in rows})
    sums = {category: fits(sum(row.nano for row in rows if row.category == category)) for category in CHARGE_CATEGORIES}
    whole = fits(sum(sums.values()))
    total = whole if total is None else total
    lines = _lines(account, since[:7], number, rows)
    invoice = Invoice(
        month=since[:7],
        issuer=issuer,
        number=number,
        currency=currency,
        period_from=since,
        period_until=until,
        **{f"{category}_nano": nano for category, nano in sums.items()},
        unexplained_nano=fits(total - whole),
        total_nano=total,
        lines=len(lines),
        document=_hash((number, currency, since, until, total, *sorted((*row[3:5], row.nano) for row in rows))),
    )
    return Document(invoice, lines)


def _one(number: str, what: str, seen: set[Value]) -> Value:
    if len(seen) > 1:
        shown = " and ".join(sorted(str(value) for value in seen)[:3])
        raise _RowError(f"invoice {number}: more than one {what} ({shown}); the whole invoice is not counted")
    return next(iter(seen))


def _lines(account: str, month: str, number: str, rows: Iterable[_Row]) -> tuple[InvoiceLine, ...]:
    """The lines, with an id that is a hash of what they say, numbered among equals."""
    made = []
    keyed = sorted((key_bytes((row.category, row.description, row.currency, row.nano)), row) for row in rows)
    for natural, equals in groupby(keyed, key=lambda pair: pair[0]):
        for n, (_, row) in enumerate(equals, start=1):
            line_id = f"{_hash((account, row.issuer, number, natural.decode()))[:32]}-{n}"
            of = (month, row.issuer, number, row.category, row.description, row.currency, row.nano, row.text)
            made.append(InvoiceLine(line_id, *of))
    return tuple(sorted(made))


def _hash(values: tuple[object, ...]) -> str:
    return hashlib.sha256(key_bytes(values)).hexdigest()


def _refused(file: str, number: str, reads: Sequence[_Read], error: Exception) -> BadInvoice:
    worst = next((read for read in reads if read.row is None), reads[0])
    months = sorted({_month_or_none(read.said) for read in reads} - {""})
    return BadInvoice(str(error), file, f"line {worst.line}", months[0] if months else "", number, len(reads))


def doubts(account: str, of: Invoice) -> list[Finding]:
    """What is to be said of an invoice that counts: its period, and what its lines leave of its total."""
    days = days_of(instant(of.period_from), instant(of.period_until))
    found = []
    if days[-1][:7] != of.month:
        detail = f"invoice {of.number} is for {days[0]} to {days[-1]}; it is matched with {of.month} as a whole"
        found.append(Finding(of.month, account, ODD_PERIOD, of.number, "days", len(days), detail))
    if of.unexplained_nano:
        detail = f"invoice {of.number}: its total less its lines"
        found.append(Finding(of.month, account, NOT_ADDING_UP, of.number, of.currency, of.unexplained_nano, detail))
    return found


def _place(reads: Sequence[_Read]) -> str:
    first, last = reads[0].line, reads[-1].line
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _month_or_none(said: Said) -> str:
    try:
        return f"{instant(said.get('BillingPeriodStart') or ''):%Y-%m}"
    except PeriodError:
        return ""


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"
