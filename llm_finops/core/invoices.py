"""Which of the invoices that were delivered are taken: each number once, whatever is delivered again.

An invoice is a document: it stays as it was booked although its file goes, and another content under its number is
refused until a person accepts it. Where nothing is booked yet and two contents come at once, neither is taken.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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

    The order of the deliveries does not matter, and the same deliveries once more change nothing. A number with a
    content that is known is that invoice whoever is said to have sent it: names are spelled in many ways.
    """
    taken = Taken(dict(booked))
    came: defaultdict[str, list[Document]] = defaultdict(list)
    for document in sorted(delivered, key=_order):
        came[document.invoice.number].append(document)
    there: defaultdict[str, list[Document]] = defaultdict(list)
    for at in sorted(booked):
        there[at[1]].append(booked[at])
    for number, documents in came.items():
        for known, new in _same(there[number], documents):
            _decide(taken, known, new, number in accepted)
    return taken


def _order(of: Document) -> tuple[object, ...]:
    """An issuer before none: of the deliveries of one content the first is booked."""
    return of.invoice.issuer == NONE, of.number, of.invoice.document, of.file, of.place


_Invoice = tuple[set[str], list[Document], list[Document]]  # what it is known by, what is booked of it, what is new


def _same(booked: Iterable[Document], delivered: Iterable[Document]) -> list[tuple[list[Document], list[Document]]]:
    """(booked, delivered) of one number by invoice: what issuer or content join; no issuer may be any of them."""
    joined: list[_Invoice] = []
    for is_new, documents in enumerate((booked, delivered)):
        for document in documents:
            marks = {f"issuer {document.invoice.issuer}", f"content {document.invoice.document}"}
            one: _Invoice = (marks, [], [document]) if is_new else (marks, [document], [])
            for other in [group for group in joined if group[0] & marks or f"issuer {NONE}" in group[0] | marks]:
                joined.remove(other)
                one = (one[0] | other[0], other[1] + one[1], other[2] + one[2])
            joined.append(one)
    return [(known, sorted(new, key=_order)) for _, known, new in joined if new]


def _decide(taken: Taken, booked: list[Document], delivered: list[Document], accepted: bool) -> None:
    """Of one invoice, as far as anybody can tell."""
    contents = Counter(document.invoice.document for document in delivered)
    others = contents.keys() - {document.invoice.document for document in booked}
    if others and len(contents) == 1 and (not booked or (accepted and len(booked) == 1)):
        for was in booked:
            del taken.kept[was.number]
            if was.invoice.month != delivered[0].invoice.month:
                taken.moved.add((was.invoice.month, delivered[0].invoice.month))
        booked, others = delivered[:1], set()
        taken.kept[booked[0].number] = booked[0]
    if others:
        reason = _why(booked, delivered[0].invoice.number, len(contents), accepted=accepted)
        refused = [document for document in delivered if document.invoice.document in others]
        taken.refused += [Refused(document, reason, loud=not booked) for document in refused]
    for now in booked:
        if contents[now.invoice.document] > 1:
            taken.duplicates[now.number] = contents[now.invoice.document] - 1


_KEEP_ONE = "Keep the right one only"


def _why(booked: Sequence[Document], number: str, contents: int, *, accepted: bool) -> str:
    if not booked:
        return f"invoice {number}: {contents} contents of one number came at once; none is taken. {_KEEP_ONE}"
    more = _KEEP_ONE if accepted else f'If the new one is right, write accept = ["{number}"]'
    if len(booked) > 1:
        more = "Several issuers have an invoice of this number: say InvoiceIssuerName, or keep the right one only"
    return f"invoice {number}: booked already with other content ({_what(booked[0])}), which stays. {more}"


def _what(document: Document) -> str:
    of = document.invoice
    return f"{of.lines} lines, {nano_text(of.total_nano)} {of.currency}, {of.month}"
