"""What the company bills its customers: monthly fees, and for some a price for each operation that succeeded."""

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from llm_finops.demo.company import CUSTOMERS, OPENED
from llm_finops.demo.world import requests_of


class Fee(NamedTuple):
    """An amount in cents for the days from `since` to `until` (exclusive); feature None: for all of them."""

    customer: str
    feature: str | None
    cents: int
    since: date
    until: date


def month_of(day: date) -> tuple[date, date]:
    """The first day of a day's month, and of the next."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def fees_of_month(month: date, last: date) -> list[Fee]:
    """What is billed for a calendar month, operations up to the day `last`; whoever tries pays nothing."""
    first, after = month_of(month)
    fees = [Fee(c.id, None, c.plan.monthly, first, after) for c in CUSTOMERS if c.plan.monthly]
    day = max(first, OPENED)
    while day < after and day <= last:
        fees += metered(day)
        day += timedelta(days=1)
    return fees


def revenue_of(day: date) -> dict[str, Fraction]:
    """What each customer pays for a day, in dollars: a monthly fee is earned evenly, day by day."""
    first, after = month_of(day)
    revenue: Counter[str] = Counter()
    paid: dict[str, Fraction] = {}
    for customer in CUSTOMERS:
        if customer.plan.monthly:
            paid[customer.id] = Fraction(customer.plan.monthly, 100 * (after - first).days)
    for fee in metered(day):
        revenue[fee.customer] += fee.cents
    return {name: paid.get(name, Fraction(0)) + Fraction(revenue[name], 100) for name in paid.keys() | revenue.keys()}


@lru_cache(maxsize=400)
def metered(day: date) -> tuple[Fee, ...]:
    """Operations of a day that came to an end, at the price of the customer's plan."""
    prices = {customer.id: customer.plan for customer in CUSTOMERS if customer.plan.per_operation}
    done = {
        (request.customer, request.operation)
        for request in requests_of(day)
        if request.status == "ok" and request.logged and request.customer in prices
    }
    counted = Counter(customer for customer, _ in done if customer)
    after = day + timedelta(days=1)
    return tuple(
        Fee(name, prices[name].features[0], prices[name].per_operation * counted[name], day, after)
        for name in sorted(counted)
    )
