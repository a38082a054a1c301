"""Prices as segments: for a (provider, model, tier), a span of time and a band of input, every meter's price.

So a request meets at most one row, whatever number of meters it has.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from llm_finops.core.meters import family_of
from llm_finops.core.price import PriceBookError, bands
from llm_finops.core.records import NONE, Price
from llm_finops.engine.contract import EngineError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Segment(NamedTuple):
    """Where the prices of all meters stand still. Both ends of input as in low < input <= high."""

    provider: str
    model: str
    tier: str
    from_micros: int  # inclusive
    until_micros: int  # exclusive
    low: int
    high: int
    band: str
    currency: str
    prices: tuple[int | None, ...]  # nano per million of the unit, in the order of the meters asked for


class _Bounded(NamedTuple):
    price: Price
    from_micros: int
    until_micros: int
    low: int
    high: int

    def holds(self, micros: int, above: int) -> bool:
        return self.from_micros <= micros < self.until_micros and self.low <= above < self.high


def segments(prices: Iterable[Price], meters: Sequence[str]) -> list[Segment]:
    """The prices of these meters as segments; EngineError where two prices hold for one meter at one time."""
    rows: dict[tuple[str, str, str], list[_Bounded]] = defaultdict(list)
    for price in prices:
        if price.meter in meters:
            rows[price.provider, price.model, price.service_tier].append(_bounded(price))
    return [segment for key in sorted(rows) for segment in _of_one(key, rows[key], meters)]


def band_bounds(label: str) -> tuple[int, int]:
    """(low, high) of a price's band, as `core.price` reads it; EngineError for a label that is no band."""
    try:
        return bands.band_bounds(label)
    except PriceBookError as error:
        example = f"expected {NONE}, or such as 0-200k, 200k-1M, 200k-"
        raise EngineError(f"a price has the context band {label[:40]!r}; {example}") from error


def micros(instant: str) -> int:
    """Microseconds since 1970 of a UTC instant such as 2026-01-01T00:00:00Z."""
    return (datetime.fromisoformat(instant).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _bounded(price: Price) -> _Bounded:
    return _Bounded(price, micros(price.valid_from), micros(price.valid_until), *band_bounds(price.context_band))


def _of_one(key: tuple[str, str, str], rows: Sequence[_Bounded], meters: Sequence[str]) -> Iterable[Segment]:
    moments = sorted({row.from_micros for row in rows} | {row.until_micros for row in rows})
    ends = sorted({row.low for row in rows} | {row.high for row in rows})
    for start, end in pairwise(moments):
        for low, high in pairwise(ends):
            inside = [row.price for row in rows if row.holds(start, low)]
            if inside:
                by_meter = _by_meter(inside)
                lead = by_meter[min(by_meter, key=_rank)]
                # A request is booked in one currency; what is priced in another is left unpriced, loudly.
                one = {m: p.price_nano for m, p in by_meter.items() if p.currency == lead.currency}
                found = tuple(one.get(meter) for meter in meters)
                yield Segment(*key, start, end, low, high, lead.context_band, lead.currency, found)


def _by_meter(prices: Iterable[Price]) -> dict[str, Price]:
    found: dict[str, Price] = {}
    for price in prices:
        other = found.setdefault(price.meter, price)
        if other is not price:
            raise EngineError(
                f"two prices hold at once for {price.provider} {price.model} {price.service_tier} {price.meter}: "
                f"{other.source} from {other.valid_from} and {price.source} from {price.valid_from}; resolve them first"
            )
    return found


def _rank(meter: str) -> tuple[bool, bytes]:
    """The meter whose band and currency a request is booked under: input first, uncached before cached by name."""
    return family_of(meter) != "input" or meter != "input_uncached", meter.encode()
