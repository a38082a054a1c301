"""Ingest invoices, by account and month. They are read in every run; a late one is booked whatever its month."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from llm_finops.core.documents import InvoiceLine
from llm_finops.core.invoices import Document, Number, Taken, take
from llm_finops.core.records import Finding, Quarantined
from llm_finops.inputs.invoices import BadInvoice, InvoiceFiles, doubts, read_invoices
from llm_finops.ledger import Commit, Key
from llm_finops.ledger import datasets as d
from llm_finops.ledger.limits import storable
from llm_finops.pipeline.files import emptied, refuse_shared, source_files
from llm_finops.pipeline.invoices_moved import Content, booked_where, content, end_elsewhere
from llm_finops.pipeline.outcome import FAULTS, Outcome, Result
from llm_finops.pipeline.work import Work, key

INVOICE_REFUSED = "invoice refused"


def months_of(periods: Iterable[str]) -> list[str]:
    """The months of days or months, sorted."""
    return sorted({period[:7] for period in periods})


def load_invoices(work: Work, periods: list[str]) -> Result:
    """`invoices` and `invoice_lines` of every account that a table names; in a whole run of every month."""
    result = Result()
    months = months_of(periods)
    every: dict[str, _Delivered] = {}
    for account in sorted({table.account for table in work.config.invoices.values()}):
        with _failing(result, months, account):
            every[account] = _delivered(work, account, months, result)
    booked = booked_where(work)
    for account, delivered in every.items():
        with _failing(result, months, account):
            _book(work, delivered, _Others(booked, every), months, result)
    result.seen(months)
    return result


class _Others(NamedTuple):
    """What is booked, wherever, and what the tables of every account say."""

    booked: dict[Content, set[Key]]
    every: dict[str, "_Delivered"]

    def without(self, work: Work, account: "_Delivered") -> dict[str, set[Content]]:
        """{another account: what its tables still deliver}; none renamed, or of which a table cannot be read."""
        renamed = {name for of in self.every.values() for name in of.former} | {account.account}
        named = {table.account for table in work.config.invoices.values()}
        unread = named - {name for name, of in self.every.items() if of.is_whole}
        scopes = {k.scope for keys in self.booked.values() for k in keys} - renamed - unread
        said = {name: {content(of.invoice) for of in found.documents} for name, found in self.every.items()}
        return {name: said.get(name, set()) for name in scopes}

    def forget(self, ended: Mapping[str, Collection[Number]]) -> None:
        """An account that is booked after this one must not book again what has just ended."""
        for name in self.every.keys() & ended.keys():
            for number in ended[name]:
                self.every[name].booked.pop(number, None)


@contextmanager
def _failing(result: Result, months: Iterable[str], account: str) -> Iterator[None]:
    """What goes wrong with an account leaves the others alone."""
    try:
        yield
    except FAULTS as error:
        for month in months:
            result.fail(month, account, error)


@dataclass
class _Delivered:
    """What the tables of an account say, and what is booked of it under its name and those it had."""

    account: str
    former: dict[str, set[str]]  # a name it had -> the months booked under it
    booked: dict[Number, Document]
    said: list[InvoiceFiles] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    before: str = ""  # the first month that counts: before it the company has no days
    is_whole: bool = True  # every table of it could be read

    @property
    def documents(self) -> list[Document]:
        """Every document, wherever it was read, of a month that counts."""
        return [of for said in self.said for of in said.documents if of.invoice.month >= self.before]

    @property
    def bad(self) -> list[BadInvoice]:
        """What cannot be counted, of a month that counts or of none."""
        return [bad for said in self.said for bad in said.bad if not bad.month or bad.month >= self.before]


def _delivered(work: Work, account: str, months: Iterable[str], result: Result) -> _Delivered:
    old = next((of.formerly for of in work.settings().invoiced if of.name == account), ())
    former = {name: {k.period for k in work.ledger.heads(d.INVOICES, name)} for name in old}
    booked = {of.number: of for name in (*old, account) for of in booked_documents(work, name)}
    found = _Delivered(account, former, booked, before=f"{work.config.start_date:%Y-%m}")
    for name, table in work.config.invoices.items():
        if table.account != account:
            continue
        try:
            said = read_invoices(account, source_files(work, f"invoices.{name}", table.paths), table.columns)
            refuse_shared(work, "invoices", name, said.contents, work.config.invoices)
            if not said.documents and booked:
                bad = f" ({len(said.bad)} are not counted, the first: {said.bad[0].reason})" if said.bad else ""
                raise emptied(f"invoices.{name}", bad)
        except FAULTS as error:
            for month in months:
                result.fail(month, account, error)
            found.is_whole = False
            continue
        found.said.append(said)
        found.accepted.update(table.accept)
    return found


def booked_documents(work: Work, account: str) -> list[Document]:
    """The invoices of an account as they are booked, each with its lines."""
    found = []
    for k in sorted(work.ledger.heads(d.INVOICES, account)):
        lines: defaultdict[Number, list[InvoiceLine]] = defaultdict(list)
        for line in work.ledger.read(d.INVOICE_LINES, account, k.period):
            lines[line.issuer, line.number].append(line)
        invoices = work.ledger.read(d.INVOICES, account, k.period)
        found += [Document(of, tuple(sorted(lines[of.issuer, of.number]))) for of in invoices]
    return found


def _book(work: Work, delivered: _Delivered, others: _Others, months: list[str], result: Result) -> None:
    """Book what is taken, month by month in one transaction: an invoice that moves is in one month at any time."""
    if not delivered.said:
        return
    taken = take(delivered.booked, delivered.documents, delivered.accepted)
    plan = _Plan(delivered, taken)
    every = plan.months | {k.period for k in work.ledger.heads(d.INVOICES, delivered.account)}
    todo = sorted(every if work.whole else every & _with_moved(months, taken))
    load_id = work.ledger.journals.begin_load(delivered.account, d.INVOICES.name, *_ends(todo))
    with work.ledger.commit(f"{delivered.account} invoices", work.run_id) as commit:
        for month in todo:
            _book_month(commit, plan, load_id, month)
        _take_over(commit, delivered, todo)
        kept = [of for of in taken.kept.values() if of.invoice.month in todo]
        ended = end_elsewhere(work, commit, kept, others.booked, others.without(work, delivered))
    others.forget(ended)
    left = sum(of.invoice.month < delivered.before for said in delivered.said for of in said.documents)
    told = f"{len(plan.quarantined)} invoices or rows refused, {left} invoices of months before start_date left out"
    work.ledger.journals.end_load(load_id, "whole", detail=told)
    for month in sorted({*todo, *months}):
        numbers = plan.numbers(month)
        new = month in todo and commit.booked[key(d.INVOICES, delivered.account, month)].is_new
        if new or month in months:
            result.add(month, Outcome(delivered.account, is_new=new, numbers=numbers))
    for refused in taken.refused:
        if refused.loud:
            result.fail(refused.document.invoice.month, delivered.account, refused.reason)


def _with_moved(months: Iterable[str], taken: Taken) -> set[str]:
    """The months asked, and those with which they exchange an invoice: it is neither lost nor in two."""
    found = set(months)
    for pair in sorted(taken.moved):
        found |= set(pair) if found & set(pair) else set()
    return found


def _ends(months: list[str]) -> tuple[str, str]:
    return (months[0], months[-1]) if months else ("", "")


def _take_over(commit: Commit, delivered: _Delivered, todo: list[str]) -> None:
    """End what the account booked under the names it had: it is booked under its own now."""
    for old, months in delivered.former.items():
        for month in sorted(months & set(todo)):
            commit.book(d.INVOICES, old, month, [])
            commit.book(d.INVOICE_LINES, old, month, [])


class _Plan:
    """What is to be booked of each month."""

    def __init__(self, delivered: _Delivered, taken: Taken) -> None:
        self.account = delivered.account
        self.documents: defaultdict[str, list[Document]] = defaultdict(list)
        for document in taken.kept.values():
            self.documents[document.invoice.month].append(document)
        self._duplicates = taken.duplicates
        self.bad: defaultdict[str, list[BadInvoice]] = defaultdict(list)
        known = {*self.documents, *(bad.month for bad in delivered.bad if bad.month)}
        refused = [_as_bad(of.document, of.reason) for of in taken.refused]
        for bad in [*delivered.bad, *refused]:
            # A row that names no month is told with the last one: nobody looks at the first of three years.
            self.bad[bad.month or max(known, default=delivered.before)].append(bad)
        self.months = {*self.documents, *self.bad}
        self.quarantined = [bad for rows in self.bad.values() for bad in rows]

    def findings(self, month: str) -> list[Finding]:
        """What is to be said of the month: doubts about its invoices, and those that were refused."""
        found = [doubt for of in self.documents[month] for doubt in doubts(self.account, of.invoice)]
        return sorted([*found, *(self._refused(month, bad) for bad in self.bad[month])])

    def _refused(self, month: str, bad: BadInvoice) -> Finding:
        where = f"{bad.file.rpartition('/')[2]} {bad.place}: {bad.reason}"
        return Finding(
            month, self.account, INVOICE_REFUSED, bad.number or "(no number)", "rows", bad.rows, storable(where)
        )

    def duplicates(self, month: str) -> int:
        """How often an invoice of the month was delivered beside the first time."""
        return sum(
            times
            for number, times in self._duplicates.items()
            if any(of.number == number for of in self.documents[month])
        )

    def numbers(self, month: str) -> Mapping[str, int]:
        """The month's counts, for the asset's metadata."""
        documents = self.documents[month]
        return {
            "invoices": len(documents),
            "lines": sum(len(of.lines) for of in documents),
            "duplicates": self.duplicates(month),
            "quarantined": len(self.bad[month]),
        }


def _as_bad(document: Document, reason: str) -> BadInvoice:
    of = document.invoice
    return BadInvoice(reason, document.file, document.place, of.month, of.number, of.lines)


def _book_month(commit: Commit, plan: _Plan, load_id: int, month: str) -> None:
    documents = plan.documents[month]
    commit.book(d.INVOICES, plan.account, month, [of.invoice for of in documents], findings=plan.findings(month))
    commit.book(d.INVOICE_LINES, plan.account, month, [line for of in documents for line in of.lines])
    bad = [Quarantined(of.reason, of.file, of.place) for of in plan.bad[month]]
    commit.loaded(load_id, d.INVOICES, plan.account, month, plan.duplicates(month), bad)
