"""What the day's message says of invoices, from the ledger as it stood at the end of the morning after.

A message is made on the day after its own. What was booked up to the end of that day, and not yet at the end of the
one before, is its news; of days whose messages were never sent, theirs too. So a message says the same whenever it is
made, and nothing of an invoice that comes later.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from llm_finops.core.digest import InvoiceNews
from llm_finops.core.documents import InvoiceMatch
from llm_finops.core.match import DAYS_UNREPORTED, DIFFERS, NOT_INVOICED, is_nothing
from llm_finops.ledger import Key
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.invoices import INVOICE_REFUSED
from llm_finops.pipeline.ledger_day import LedgerDay
from llm_finops.pipeline.work import Work, key

_Rows = list[InvoiceMatch]


def invoice_news(work: Work, at: LedgerDay, earlier: Iterable[str]) -> tuple[InvoiceNews, ...]:
    """What came, differs or was refused since the last message, and what is late on the day."""
    if not work.ledger.heads(d.INVOICE_MATCHES) and not work.ledger.heads(d.INVOICES):
        return ()
    first = min([at.day, *earlier])
    before = work.ledger.seq_at(first)
    now = min(at.seq, work.ledger.seq_at(_next(at.day)))
    heads, old = (work.ledger.heads(d.INVOICE_MATCHES, seq=seq) for seq in (now, before))
    former = {of.name: of.formerly for of in at.settings.invoiced}
    found: list[InvoiceNews] = []
    late = _late(work, at.day, heads, now)
    for k, version in heads.items():
        settled = _settled(work, k)
        if old.get(k) != version or first <= settled <= at.day:
            rows = _before(work, k, former, before), work.ledger.read(d.INVOICE_MATCHES, k.scope, k.period, now)
            found += _moved(k, rows, is_open=at.day < settled, was_open=first <= settled)
    whole = [replace(of, days_unreported=_unreported(work, heads[_match(of)])) for of in (*found, *late)]
    return (*whole, *_refused(work, former, before, now))


def _before(work: Work, k: Key, former: Mapping[str, Sequence[str]], seq: int) -> _Rows:
    """A month as of a commit, under the name that its account had then: another name is no news."""
    names = (k.scope, *former.get(k.scope, ()))
    return [row for name in names for row in work.ledger.read(d.INVOICE_MATCHES, name, k.period, seq)]


def _match(of: InvoiceNews) -> Key:
    return key(d.INVOICE_MATCHES, of.account, of.month)


def _unreported(work: Work, version: int) -> int:
    """The days of a month that no report covers, as its match says."""
    return sum(f.amount for f in work.ledger.findings([version]) if f.kind == DAYS_UNREPORTED)


def _next(day: str) -> str:
    return str(date.fromisoformat(day) + timedelta(days=1))


def _settled(work: Work, k: Key) -> str:
    """The first day whose message comes when a month is over and the account's last report of it is final."""
    provider = work.config.providers.get(k.scope)
    return str(_end(k.period) + timedelta(hours=provider.settle_hours if provider else 0))


def _moved(k: Key, between: tuple[_Rows, _Rows], *, is_open: bool, was_open: bool) -> Iterator[InvoiceNews]:
    """A month whose invoice came, or whose difference is another than it was, by currency.

    While the month's reports still grow, its difference says nothing: it is told once they are all there.
    """
    old, rows = map(_by_currency, between)
    for currency, of in sorted(rows.items()):
        was = old.get(currency, [])
        if _invoiced(of) != _invoiced(was) and _billed(of) is not None:
            news = _news(k, "arrived", currency, of)
            yield replace(news, is_open=True, differences=(), only_invoiced=(), only_reported=()) if is_open else news
        elif not is_open and _differing(of) and (was_open or _differing(of) != _differing(was)):
            yield _news(k, "differs", currency, of)


def _by_currency(rows: Iterable[InvoiceMatch]) -> dict[str, list[InvoiceMatch]]:
    found: defaultdict[str, list[InvoiceMatch]] = defaultdict(list)
    for row in rows:
        found[row.currency].append(row)
    return found


def _invoiced(rows: Iterable[InvoiceMatch]) -> list[tuple[str, int | None]]:
    return sorted((row.charge_category, row.invoiced_nano) for row in rows if row.invoiced_nano is not None)


def _differing(rows: Iterable[InvoiceMatch]) -> list[tuple[str, int]]:
    return sorted((row.charge_category, row.difference_nano or 0) for row in rows if row.state == DIFFERS)


def _billed(rows: Iterable[InvoiceMatch]) -> int | None:
    known = [row.invoiced_nano for row in rows if row.invoiced_nano is not None]
    return sum(known) if known else None


def _reported(rows: Iterable[InvoiceMatch]) -> int | None:
    known = [row.reported_nano for row in rows if row.reported_nano is not None]
    return sum(known) if known else None


def _news(k: Key, kind: str, currency: str, rows: Sequence[InvoiceMatch]) -> InvoiceNews:
    return InvoiceNews(
        k.scope,
        k.period,
        "differs" if kind == "differs" else "arrived",
        currency,
        _billed(rows),
        _reported(rows),
        tuple(_differing(rows)),
        tuple((r.charge_category, r.invoiced_nano) for r in rows if r.invoiced_nano and r.reported_nano is None),
        tuple((r.charge_category, r.reported_nano) for r in rows if r.reported_nano and r.invoiced_nano is None),
    )


def _late(work: Work, day: str, heads: Iterable[Key], now: int) -> Iterator[InvoiceNews]:
    """Months past due without any invoice. Those before an account's first one were never asked for, nor is nothing."""
    due: dict[str, int] = {}
    for table in work.config.invoices.values():
        due[table.account] = min(table.due_days, due.get(table.account, table.due_days))
    invoiced: defaultdict[str, set[str]] = defaultdict(set)
    for k in work.ledger.heads(d.INVOICES, seq=now):
        if work.ledger.read(d.INVOICES, k.scope, k.period, now):
            invoiced[k.scope].add(k.period)
    for k in sorted(heads):
        since = (date.fromisoformat(day) - _end(k.period)).days
        if k.scope not in due or since < due[k.scope] or k.period in invoiced[k.scope]:
            continue
        if invoiced[k.scope] and k.period < min(invoiced[k.scope]):
            continue
        rows = _by_currency(work.ledger.read(d.INVOICE_MATCHES, k.scope, k.period, now))
        for currency, of in sorted(rows.items()):
            if any(row.state == NOT_INVOICED for row in of) and not is_nothing(_reported(of) or 0, currency):
                yield InvoiceNews(k.scope, k.period, "late", currency, reported_nano=_reported(of), late_days=since)


def _end(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _refused(work: Work, former: Mapping[str, Sequence[str]], before: int, now: int) -> Iterator[InvoiceNews]:
    """Invoices that were not taken and were not refused before, whatever the account was called."""
    heads, old = (work.ledger.heads(d.INVOICES, seq=seq) for seq in (now, before))
    moved = {k: version for k, version in heads.items() if old.get(k) != version}
    said = {version: work.ledger.findings([version]) for version in {*moved.values(), *old.values()}}
    for k, version in sorted(moved.items()):
        was = [old.get(k._replace(scope=name), 0) for name in (k.scope, *former.get(k.scope, ()))]
        known = {f.subject for version in was for f in said.get(version, ()) if f.kind == INVOICE_REFUSED}
        new = {f.subject for f in said[version] if f.kind == INVOICE_REFUSED} - known
        yield from (InvoiceNews(k.scope, k.period, "refused", refused=number) for number in sorted(new))
