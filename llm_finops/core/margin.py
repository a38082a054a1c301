"""Margin: a day's revenue beside the cogs allocated to each customer and feature."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from llm_finops.core.charged import Charged
from llm_finops.core.records import (
    ALL,
    ANY,
    COGS,
    NONE,
    REQUEST_LOG,
    Allocation,
    Finding,
    Margin,
    Name,
    RequestTotal,
    Revenue,
    key_bytes,
)
from llm_finops.core.rules import Rulebook
from llm_finops.core.settings import Settings

_Key = tuple[str, str, str]  # customer, feature, currency


@dataclass(slots=True)
class _Sums:
    revenue: int = 0
    cost: int = 0
    logged_cost: int = 0
    requests: int = 0
    operations: int = 0


def margins(
    day: str,
    allocations: Iterable[Allocation],
    totals: Mapping[str, Sequence[RequestTotal]],
    revenue: Iterable[Revenue],
    *,
    revenue_known: bool,
    unknown: Collection[tuple[str, str]] = (),
    settings: Settings,
    names: Mapping[str, Sequence[Name]],
) -> tuple[list[Margin], list[Finding]]:
    """One row a customer, feature and currency, `(unallocated)` included; amounts in nano-units.

    `totals` by source and `names` by account, of all accounts. Costs are cogs only. Requests are those that
    name a customer and are cogs, in the currency their cost is charged in. Revenue that names no feature
    has a row of its own, `(all)`. Revenue is NULL unless `revenue_known` (a source covers the day); inside a
    covered day no row means 0. A customer whose revenue is all in other currencies has NULL beside their
    costs, with a finding: no rate is known here. `unknown` are the (customer, currency) of whom a row could not be
    read, in every currency where it is `(any)`: NULL, whatever else was read of them. Raises UnknownSourceError as
    `allocate` does.
    """
    rows: defaultdict[_Key, _Sums] = defaultdict(_Sums)
    shares = list(allocations)
    charged = Charged(shares)
    for row in shares:
        if row.cost_class == COGS:
            sums = rows[row.customer, row.feature, row.currency]
            sums.cost += row.cost_nano
            sums.logged_cost += row.cost_nano if row.method == REQUEST_LOG else 0
    for total in Rulebook(day, settings, names).customers_requests(totals):
        sums = rows[total.customer, total.feature or NONE, charged.currency_of(total)]
        sums.requests += total.requests
        sums.operations += total.operations
    unread = unknown if revenue_known else ()
    paid = _add_revenue(rows, revenue if revenue_known else (), unread)
    found = [_margin(key, sums, paid, unread, known=revenue_known) for key, sums in rows.items()]
    return sorted(found, key=key_bytes), _findings(day, found, paid, unread, known=revenue_known)


def _add_revenue(
    rows: defaultdict[_Key, _Sums], revenue: Iterable[Revenue], unread: Iterable[tuple[str, str]]
) -> dict[str, set[str]]:
    """Add the revenue to its rows; the currencies each customer pays in."""
    paid: defaultdict[str, set[str]] = defaultdict(set)
    for row in revenue:
        rows[row.customer, row.feature or ALL, row.currency].revenue += row.amount_nano
        paid[row.customer].add(row.currency)
    for customer, currency in unread:
        if currency != ANY:
            _ = rows[customer, ALL, currency]  # a row, so that what is not known of a customer without cost shows
            paid[customer].add(currency)
    return paid


def _margin(
    key: _Key, sums: _Sums, paid: Mapping[str, set[str]], unread: Collection[tuple[str, str]], *, known: bool
) -> Margin:
    customer, _, currency = key
    elsewhere = customer in paid and currency not in paid[customer]
    is_known = known and not elsewhere and not _is_unread(customer, currency, unread)
    return Margin(*key, sums.revenue if is_known else None, sums.cost, sums.logged_cost, sums.requests, sums.operations)


def _is_unread(customer: str, currency: str, unread: Collection[tuple[str, str]]) -> bool:
    return (customer, currency) in unread or (customer, ANY) in unread


def _findings(
    day: str,
    rows: Iterable[Margin],
    paid: Mapping[str, set[str]],
    unread: Collection[tuple[str, str]],
    *,
    known: bool,
) -> list[Finding]:
    unknown: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if known and row.revenue_nano is None and not _is_unread(row.customer, row.currency, unread):
            unknown[row.customer, row.currency] += row.cost_nano
    found = [
        Finding(day, ALL, "no rate", customer, currency, cost, _no_rate(paid[customer], currency))
        for (customer, currency), cost in unknown.items()
    ]
    return sorted(found, key=key_bytes)


def _no_rate(paid: Iterable[str], currency: str) -> str:
    return f"revenue is in {', '.join(sorted(paid))}, cost in {currency}: the margin is not known without a dated rate"
