"""The monthly match of an account: gather every day of the month and its invoices, call the verb, book a version."""

from calendar import monthrange
from collections.abc import Sequence

from llm_finops.core.match import match
from llm_finops.core.records import CostLine
from llm_finops.core.settings import Invoiced
from llm_finops.ledger import Gather, Key
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.decide import Computed, settle_keys
from llm_finops.pipeline.ingest import is_reported, settings_read
from llm_finops.pipeline.invoices import months_of
from llm_finops.pipeline.outcome import Result
from llm_finops.pipeline.work import Work, key


def match_months(work: Work, periods: list[str]) -> Result:
    """`invoice_matches` of the accounts that are invoiced: the months asked, and in a whole run whatever is due."""
    accounts = {account.name: account for account in work.settings().invoiced}
    asked = [key(d.INVOICE_MATCHES, name, month) for month in months_of(periods) for name in accounts]

    def matched(work: Work, gather: Gather, name: str, month: str) -> Computed | None:
        return _match(work, gather, accounts[name], month)

    result = settle_keys(work, d.INVOICE_MATCHES, asked, _todo(work, accounts, asked), matched)
    result.seen(months_of(periods))
    return result


def _todo(work: Work, accounts: dict[str, Invoiced], asked: Sequence[Key]) -> set[Key]:
    heads = work.ledger.heads(d.INVOICE_MATCHES)
    due = {k for k in work.ledger.stale(d.INVOICE_MATCHES) if k.scope in accounts}
    due |= _born(work, accounts) - heads.keys()
    return due if work.whole else due & set(asked)


def _born(work: Work, accounts: dict[str, Invoiced]) -> set[Key]:
    """The months that have something to match: an invoice, or a day's cost of an account that is still invoiced."""
    called = {old: account for account in accounts.values() for old in (account.name, *account.formerly)}
    made = {k for dataset in (d.INVOICES, d.COST_LINES) for k in work.ledger.heads(dataset) if k.scope in called}
    return {
        key(d.INVOICE_MATCHES, called[k.scope].name, k.period[:7])
        for k in made
        if k.dataset == d.INVOICES.name or not called[k.scope].past
    }


def _match(work: Work, gather: Gather, account: Invoiced, month: str) -> Computed | None:
    settings_read(gather)
    names = (account.name, *account.formerly)
    days = {day: _reported(gather, names, day) for day in _days(month)}
    invoices = [row for name in names for row in gather.read(d.INVOICES, name, month)]
    lines = [row for name in names for row in gather.read(d.INVOICE_LINES, name, month)]
    made = any(used for at, used in gather.inputs.items() if at.dataset == d.COST_LINES.name)
    k = key(d.INVOICE_MATCHES, account.name, month)
    if not (invoices or made or k in work.ledger.heads(d.INVOICE_MATCHES, account.name)):
        return None
    rows, findings = match(month, account.name, days, invoices, lines, prepaid=account.prepaid)
    former = [key(d.INVOICE_MATCHES, old, month) for old in account.formerly]
    ended = [of for of in former if work.ledger.read(d.INVOICE_MATCHES, of.scope, month)]
    states = ", ".join(sorted({row.state for row in rows}))
    return Computed(rows, findings, ended=ended, numbers={"state": states or "nothing reported or invoiced"})


def _reported(gather: Gather, names: Sequence[str], day: str) -> list[CostLine] | None:
    """The day's lines under every name the account had; None where no report covers it."""
    there = [name for name in names if gather.has(d.COST_LINES, name, day)]  # most days of a first month have none
    reported = [name for name in there if is_reported(gather, name, day)]
    if not reported:
        return None
    return [line for name in reported for line in gather.read(d.COST_LINES, name, day)]


def _days(month: str) -> list[str]:
    return [f"{month}-{day:02d}" for day in range(1, monthrange(int(month[:4]), int(month[5:]))[1] + 1)]
