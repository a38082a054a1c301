"""What the price book says of a place on a day: the price it takes, and those that may be meant as well."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from llm_finops.core.audit.matching import Place
from llm_finops.core.meters import UNITS, UNSPECIFIED, is_cache_write
from llm_finops.core.price import PriceBook
from llm_finops.core.records import ANY, NONE, STANDARD, Price

_COMMITTED = "priority"  # some sell it by commitment: it may be in no line, or in one that names no tier

Why = str


class Booked(NamedTuple):
    """The price in force at the day's start (None: unpriced), and the dearest and cheapest that may have been meant."""

    price: Price | None
    low: int
    high: int
    why: Why  # what is not known, where they differ


def booked(book: PriceBook, model: tuple[str, str], place: Place, day: str, *, tier_untold: bool) -> Booked:
    """The price of a place as `price_usage` takes it, and how far what is not known could move it."""
    start, end = f"{day}T00:00:00Z", f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z"
    tier = NONE if place.service_tier == ANY else place.service_tier
    price = book.find(*model, tier, place.context_band, place.meter, start) if _is_of_unit(place) else None
    if price is None:
        return Booked(None, 0, 0, "")
    found = {price.price_nano: ""}
    for why, other in _others(book, model, place, price, (start, end)):
        if other.currency == price.currency:
            found.setdefault(other.price_nano, why)
    if tier_untold and place.service_tier == _COMMITTED:
        found.setdefault(0, "priority may be paid by commitment")
    return Booked(price, min(found), max(found), next((why for why in found.values() if why), ""))


def _is_of_unit(place: Place) -> bool:
    return UNITS.get(place.meter) == place.unit


def _others(
    book: PriceBook, model: tuple[str, str], place: Place, price: Price, day: tuple[str, str]
) -> Iterator[tuple[Why, Price]]:
    start, end = day
    now: Price | None = price
    while now is not None and now.valid_until < end:
        now = book.find(*model, price.service_tier, place.context_band, place.meter, now.valid_until)
        if now is not None:
            yield "the price changed within the day", now
    if place.context_band in {NONE, ANY} and price.context_band != NONE:
        for other in book.in_force(*model, price.service_tier, place.meter, start):
            yield "the length of context is not told", other
    if place.service_tier in {NONE, ANY}:
        for tier in sorted({row.service_tier for row in book.rows_for([model])} - {STANDARD}):
            if other_tier := book.find(*model, tier, place.context_band, place.meter, start):
                yield "the service tier is not told", other_tier
    if place.meter == UNSPECIFIED:
        for meter in filter(is_cache_write, UNITS):
            if life := book.find(*model, price.service_tier, place.context_band, meter, start):
                yield "the life of cache writes is not told", life
