"""What the two providers invoice: each month that is over, to the cent; one of Anthropic's in two is too high."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from llm_finops.demo.billing import month_of
from llm_finops.demo.keys import ANTHROPIC, PROVIDERS
from llm_finops.demo.truth import cost_of
from llm_finops.demo.world import Window, requests_of

INVOICE_COLUMNS = (
    *("InvoiceId", "InvoiceIssuerName", "BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory"),
    *("ChargeDescription", "BilledCost", "BillingCurrency"),
)
TOO_HIGH = 7_35  # cents
_GRAINS = 10**13  # a cent


def invoiced(window: Window) -> Iterator[tuple[date, str]]:
    """The months that lie whole in the window and were over before its last day, each with who has invoiced it."""
    for month in sorted({day.replace(day=1) for day in window.dates()}):
        if window.first <= month and month_of(month)[1] <= window.until:
            yield from ((month, provider) for provider in PROVIDERS)


def invoice_rows(month: date, provider: str) -> list[tuple[str, ...]]:
    """The lines of a month's invoice: what was used, to the cent, and in odd months at Anthropic a charge too many."""
    first, after = month_of(month)
    lines = [("API usage", usage_cents(month, provider))]
    if provider == ANTHROPIC and month.month % 2:
        lines.append(("API usage, other workspaces", TOO_HIGH))
    known = (f"{provider.upper()}-{month:%Y%m}", provider.title(), first.isoformat(), after.isoformat(), "Usage")
    return [(*known, what, f"{cents // 100}.{cents % 100:02d}", "USD") for what, cents in lines]


def usage_cents(month: date, provider: str) -> int:
    """What was used in a month, in cents, rounded once."""
    first, after = month_of(month)
    days = (date.fromordinal(n) for n in range(first.toordinal(), after.toordinal()))
    return (2 * sum(spent(day)[provider] for day in days) + _GRAINS) // (2 * _GRAINS)


@lru_cache(maxsize=400)
def spent(day: date) -> Counter[str]:
    """The day's cost by provider, in grains."""
    found: Counter[str] = Counter()
    for request in requests_of(day):
        found[request.stream.provider] += cost_of(request, day)
    return found
