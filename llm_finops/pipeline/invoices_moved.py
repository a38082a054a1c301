"""An invoice whose account was corrected in `finops.toml`: where it was booked it ends as it is booked anew."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from llm_finops.core.documents import Invoice
from llm_finops.core.invoices import Document, Number
from llm_finops.inputs.invoices import NOT_ADDING_UP, ODD_PERIOD
from llm_finops.ledger import Commit, Key
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.work import Work

Content = tuple[str, str]  # a number and the hash of the document


def content(of: Invoice) -> Content:
    """What two deliveries of one invoice share, whatever account they are said to belong to."""
    return of.number, of.document


def booked_where(work: Work) -> dict[Content, set[Key]]:
    """Every invoice that is booked: under which accounts, in which months."""
    found: defaultdict[Content, set[Key]] = defaultdict(set)
    for k in work.ledger.heads(d.INVOICES):
        for row in work.ledger.read(d.INVOICES, k.scope, k.period):
            found[content(row)].add(k)
    return dict(found)


def end_elsewhere(
    work: Work,
    commit: Commit,
    kept: Iterable[Document],
    booked: Mapping[Content, set[Key]],
    delivered: Mapping[str, Collection[Content]],
) -> dict[str, set[Number]]:
    """End what the other accounts `delivered` (account -> what its tables still hold) no longer deliver of `kept`.

    Answers with what was ended, by account.
    """
    here = {content(of.invoice) for of in kept}
    months = {k for of in here for k in booked.get(of, ()) if k.scope in delivered and of not in delivered[k.scope]}
    ended: defaultdict[str, set[Number]] = defaultdict(set)
    for k in sorted(months):
        gone = here - set(delivered[k.scope])
        ended[k.scope] |= _end(work, commit, k, gone)
    return dict(ended)


def _end(work: Work, commit: Commit, k: Key, gone: Collection[Content]) -> set[Number]:
    invoices = work.ledger.read(d.INVOICES, k.scope, k.period)
    numbers = {(of.issuer, of.number) for of in invoices if content(of) in gone}
    lines = work.ledger.read(d.INVOICE_LINES, k.scope, k.period)
    told = work.ledger.findings([work.ledger.heads(d.INVOICES, k.scope)[k]])
    named = {number for _, number in numbers}
    findings = [f for f in told if not (f.kind in {ODD_PERIOD, NOT_ADDING_UP} and f.subject in named)]
    left = [of for of in invoices if (of.issuer, of.number) not in numbers]
    commit.book(d.INVOICES, k.scope, k.period, left, findings=findings)
    rest = [line for line in lines if (line.issuer, line.number) not in numbers]
    commit.book(d.INVOICE_LINES, k.scope, k.period, rest)
    return numbers
