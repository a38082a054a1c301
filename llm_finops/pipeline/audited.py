"""Audit the price book by the bill, and what failed requests cost: gather, call one pure verb, book a version."""

from llm_finops.core.audit import audit
from llm_finops.core.outcomes import request_costs
from llm_finops.ledger import Gather
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.decide import Computed, provider_accounts, read_names, read_totals, settle
from llm_finops.pipeline.ingest import is_reported, settings_read
from llm_finops.pipeline.outcome import Result
from llm_finops.pipeline.work import Work


def audit_days(work: Work, days: list[str]) -> Result:
    """`implied_prices` of every provider's account."""
    return settle(work, d.IMPLIED_PRICES, provider_accounts(work), days, (d.PRICED_USAGE, d.COST_LINES), _audit)


def _audit(work: Work, gather: Gather, account: str, day: str) -> Computed | None:
    settings = settings_read(gather)
    if not is_reported(gather, account, day):  # an estimate is priced by the book: it can tell nothing of it
        return Computed([]) if gather.has(d.COST_LINES, account, day) else None
    usage = gather.read(d.PRICED_USAGE, account, day)
    lines = gather.read(d.COST_LINES, account, day)
    rows, findings = audit(day, account, usage, lines, work.price_book(gather), settings.aliases)
    return Computed(rows, findings)


def request_cost_days(work: Work, days: list[str]) -> Result:
    """`request_costs`: what failed and retried requests cost, by customer and feature."""
    return settle(work, d.REQUEST_COSTS, ["*"], days, (d.ALLOCATIONS,), _request_costs)


def _request_costs(_: Work, gather: Gather, __: str, day: str) -> Computed | None:
    settings = settings_read(gather)
    shares = [share for account in settings.accounts for share in gather.read(d.ALLOCATIONS, account.name, day)]
    totals, names = read_totals(gather, settings, day), read_names(gather, settings)
    if not any(used for at, used in gather.inputs.items() if at.dataset in _MADE_OF):
        return None
    return Computed(request_costs(day, shares, totals, settings=settings, names=names))


_MADE_OF = {d.ALLOCATIONS.name, d.REQUEST_TOTALS.name}
