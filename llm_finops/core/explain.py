"""Explain a customer's day: margin → allocations → shares of cost lines, with weights and prices.

Every step is added up again and compared with what was booked; a step that does not add up is an error,
never a footnote.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llm_finops.core.allocate import Share
from llm_finops.core.derived import RequestCost
from llm_finops.core.money import nano_text
from llm_finops.core.price import PriceBook
from llm_finops.core.records import ALL, ANY, COGS, NONE, Allocation, CostLine, Margin, Price, key_bytes


class ExplainError(Exception):
    """A step does not add up to the one above it, or there is nothing to explain."""


@dataclass(frozen=True, slots=True)
class ExplainedShare:
    """A part of one cost line: the line, the part of it (weight of whole), the price of its weight if it has one."""

    share: Share
    line: CostLine
    price: Price | None


@dataclass(frozen=True, slots=True)
class ExplainedAllocation:
    """An allocation and the shares it is the sum of."""

    allocation: Allocation
    shares: tuple[ExplainedShare, ...]


@dataclass(frozen=True, slots=True)
class ExplainedMargin:
    """A margins row and the allocations its cost is the sum of.

    `paid_as_a_whole`: the customer pays for all features at once (the row `(all)`), so that a margin of this
    feature alone says nothing.
    """

    margin: Margin
    allocations: tuple[ExplainedAllocation, ...]
    paid_as_a_whole: bool


@dataclass(frozen=True, slots=True)
class CustomerTotal:
    """The sum of a customer's margins rows in one currency; revenue is None where a part of it is not known."""

    currency: str
    revenue_nano: int | None
    cost_nano: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole tree; `outside` are allocations to the customer that are no cogs (opex, excluded).

    `outcomes` is what became of the requests that the logged part of the cost is of.
    """

    day: str
    customer: str
    totals: tuple[CustomerTotal, ...]
    margins: tuple[ExplainedMargin, ...]
    outside: tuple[ExplainedAllocation, ...]
    outcomes: tuple[RequestCost, ...] = ()


def explain(
    day: str,
    customer: str,
    margins: Iterable[Margin],
    allocations: Iterable[Allocation],
    shares: Iterable[Share],
    lines: Mapping[str, CostLine],
    books: Mapping[str, PriceBook],
    outcomes: Iterable[RequestCost] = (),
) -> Explanation:
    """The tree of a customer's day from what was booked and from the traced shares of the same inputs.

    `outcomes` are what became of the requests;
    `lines` by line_id, `books` by the account whose weights they priced. Raises ExplainError where the customer has
    no row that day, or a sum is not what was booked.
    """
    rows = sorted((m for m in margins if m.customer == customer), key=key_bytes)
    given = sorted((a for a in allocations if a.customer == customer), key=key_bytes)
    if not rows and not given:
        raise ExplainError(
            f"customer {customer!r} has neither cost nor revenue on {day}; "
            "names are exact (capitals, spaces), and a day is there once it was backfilled"
        )
    traced = _by_allocation(share for share in shares if share.customer == customer)
    told = [_allocation(day, a, traced.pop(_key_of(a), []), lines, books) for a in given]
    if traced:
        raise ExplainError(f"{customer} {day}: shares belong to no booked allocation: {sorted(traced)[:3]}")
    whole = {row.currency for row in rows if row.feature == ALL and row.revenue_nano}
    explained = tuple(_margin(day, row, told, row.currency in whole) for row in rows)
    outside = tuple(part for part in told if part.allocation.cost_class != COGS)
    ended = tuple(sorted((row for row in outcomes if row.customer == customer), key=key_bytes))
    return Explanation(day, customer, _totals(rows), explained, outside, ended)


def _totals(rows: Sequence[Margin]) -> tuple[CustomerTotal, ...]:
    found = []
    for currency in sorted({row.currency for row in rows}):
        of = [row for row in rows if row.currency == currency]
        known = [row.revenue_nano for row in of if row.revenue_nano is not None]
        revenue = sum(known) if len(known) == len(of) else None
        found.append(CustomerTotal(currency, revenue, sum(row.cost_nano for row in of)))
    return tuple(found)


_AllocationKey = tuple[str, ...]


def _key_of(a: Allocation | Share) -> _AllocationKey:
    return (*a.pool, a.customer, a.feature, a.environment, a.cost_class, a.basis, a.method, a.rule)


def _by_allocation(shares: Iterable[Share]) -> dict[_AllocationKey, list[Share]]:
    found: dict[_AllocationKey, list[Share]] = defaultdict(list)
    for share in shares:
        found[_key_of(share)].append(share)
    # What nets to nothing is no allocation: a row of 0 is not booked.
    return {key: parts for key, parts in found.items() if sum(part.nano for part in parts)}


def _allocation(
    day: str,
    allocation: Allocation,
    shares: Sequence[Share],
    lines: Mapping[str, CostLine],
    books: Mapping[str, PriceBook],
) -> ExplainedAllocation:
    told = sum(share.nano for share in shares)
    if told != allocation.cost_nano:
        raise ExplainError(
            f"{allocation.customer} {day}: an allocation of {nano_text(allocation.cost_nano)} {allocation.currency} "
            f"({allocation.pool.model}, {allocation.method}) has shares of {nano_text(told)}; run a backfill of the day"
        )
    parts = sorted(shares, key=lambda share: (-abs(share.nano), key_bytes(share)))
    return ExplainedAllocation(
        allocation, tuple(ExplainedShare(s, lines[s.line_id], _price(day, s, lines[s.line_id], books)) for s in parts)
    )


def _price(day: str, share: Share, line: CostLine, books: Mapping[str, PriceBook]) -> Price | None:
    """The price behind the weight, as of the day's start: what the piece was weighed by."""
    if (book := books.get(line.account)) is None:
        return None
    said = (share.pool.service_tier, line.service_tier)
    tier = next((tier for tier in said if tier not in (NONE, ANY)), NONE)  # where nobody says: priced as standard
    found = book.find(line.provider, share.pool.model, tier, share.context_band, share.meter, f"{day}T00:00:00Z")
    return found if isinstance(found, Price) or found is None else found[0]


def _margin(day: str, margin: Margin, told: Sequence[ExplainedAllocation], paid_as_a_whole: bool) -> ExplainedMargin:
    of_row = (margin.feature, margin.currency)
    parts = [
        part
        for part in told
        if part.allocation.cost_class == COGS and (part.allocation.feature, part.allocation.currency) == of_row
    ]
    cost = sum(part.allocation.cost_nano for part in parts)
    if cost != margin.cost_nano:
        raise ExplainError(
            f"{margin.customer} {day}: the margin of feature {margin.feature} books a cost of "
            f"{nano_text(margin.cost_nano)} {margin.currency}, its allocations are {nano_text(cost)}"
        )
    return ExplainedMargin(margin, tuple(parts), paid_as_a_whole and margin.feature != ALL and not margin.revenue_nano)
