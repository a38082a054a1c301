"""One model's prices in the catalogue, by tier, context band, meter and time. What is taken and why: catalogue.py."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from llm_finops.core.money import nano_text, round_half_even
from llm_finops.core.price.bands import HIGHEST, LOWEST, band_label
from llm_finops.core.records import BEGINNING, FOREVER, STANDARD

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

# What selects the prices of a tier in the catalogue.
CONTEXTS: dict[str, dict[str, str]] = {
    STANDARD: {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
# Meter -> the catalogue's prices that may apply: the first that it has.
_TOKENS: dict[str, tuple[str, ...]] = {
    "input_uncached": ("input_mtok",),
    "input_cache_read": ("cache_read_mtok", "input_mtok"),
    "input_cache_write": ("cache_write_mtok", "input_mtok"),
    "input_cache_write_5m": ("cache_write_5m_mtok", "cache_write_mtok"),
    "input_cache_write_1h": ("cache_write_1h_mtok",),
    "input_audio": ("input_audio_mtok",),
    "input_image": ("input_image_mtok", "input_mtok"),
    "output": ("output_mtok",),
    "output_audio": ("output_audio_mtok",),
    "output_image": ("output_image_mtok", "output_mtok"),
}
_TOOLS: dict[str, tuple[str, ...]] = {
    "web_search": ("web_searches_kcount",),
    "file_search": ("storage_searches_kcount",),
    "code_execution": ("code_executions_kcount",),
}
_UNTOLD = ("requests_kcount", "output_reasoning_mtok", "output_citation_mtok")
_NANO_A_MILLION = {"_mtok": 10**9, "_kcount": 10**12}


class Span(NamedTuple):
    """A price of a meter and how long it holds, as in records.Price."""

    tier: str
    band: str
    meter: str
    price_nano: int
    valid_from: str
    valid_until: str


_Prices = Mapping[str, "Decimal | TieredPrices"]


def spans(model: "ModelInfo") -> tuple[list[Span], list[str]]:
    """A model's prices over all time, and what had to be rounded; nothing for a model that cannot be told exactly."""
    days = _days(model)
    if days is None:
        return [], []
    ends = [*(f"{day}T00:00:00Z" if day > date.min else BEGINNING for day in days), FOREVER]
    found: dict[tuple[str, str, str], list[Span]] = defaultdict(list)
    rounded: dict[str, None] = {}
    for day, (since, until) in zip(days, pairwise(ends), strict=True):
        for tier, band, meter, price, key in _at(model, day):
            nano, message = _nano(price, key)
            if message:
                rounded[f"{tier} {meter}: {message}"] = None
            kept = found[tier, band, meter]
            if kept and (kept[-1].price_nano, kept[-1].valid_until) == (nano, since):
                kept[-1] = kept[-1]._replace(valid_until=until)
            else:
                kept.append(Span(tier, band, meter, nano, since, until))
    return [span for of in found.values() for span in of], list(rounded)


def _days(model: "ModelInfo") -> list[date] | None:
    """The days a price of the model may change on, the beginning first; None if prices change by the time of day."""
    conditional = model.prices if isinstance(model.prices, list) else []
    constraints = [item.constraint for item in (*conditional, *(model.price_variants or ())) if item.constraint]
    if not all(hasattr(constraint, "start_date") for constraint in constraints):
        return None
    return sorted({date.min, *(constraint.start_date for constraint in constraints)})


def _at(model: "ModelInfo", day: date) -> Iterator[tuple[str, str, str, Decimal, str]]:
    """(tier, band, meter, price, the catalogue's key) of a day."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for tier, context in CONTEXTS.items():
        prices = _known(model.get_prices(at, context))
        named = prices.keys() if tier == STANDARD else _named(model, at, context)
        if named.isdisjoint(prices) or not prices.keys().isdisjoint(_UNTOLD):
            continue
        for meter, key in _keys(prices):
            if key in named or meter in _TOOLS:
                yield from ((tier, band, meter, price, key) for band, price in _bands(prices[key]))


def _known(prices: "ModelPrice") -> _Prices:
    return {key: price for key, price in vars(prices).items() if price is not None}


def _named(model: "ModelInfo", at: datetime, context: Mapping[str, str]) -> set[str]:
    """The keys that the catalogue prices for a tier; it takes the others from the standard one."""
    return {
        key
        for variant in model.price_variants or ()
        if (variant.constraint is None or variant.constraint.active(at)) and variant.when.items() <= context.items()
        for key in _known(variant.prices)
    }


def _keys(prices: _Prices) -> Iterator[tuple[str, str]]:
    """(meter, key of its price) for each meter that has one."""
    has_lives = "cache_write_5m_mtok" in prices or "cache_write_1h_mtok" in prices
    has_images = "input_image_mtok" in prices or "output_image_mtok" in prices
    for meter, keys in (_TOKENS | _TOOLS).items():
        # Where lives differ, a write that does not say its life is the book's matter, not a price of the list.
        if (meter == "input_cache_write" and has_lives) or (meter == "output_image" and not has_images):
            continue
        key = next((key for key in keys if key in prices), None)
        if key:
            yield meter, key


def _bands(price: "Decimal | TieredPrices") -> Iterator[tuple[str, Decimal]]:
    """A price by context band: above a threshold the whole request has the higher one."""
    if isinstance(price, Decimal):
        yield band_label(LOWEST, HIGHEST), price
        return
    starts = [LOWEST, *(tier.start for tier in price.tiers), HIGHEST]
    for (low, high), each in zip(pairwise(starts), (price.base, *(t.price for t in price.tiers)), strict=True):
        yield band_label(low, high), each


@cache
def _nano(price: Decimal, key: str) -> tuple[int, str]:
    """Whole nano-units a million of the unit, and what to say if that is not the price exactly."""
    exact = Fraction(price) * _NANO_A_MILLION["_" + key.rpartition("_")[2]]
    nano = round_half_even(exact.numerator, exact.denominator)
    return nano, "" if exact == nano else f"{price} ({key}) is booked as {nano_text(nano)} a million"
