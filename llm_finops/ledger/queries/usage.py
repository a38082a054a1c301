"""What providers say was used, and what caching saved. Usage knows no customer: only provider filters."""

from collections import defaultdict
from typing import Any, NamedTuple

import sqlalchemy as sa

from llm_finops.core.money import round_half_even
from llm_finops.core.price import PriceBook
from llm_finops.core.records import NONE
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import PRICED_USAGE
from llm_finops.ledger.queries.prices import prices_named
from llm_finops.ledger.queries.reader import Reader, known, whole

_READ, _WRITE, _UNCACHED = "input_cache_read", "input_cache_write", "input_uncached"
_CACHED = ("day", "provider", "model", "service_tier", "context_band", "meter")


class Metered(NamedTuple):
    """A meter's quantity (of `unit`), and its list cost; what has no known price is in `unpriced` alone."""

    provider: str
    model: str
    service_tier: str
    meter: str
    unit: str
    quantity: int
    list_cost_nano: int | None  # nano-units, of what is priced; None where nothing of it is
    unpriced: int  # of the quantity


class CacheSaving(NamedTuple):
    """A model's cached input: what it costs at list price, and what it would as uncached input.

    None where a price is not known: of a part of it, or of uncached input on a day.
    """

    provider: str
    model: str
    read: int  # tokens read from caches
    written: int  # tokens written to caches
    cached_nano: int | None
    uncached_nano: int | None

    @property
    def saved_nano(self) -> int | None:
        """What reads saved, less the surcharge of writes; negative where caching cost more than it saved."""
        if self.cached_nano is None or self.uncached_nano is None:
            return None
        return self.uncached_nano - self.cached_nano


def meters(reader: Reader, asked: Asked) -> tuple[Metered, ...]:
    """Usage by provider, model, tier, meter and unit, sorted. What is unpriced is counted in every currency."""
    table = PRICED_USAGE.table.c
    unpriced = sa.func.sum(sa.case((table.list_cost_nano.is_(None), table.quantity), else_=0))
    added = [sa.func.sum(table.quantity), sa.func.sum(table.list_cost_nano), unpriced]
    query = PRICED_USAGE.select(reader, Metered._fields[:5], added, asked, "provider")
    rows = reader.rows(query.where(table.currency.in_([asked.currency, NONE])))
    found = [Metered._make((*row[:5], whole(row[5]), known(row[6]), whole(row[7]))) for row in rows]
    return tuple(sorted(found, key=_key))


def _key(row: Metered) -> tuple[str, ...]:
    return row[:5]


def cache_savings(reader: Reader, asked: Asked) -> tuple[CacheSaving, ...]:
    """What caching saved by provider and model, sorted; all at list price (a contract's before the list's).

    saved = (read + written tokens) * price of uncached input - list cost of the reads and the writes, which is:
    reads * (uncached - read price) - writes * (write price - uncached), each day at its own prices (at the day's
    start, as usage is priced), of its tier and context band.
    """
    table = PRICED_USAGE.table.c
    added: list[sa.ColumnElement[Any]] = [sa.func.sum(table.quantity), sa.func.sum(table.list_cost_nano)]
    added += [sa.func.count() - sa.func.count(table.list_cost_nano)]
    is_cached = sa.or_(table.meter == _READ, table.meter.startswith(_WRITE, autoescape=True))
    query = PRICED_USAGE.select(reader, _CACHED, added, asked, "provider")
    rows = reader.rows(query.where(is_cached, table.currency.in_([asked.currency, NONE])))
    book = PriceBook(prices_named(reader, {(row.provider, row.model) for row in rows}))
    by_model: defaultdict[tuple[str, str], list[_Part]] = defaultdict(list)
    for day, provider, model, tier, band, meter, quantity, cost, unpriced in rows:
        price = book.find(provider, model, tier, band, _UNCACHED, f"{day}T00:00:00Z")
        used = whole(quantity)
        uncached = used * price.price_nano if price and price.currency == asked.currency else None
        by_model[provider, model].append(_Part(meter == _READ, used, None if unpriced else whole(cost), uncached))
    return tuple(_saving(key, by_model[key]) for key in sorted(by_model))


class _Part(NamedTuple):
    is_read: bool
    quantity: int
    cached_nano: int | None
    uncached: int | None  # nano-units times a million


def _saving(key: tuple[str, str], parts: list[_Part]) -> CacheSaving:
    read = sum(part.quantity for part in parts if part.is_read)
    written = sum(part.quantity for part in parts if not part.is_read)
    cached = [part.cached_nano for part in parts if part.cached_nano is not None]
    uncached = [part.uncached for part in parts if part.uncached is not None]
    return CacheSaving(
        *key,
        read,
        written,
        whole(sum(cached)) if len(cached) == len(parts) else None,
        whole(round_half_even(sum(uncached), 10**6)) if len(uncached) == len(parts) else None,
    )
