"""The list cost of a day's usage, at the prices in force at the day's start."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from llm_finops.core.meters import UNITS
from llm_finops.core.price.book import PriceBook
from llm_finops.core.price.cost import list_cost
from llm_finops.core.records import NONE, Finding, Price, PricedUsage, Usage, key_bytes

UNPRICED = "unpriced"
PRICE_CHANGED = "price changed within the day"
BAND_UNKNOWN = "context band unknown"
AS_STANDARD = "priced as standard"

_DETAILS = {
    UNPRICED: "no price is known for this at the day's start; add it to a price file, or map the model in [models]",
    PRICE_CHANGED: "all of the day is weighed at the price in force at its start",
    BAND_UNKNOWN: "the price depends on the length of each request, which the usage does not say; the lowest is taken",
    AS_STANDARD: "the usage names no service tier",
}
_Doubts = dict[tuple[str, str, str, str], int]  # quantity by account, kind, subject and unit


def price_usage(rows: Iterable[Usage], book: PriceBook, day: str) -> tuple[list[PricedUsage], list[Finding]]:
    """Each usage row with its cost in nano-units of the price's currency, and what is doubtful about it; both sorted.

    Models are named as the book names them (aliases applied). What has no price has no cost, and a finding with
    its quantity. The row's keys stay the provider's: cost lines meet it by them. MoneyError where a cost does not
    fit 64 bits.
    """
    start, end = f"{day}T00:00:00Z", f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z"
    doubts: _Doubts = defaultdict(int)
    priced = []
    for row in rows:
        price = _find(book, row, start)
        cost = None if price is None else list_cost(row.quantity, price)
        priced.append(PricedUsage(*row, cost, NONE if price is None else price.currency))
        for kind, subject in _doubted(book, row, price, end) if row.quantity else ():
            doubts[row.account, kind, subject, row.unit] += row.quantity
    findings = [
        Finding(day, account, kind, subject, unit, quantity, _DETAILS[kind])
        for (account, kind, subject, unit), quantity in doubts.items()
    ]
    return sorted(priced, key=key_bytes), sorted(findings, key=key_bytes)


def _find(book: PriceBook, row: Usage, at: str) -> Price | None:
    # A price is for a million of the meter's own unit, and of no other.
    if UNITS.get(row.meter) != row.unit:
        return None
    return book.find(row.provider, row.model, row.service_tier, row.context_band, row.meter, at)


def _doubted(book: PriceBook, row: Usage, price: Price | None, end: str) -> list[tuple[str, str]]:
    """The kinds of finding a row gives rise to, each with what it is about."""
    pool = f"{row.provider} {row.model} {row.service_tier}"
    if price is None:
        return [(UNPRICED, f"{pool} {row.meter}")]
    found = []
    if _changes(book, row, price, end):
        found.append((PRICE_CHANGED, f"{pool} {row.meter}"))
    if row.context_band == NONE != price.context_band:
        found.append((BAND_UNKNOWN, pool))
    if row.service_tier == NONE:
        found.append((AS_STANDARD, pool))
    return found


def _changes(book: PriceBook, row: Usage, price: Price, end: str) -> bool:
    """Whether another price, or none, holds at a later time of the day."""
    now: Price | None = price
    while now is not None and now.valid_until < end:
        later = _find(book, row, now.valid_until)
        if later is None or (later.price_nano, later.currency) != (price.price_nano, price.currency):
            return True
        now = later
    return False
