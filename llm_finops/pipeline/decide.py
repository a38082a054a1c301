"""Reconcile, allocate, margin: gather from the ledger, call one pure verb, book a version; only what is stale."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llm_finops.core.allocate import allocate
from llm_finops.core.convert import NO_RATE, Rates, convert_margins
from llm_finops.core.margin import margins
from llm_finops.core.price import price_usage
from llm_finops.core.reconcile import estimate, reconcile
from llm_finops.core.records import CostLine, Finding, Name, RequestTotal
from llm_finops.core.settings import Settings
from llm_finops.ledger import Commit, Gather, Key
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.ingest import is_reported, settings_read
from llm_finops.pipeline.outcome import FAULTS, Outcome, Result
from llm_finops.pipeline.rates import months_of
from llm_finops.pipeline.sources import REVENUE_NOT_LOADED, unknown_revenue
from llm_finops.pipeline.work import Work, key


@dataclass(frozen=True)
class Computed:
    """What a verb made of a key: the rows of the dataset, and of datasets that move with it.

    `ended` are keys that say nothing from now on; `numbers` are for the asset's metadata, beside the counts.
    """

    rows: Sequence[Any]
    findings: Sequence[Finding] = ()
    beside: Sequence[tuple[d.Dataset[Any], Sequence[Any]]] = ()
    ended: Sequence[Key] = ()
    numbers: Mapping[str, int | str] = field(default_factory=dict)


Compute = Callable[[Work, Gather, str, str], Computed | None]


def price(work: Work, account: str, days: list[str]) -> Result:
    """`priced_usage` of an account."""
    return settle(work, d.PRICED_USAGE, [account], days, (d.USAGE,), _price)


def estimate_days(work: Work, days: list[str]) -> Result:
    """`estimates` of every provider's account: the cost of days that no report covers yet."""
    return settle(work, d.ESTIMATES, _accounts(work, "provider"), days, (d.PRICED_USAGE,), _estimate)


def reconcile_days(work: Work, days: list[str]) -> Result:
    """`reconciliations` of every provider's account."""
    return settle(
        work, d.RECONCILIATIONS, _accounts(work, "provider"), days, (d.PRICED_USAGE, d.COST_LINES), _reconcile
    )


def allocate_days(work: Work, days: list[str]) -> Result:
    """`allocations` and `coverage` of every account."""
    accounts = _accounts(work, "provider", "costs")
    return settle(work, d.ALLOCATIONS, accounts, days, (d.COST_LINES, d.ESTIMATES), _allocate)


def margin_days(work: Work, days: list[str]) -> Result:
    """`margins` of every customer and feature."""
    return settle(work, d.MARGINS, ["*"], days, (d.ALLOCATIONS,), _margin)


def provider_accounts(work: Work) -> list[str]:
    """The accounts at providers, past ones included: those with usage."""
    return _accounts(work, "provider")


def convert_days(work: Work, days: list[str]) -> Result:
    """`converted_margins`: the margins in the reporting currency."""
    return settle(work, d.CONVERTED_MARGINS, ["*"], days, (d.MARGINS,), _convert)


def _accounts(work: Work, *kinds: str) -> list[str]:
    return [account.name for account in work.settings().accounts if account.kind in kinds]


def settle(
    work: Work,
    dataset: d.Dataset[Any],
    scopes: Sequence[str],
    days: list[str],
    parents: Sequence[d.Dataset[Any]],
    compute: Compute,
) -> Result:
    """Compute what of the range has no version or a stale one and, in a whole run, everything else that is due."""
    asked = [key(dataset, scope, day) for day in days for scope in scopes]
    return settle_keys(work, dataset, asked, _todo(work, dataset, set(scopes), asked, parents), compute)


def settle_keys(
    work: Work, dataset: d.Dataset[Any], asked: Sequence[Key], todo: Collection[Key], compute: Compute
) -> Result:
    """Compute what is to be done, in order of period; of what was asked, the rest stands."""
    result = Result()
    for k in asked:
        if k not in todo:
            result.add(k.period, Outcome(k.scope))
    for i, k in enumerate(sorted(todo, key=lambda k: (k.period, k.scope)), start=1):
        try:
            result.add(k.period, _compute(work, dataset, k, compute))
        except FAULTS as error:
            result.fail(k.period, k.scope, error)
        work.progress(dataset.name, i, len(todo))
    return result


def _todo(
    work: Work, dataset: d.Dataset[Any], scopes: set[str], asked: list[Key], parents: Sequence[d.Dataset[Any]]
) -> set[Key]:
    heads = work.ledger.heads(dataset)
    stale = {k for k in work.ledger.stale(dataset) if k.scope in scopes}
    todo = {k for k in asked if k in stale or k not in heads}
    if not work.whole:
        return todo
    # What a killed run left undone: its input is booked, itself it never was.
    made = {k for parent in parents for k in work.ledger.heads(parent) if k.scope in scopes or scopes == {"*"}}
    born = {key(dataset, "*" if scopes == {"*"} else k.scope, k.period) for k in made}
    return todo | stale | (born - heads.keys())


def _compute(work: Work, dataset: d.Dataset[Any], k: Key, compute: Compute) -> Outcome:
    while True:
        gather = work.ledger.gather()
        made = compute(work, gather, k.scope, k.period)
        if made is None:
            return Outcome(k.scope, numbers={"state": "nothing to go by yet"})
        commit = _book(work, dataset, k, made, gather)
        if not commit.outdated:  # else another run has booked some of what it was made of: it is made again
            numbers = {"rows": len(made.rows), "findings": len(made.findings), **made.numbers}
            return Outcome(k.scope, is_new=commit.booked[k].is_new, computed=True, numbers=numbers)


def _book(work: Work, dataset: d.Dataset[Any], k: Key, made: Computed, gather: Gather) -> Commit:
    with work.ledger.commit(f"{dataset.name} {k.scope} {k.period}", work.run_id, gather) as commit:
        commit.book(dataset, k.scope, k.period, made.rows, gather.inputs, made.findings)
        for beside, rows in made.beside:
            commit.book(beside, k.scope, k.period, rows, gather.inputs)
        for gone in made.ended:
            commit.book(d.DATASETS[gone.dataset], gone.scope, gone.period, [])
    return commit


def _price(work: Work, gather: Gather, account: str, day: str) -> Computed | None:
    if not gather.has(d.USAGE, account, day):
        return None
    settings = settings_read(gather)
    usage = [row._replace(model=settings.model(row.model)) for row in gather.read(d.USAGE, account, day)]
    rows, findings = price_usage(usage, work.price_book(gather), day)
    return Computed(rows, findings)


def _estimate(_: Work, gather: Gather, account: str, day: str) -> Computed | None:
    settings_read(gather)
    priced = gather.read(d.PRICED_USAGE, account, day)
    if is_reported(gather, account, day):
        return Computed([])
    if not gather.has(d.PRICED_USAGE, account, day):
        return None
    lines, findings = estimate(account, day, priced)
    return Computed(lines, findings)


def _lines(gather: Gather, account: str, day: str) -> list[CostLine] | None:
    """The day's lines of every lane, or None where neither report nor estimate exists."""
    lanes = ((d.COST_LINES, day), (d.ESTIMATES, day), (d.TRUE_UPS, day[:7]))
    known = [gather.has(dataset, account, period) for dataset, period in lanes]
    lines = [line for dataset, period in lanes for line in gather.read(dataset, account, period)]
    return lines if any(known) else None


def read_totals(gather: Gather, settings: Settings, day: str) -> dict[str, list[RequestTotal]]:
    """The day's logged requests, by source."""
    return {source.name: gather.read(d.REQUEST_TOTALS, source.name, day) for source in settings.requests}


def read_names(gather: Gather, settings: Settings) -> dict[str, list[Name]]:
    """What projects and keys are called, by account."""
    return {account.name: gather.read(d.NAMES, account.name, "*") for account in settings.accounts}


def _reconcile(_: Work, gather: Gather, account: str, day: str) -> Computed | None:
    settings = settings_read(gather)
    usage = gather.read(d.PRICED_USAGE, account, day)
    lines = _lines(gather, account, day)
    totals, names = read_totals(gather, settings, day), read_names(gather, settings)
    if lines is None and not usage:
        return None
    # Who used each usage row does not hang on money: with no lines, allocating is covering.
    coverage = allocate(day, account, [], usage, totals, settings=settings, names=names).coverage
    # Always as if final: what a day says must not hang on the hour it was computed.
    rows, findings = reconcile(day, account, usage, lines or [], coverage, final=True, aliases=settings.aliases)
    return Computed(rows, findings)


def _allocate(_: Work, gather: Gather, account: str, day: str) -> Computed | None:
    settings = settings_read(gather)
    lines = _lines(gather, account, day)
    usage = gather.read(d.PRICED_USAGE, account, day)
    totals, names = read_totals(gather, settings, day), read_names(gather, settings)
    if lines is None:
        return None
    done = allocate(day, account, lines, usage, totals, settings=settings, names=names)
    return Computed(done.allocations, done.findings, [(d.COVERAGE, done.coverage)])


def _margin(_: Work, gather: Gather, __: str, day: str) -> Computed | None:
    settings = settings_read(gather)
    shares = [share for account in settings.accounts for share in gather.read(d.ALLOCATIONS, account.name, day)]
    totals, names = read_totals(gather, settings, day), read_names(gather, settings)
    revenue = [row for source in settings.revenue for row in gather.read(d.REVENUE, source.name, day)]
    known = {source: _is_loaded(gather, source.name, day) for source in settings.revenue}
    if not any(used for at, used in gather.inputs.items() if at.dataset in _MADE_OF):
        return None
    # A source that is no longer configured is asked for nothing; what it said once still counts.
    whole = any(known.values()) and all(loaded for source, loaded in known.items() if not source.past)
    doubts = [f for source in settings.revenue for f in gather.findings(d.REVENUE, source.name, day)]
    unknown = unknown_revenue(doubts)
    rows, findings = margins(
        day, shares, totals, revenue, revenue_known=whole, unknown=unknown, settings=settings, names=names
    )
    return Computed(rows, findings)


def _convert(_: Work, gather: Gather, __: str, day: str) -> Computed | None:
    currency = settings_read(gather).reporting_currency
    if not currency or not gather.has(d.MARGINS, "*", day):
        return None
    doubts = gather.findings(d.MARGINS, "*", day)
    elsewhere = {(f.subject, f.unit) for f in doubts if f.kind == NO_RATE}
    rates = Rates(rate for month in months_of(day) for rate in gather.read(d.FX_RATES, "*", month))
    rows, findings = convert_margins(day, gather.read(d.MARGINS, "*", day), rates, currency, elsewhere)
    return Computed(rows, findings)


def _is_loaded(gather: Gather, source: str, day: str) -> bool:
    doubts = gather.findings(d.REVENUE, source, day)
    return gather.has(d.REVENUE, source, day) and not any(f.kind == REVENUE_NOT_LOADED for f in doubts)


_MADE_OF = {d.ALLOCATIONS.name, d.REQUEST_TOTALS.name, d.REVENUE.name}
