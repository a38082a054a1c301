"""Gather what the day's message says from the ledger, all as of one commit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from llm_finops.core.convert import NO_RATE
from llm_finops.core.days import each_day
from llm_finops.core.derived import FAILED, RETRIED
from llm_finops.core.digest import (
    CurrencyFigures,
    Doubts,
    EarlierDay,
    Figures,
    HeldDay,
    Owner,
    Part,
    PriceDiffers,
    Uncosted,
    Unpriced,
)
from llm_finops.core.records import ALL, COGS, EXCLUDED, NONE, OPEX, UNALLOCATED, Finding, Margin
from llm_finops.ledger import Ledger, prices_that_differ
from llm_finops.ledger import datasets as d
from llm_finops.ledger.pages import held_days
from llm_finops.pipeline.converted_day import Conversion, in_reporting_currency
from llm_finops.pipeline.invoice_news import invoice_news
from llm_finops.pipeline.ledger_day import LedgerDay
from llm_finops.pipeline.links import dagster_of, dashboard_of
from llm_finops.pipeline.work import Work

QUARANTINED = "rows quarantined"
_DEFAULT_CURRENCY = "USD"  # of a day that cost nothing, where no day of the month did

_Nano = dict[str, int]


def figures_of(
    work: Work, day: str, earlier: Iterable[str] = (), seq: int | None = None, *, converts: bool = True
) -> Figures:
    """The figures of a complete day, now or as of a commit; `earlier` are days whose own message could not be sent.

    `converts`: in the reporting currency, where there is one; else in the currencies that money is really in.
    """
    earlier = list(earlier)
    at = LedgerDay(work.ledger, day, work.ledger.seq() if seq is None else seq)
    covered = at.sums("coverage", ("unit",), ("covered", "quantity")).get(("tokens",))
    conversion = in_reporting_currency(at) if converts else Conversion(at)
    money = conversion.day  # in one currency, or in those that there are
    costing = _costing(money)
    paying = sorted({m.currency for m in money.margins if m.revenue_nano} - {*costing, NONE})
    return Figures(
        day=day,
        currencies=tuple(_currency(money, code, code in costing) for code in [*costing, *paying]),
        used=_used(at),
        requests=sum(number for (number,) in at.sums("request_totals", (), ("requests",)).values()),
        logged=bool(at.settings.requests),
        covered=covered[0] if covered else None,
        quantity=covered[1] if covered else None,
        unpriced=_unpriced(at),
        uncosted=_uncosted(at),
        new_prices=_new_prices(at),
        quarantined=sum(finding.amount for finding in at.findings if finding.kind == QUARANTINED),
        findings=_doubts(f for f in at.findings if not (conversion.currency and f.kind == NO_RATE)),
        held=_held(at),
        earlier=tuple(_earlier(work.ledger, past, at.seq) for past in sorted(earlier)),
        invoices=invoice_news(work, at, earlier),
        main_currency=conversion.currency or _DEFAULT_CURRENCY,
        rates_of=conversion.rates_of,
        no_rate=conversion.missing,
        dashboard=dashboard_of(work.config, day),
        dagster=dagster_of(work.config, day),
    )


def _costing(at: LedgerDay) -> list[str]:
    """The currencies a cost is in. Shares of 0 are not booked: what is charged or priced has one all the same."""
    found = {code for table in ("allocations", "cost_lines") for (code,) in at.sums(table, ("currency",), ("rows",))}
    priced = {code for (code,) in at.sums("priced_usage", ("currency",), ("rows",))}
    month = {code for _, code in at.history}
    paid = {margin.currency for margin in at.margins}
    fallback = {_DEFAULT_CURRENCY} if at.day in at.booked else set()
    for codes in (found | priced, month, paid, fallback):
        if known := codes - {NONE}:
            return sorted(known)
    return []


def _currency(at: LedgerDay, currency: str, has_cost: bool) -> CurrencyFigures:
    def split(by: str) -> _Nano:
        found = at.sums("allocations", (by,), ("cost_nano",), currency=currency)
        return {key[0]: nano for key, (nano,) in found.items()}

    classes, bases = split("cost_class"), _bases(at, split("basis"))
    unowned = at.sums("allocations", ("cost_class",), ("cost_nano",), currency=currency, customer=UNALLOCATED)
    margins = [m for m in at.margins if m.currency == currency]
    customers = _customers(at, currency)
    day = date.fromisoformat(at.day)
    figures = CurrencyFigures(
        currency=currency,
        cost_nano=sum(classes.values()) if at.day in at.booked else None,
        has_cost=has_cost,
        cogs_nano=classes.get(COGS, 0),
        opex_nano=classes.get(OPEX, 0),
        excluded_nano=classes.get(EXCLUDED, 0),
        revenue_nano=sum(m.revenue_nano or 0 for m in margins) if at.revenue_known else None,
        day_before_nano=at.cost(str(day - timedelta(days=1)), currency),
        week_before_nano=at.cost(str(day - timedelta(days=7)), currency),
        logged_cost_nano=sum(m.logged_cost_nano for m in margins),
        requests=sum(m.requests for m in margins),
        p95_nano=_p95(at, currency),
        lost_nano=_lost(at, currency),
        reported_nano=bases.get("reported"),
        estimated_nano=bases.get("estimated"),
        invoiced_nano=bases.get("invoiced"),
        unallocated_nano=sum(nano for (cost_class,), (nano,) in unowned.items() if cost_class != EXCLUDED),
        providers=_parts(split("provider")),
        models=_parts(split("model")),
        customers=customers,
        features=_features(margins, {customer.name for customer in customers if customer.elsewhere}),
    )
    return _with_month(at, figures)


def _with_month(at: LedgerDay, figures: CurrencyFigures) -> CurrencyFigures:
    """The month so far; days before the first one ever booked are not missing, they are before our time."""
    first = date.fromisoformat(at.day).replace(day=1)
    start = max(str(first), min(at.booked, default=at.day))
    costs = [at.cost(day, figures.currency) for day in each_day(start, at.day)]
    known = [nano for nano in costs if nano is not None]
    return replace(
        figures,
        month_to_date_nano=sum(known) if known else None,
        month_since=start if known and start > str(first) else None,
        month_days_unknown=len(costs) - len(known),
    )


def _bases(at: LedgerDay, found: _Nano) -> _Nano:
    """The cost by basis; where it is nothing, which basis says so."""
    if found or at.day not in at.booked:
        return found
    return {"reported": 0} if at.reported else {"estimated": 0} if at.scopes(d.ESTIMATES) else {}


def _used(at: LedgerDay) -> bool | None:
    """Whether anything was used; unknown where no provider has said."""
    if not at.scopes(d.USAGE):
        return None
    return any(quantity for (quantity,) in at.sums("usage", ("unit",), ("quantity",)).values())


def _unpriced(at: LedgerDay) -> tuple[Unpriced, ...]:
    """What has no price, by model; a report with charges says what it costs, an estimate leaves it out."""
    found = at.sums("priced_usage", ("account", "model", "unit"), ("quantity",), list_cost_nano=None)
    by: defaultdict[tuple[str, str, bool], int] = defaultdict(int)
    for (account, model, unit), (quantity,) in found.items():
        by[model, unit, account in at.reported & at.charged] += quantity
    return tuple(
        Unpriced(model, unit, quantity, in_total)
        for (model, unit, in_total), quantity in sorted(by.items())
        if quantity
    )


def _new_prices(at: LedgerDay) -> tuple[PriceDiffers, ...]:
    """The prices that the bill parts from since this day; those of days before were told then."""
    found = (f.price for f in prices_that_differ(at.ledger, at.day, at.seq) if f.day == at.day)
    return tuple(
        PriceDiffers(p.model, p.meter, p.currency, p.implied_price_nano or 0, p.expected_price_nano or 0, p.reason)
        for p in found
    )


def _held(at: LedgerDay) -> tuple[HeldDay, ...]:
    """The days held now, by loads up to the end of the morning on which the day is told; no later one edits it."""
    until = str(date.fromisoformat(at.day) + timedelta(days=2))
    return tuple(
        HeldDay(of.scope, of.period, of.subject, of.before, of.after, of.load_id) for of in held_days(at.ledger, until)
    )


def _lost(at: LedgerDay, currency: str) -> int:
    by_outcome = at.sums("request_costs", ("outcome",), ("cost_nano",), currency=currency)
    return sum(nano for (outcome,), (nano,) in by_outcome.items() if outcome in {FAILED, RETRIED})


def _uncosted(at: LedgerDay) -> tuple[Uncosted, ...]:
    """Priced usage of accounts whose report is there and holds no charge."""
    found = at.sums("priced_usage", ("account", "currency"), ("list_cost_nano",))
    return tuple(
        Uncosted(account, currency, nano)
        for (account, currency), (nano,) in sorted(found.items())
        if nano and account in at.reported - at.charged
    )


def _doubts(findings: Iterable[Finding]) -> tuple[Doubts, ...]:
    kinds: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        kinds[finding.kind].append(finding)
    return tuple(Doubts(kind, len(found), _largest(found)) for kind, found in sorted(kinds.items()))


def _largest(findings: Iterable[Finding]) -> tuple[tuple[str, int], ...]:
    most: _Nano = {}
    for finding in findings:
        most[finding.unit] = max(abs(finding.amount), most.get(finding.unit, 0))
    return tuple(sorted(most.items()))


def _earlier(ledger: Ledger, day: str, seq: int) -> EarlierDay:
    at = in_reporting_currency(LedgerDay(ledger, day, seq)).day
    costs = {code: nano for (code,), (nano,) in at.sums("allocations", ("currency",), ("cost_nano",)).items()}
    if not costs and day in at.booked:
        costs = dict.fromkeys(_costing(at), 0)  # it cost nothing, which is known
    return EarlierDay(day, tuple(sorted(costs.items())))


def _known_sum(values: Iterable[int | None]) -> int | None:
    """The sum, unknown as soon as a part of it is; unknown too where there is nothing."""
    known = list(values)
    return sum(value for value in known if value is not None) if known and None not in known else None


def _parts(by_name: _Nano) -> tuple[Part, ...]:
    return tuple(Part(name, nano) for name, nano in sorted(by_name.items()))


def _customers(at: LedgerDay, currency: str) -> tuple[Owner, ...]:
    """Customers with cost or revenue in the currency, and in which others the rest of their margin is."""
    pays: defaultdict[str, set[str]] = defaultdict(set)
    costs: defaultdict[str, set[str]] = defaultdict(set)
    for margin in at.margins:
        loaded = margin.revenue_nano is not None
        if margin.revenue_nano or (loaded and (margin.customer, currency) in at.no_rate):
            pays[margin.customer].add(margin.currency)
        if margin.cost_nano:
            costs[margin.customer].add(margin.currency)
    found = _owners([m for m in at.margins if m.currency == currency], "customer")
    return tuple(replace(owner, elsewhere=_elsewhere(owner, currency, pays, costs)) for owner in found)


def _elsewhere(
    owner: Owner, currency: str, pays: Mapping[str, set[str]], costs: Mapping[str, set[str]]
) -> tuple[str, ...]:
    others = pays.get(owner.name, set()) - {currency}
    if not others and owner.revenue_nano and not owner.cost_nano:
        others = costs.get(owner.name, set()) - {currency}  # revenue here, all of its cost there
    return tuple(sorted(others))


def _owners(margins: list[Margin], by: str) -> tuple[Owner, ...]:
    costs: _Nano = defaultdict(int)
    revenue: dict[str, list[int | None]] = defaultdict(list)
    for margin in margins:
        name = getattr(margin, by)
        costs[name] += margin.cost_nano
        revenue[name].append(margin.revenue_nano)
    return tuple(Owner(name, costs[name], _known_sum(revenue[name])) for name in sorted(costs))


def _features(margins: list[Margin], apart: set[str]) -> tuple[Owner, ...]:
    """Features with their cost; their revenue is not known where some of it names no feature.

    Nor is that of a feature with a customer `apart`, who pays or costs in another currency too.
    """
    margins = [m._replace(revenue_nano=None) if m.customer in apart else m for m in margins]
    if any(m.feature == ALL and m.revenue_nano for m in margins):
        margins = [m._replace(revenue_nano=None) for m in margins if m.feature != ALL or m.cost_nano]
    return _owners(margins, "feature")


def _p95(at: LedgerDay, currency: str) -> int | None:
    """Of all requests, where one log holds them all: quantiles of several logs cannot be combined."""
    found = [p95 for code, p95 in at.quantiles if code == currency]
    return found[0] if len(found) == 1 else None
