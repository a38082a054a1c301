"""Which of the invoices that were delivered are taken: each number once, whatever is delivered again.

An invoice is a document: it stays as it was booked although its file goes, and another content under its number is
refused until a person accepts it. Where nothing is booked yet and two contents come at once, neither is taken.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from llm_finops.core.documents import Invoice, InvoiceLine
from llm_finops.core.money import nano_text
from llm_finops.core.records import NONE

Number = tuple[str, str]  # issuer and number


class Document(NamedTuple):
    """An invoice with its lines, and where it was read: the file, and which lines of it."""

    invoice: Invoice
    lines: tuple[InvoiceLine, ...]
    file: str = ""
    place: str = ""

    @property
    def number(self) -> Number:
        """What it is known by; numbers are the issuer's own."""
        return self.invoice.issuer, self.invoice.number


class Refused(NamedTuple):
    """A document that is not taken, and why; `loud` where nothing at all is booked of it."""

    document: Document
    reason: str
    loud: bool


@dataclass(slots=True)
class Taken:
    """What holds after a delivery. `moved` are (from, to): months between which an invoice went with its content."""

    kept: dict[Number, Document] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    duplicates: dict[Number, int] = field(default_factory=dict)  # deliveries of a content beside the first
    moved: set[tuple[str, str]] = field(default_factory=set)


def take(booked: Mapping[Number, Document], delivered: Iterable[Document], accepted: Collection[str] = ()) -> Taken:
    """What is booked, and what of the delivered is new; `accepted` are numbers whose other content a person wants.

    The order of the deliveries does not matter.
    """
    taken = Taken(dict(booked))
    by_number: defaultdict[Number, list[Document]] = defaultdict(list)
    for document in sorted(delivered, key=lambda of: (of.number, of.invoice.document, of.file, of.place)):
        by_number[_known_as(document.number, {*booked, *by_number})].append(document)
    for number, documents in by_number.items():
        _decide(taken, number, documents, number[1] in accepted)
    return taken


def _known_as(number: Number, known: Collection[Number]) -> Number:
    """A number without issuer is that of any, and the other way round: a column may be mapped later."""
    if number in known:
        return number
    issuer, of = number
    twins = sorted(at for at in known if at[1] == of and (NONE in {issuer, at[0]}))
    return twins[0] if twins else number


def _decide(taken: Taken, number: Number, documents: list[Document], accepted: bool) -> None:
    now = taken.kept.get(number)
    contents = {document.invoice.document for document in documents}
    if len(documents) > len(contents):
        taken.duplicates[number] = len(documents) - len(contents)
    if now is None and len(contents) > 1:
        reason = f"invoice {number[1]}: {len(contents)} contents of one number came at once; none is taken. {_KEEP_ONE}"
        taken.refused += [Refused(document, reason, loud=True) for document in documents]
    elif now is None or (accepted and len(contents) == 1):
        if now is not None and now.invoice.month != documents[0].invoice.month:
            taken.moved.add((now.invoice.month, documents[0].invoice.month))
        if now is None or now.invoice.document not in contents:
            taken.kept[number] = documents[0]
    else:
        others = [document for document in documents if document.invoice.document != now.invoice.document]
        more = _KEEP_ONE if accepted and others else f'If the new one is right, write accept = ["{number[1]}"]'
        reason = f"invoice {number[1]}: booked already with other content ({_what(now)}), which stays. {more}"
        taken.refused += [Refused(document, reason, loud=False) for document in others]


_KEEP_ONE = "Keep the right one only"


def _what(document: Document) -> str:
    of = document.invoice
    return f"{of.lines} lines, {nano_text(of.total_nano)} {of.currency}, {of.month}"
