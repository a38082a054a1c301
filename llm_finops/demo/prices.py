"""What the company pays: list prices, and the discount of its contract, which is renewed every other month.

All prices are whole nano-dollars per million tokens. tokens × price is in *grains*: a nano-dollar is a million of them.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

from llm_finops.demo.company import OPENED
from llm_finops.demo.keys import (
    ANTHROPIC,
    BATCH,
    GPT_4O_MINI,
    GPT_5,
    GPT_5_MINI,
    HAIKU,
    OPENAI,
    OPUS,
    SONNET,
    TIERS,
)

METERS = ("input_uncached", "input_cache_read", "input_cache_write_5m", "input_cache_write_1h", "output")
GRAINS_PER_NANO = 10**6
GRAINS_PER_DOLLAR = 10**15

_LIST: dict[str, dict[str, tuple[int | None, ...]]] = {  # by METERS, in ten-thousandths of a dollar
    OPENAI: {
        GPT_5: (12_500, 1_250, None, None, 100_000),
        GPT_5_MINI: (2_500, 250, None, None, 20_000),
        GPT_4O_MINI: (1_500, 750, None, None, 6_000),
    },
    ANTHROPIC: {
        SONNET: (30_000, 3_000, 37_500, 60_000, 150_000),
        HAIKU: (10_000, 1_000, 12_500, 20_000, 50_000),
        OPUS: (150_000, 15_000, 187_500, 300_000, 750_000),
    },
}
_DISCOUNT = {OPENAI: (4, 7, 5), ANTHROPIC: (6, 10, 8)}  # per cent, by contract period in turn


class PriceRow(NamedTuple):
    """One price of the contract, from a day's start to another's, in nano-dollars per million tokens."""

    provider: str
    model: str
    tier: str
    meter: str
    nano: int
    since: date
    until: date


def list_price(provider: str, model: str, tier: str, meter: str) -> int:
    """The provider's public price; batch is half of it. KeyError for what the company does not use."""
    value = _LIST[provider][model][METERS.index(meter)]
    if value is None:
        raise KeyError((provider, model, meter))
    return value * 100_000 // (2 if tier == BATCH else 1)


@cache
def price(provider: str, model: str, tier: str, meter: str, day: date) -> int:
    """What the company pays on a day (UTC)."""
    discounts = _DISCOUNT[provider]
    off = discounts[_period(day) % len(discounts)]
    return list_price(provider, model, tier, meter) * (100 - off) // 100


def priced_meters(provider: str, model: str) -> tuple[str, ...]:
    """The meters a model is charged by."""
    return tuple(m for m, value in zip(METERS, _LIST[provider][model], strict=True) if value is not None)


def models(provider: str) -> tuple[str, ...]:
    """The models the company uses at a provider."""
    return tuple(_LIST[provider])


def changes(first: date, last: date) -> list[date]:
    """The days at whose start prices change, after `first` and up to `last`."""
    starts = (_start(period) for period in range(_period(first) + 1, _period(last) + 1))
    return list(starts)


def price_rows(last: date) -> Iterator[PriceRow]:
    """The contract from the company's first day to the end of the period after the one `last` is in.

    It starts where the company does, whatever the window, so that a later book only adds rows.
    """
    for period in range(_period(OPENED), _period(last) + 2):
        since, until = _start(period), _start(period + 1)
        for provider, of_models in _LIST.items():
            for model in of_models:
                for tier in TIERS:
                    for meter in priced_meters(provider, model):
                        nano = price(provider, model, tier, meter, since)
                        yield PriceRow(provider, model, tier, meter, nano, since, until)


def _period(day: date) -> int:
    return (day.year * 12 + day.month) // 2  # February and March are one, April and May the next


def _start(period: int) -> date:
    return date(period * 2 // 12, period * 2 % 12, 1) if period % 6 else date(period // 6 - 1, 12, 1)
