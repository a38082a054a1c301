"""Prices: what the book says, when that changes, and what the bills imply."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

import sqlalchemy as sa

from llm_finops.core.derived import ImpliedPrice
from llm_finops.core.price import PriceBook, is_contract, spellings
from llm_finops.core.records import BEGINNING, FOREVER, Price
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import IMPLIED_PRICES, PRICED_USAGE
from llm_finops.ledger.queries.reader import Reader
from llm_finops.ledger.schema import FACTS, VERSIONS
from llm_finops.ledger.versions import is_current


class Implied(NamedTuple):
    """What a day's bill charges for a quantity, beside the book (see `ImpliedPrice`)."""

    day: str
    account: str
    price: ImpliedPrice


class PriceChange(NamedTuple):
    """A price that begins, changes or ends; nano-units for a million of the meter's unit, None: there is none."""

    at: str  # the instant, UTC: 2026-11-01T00:00:00Z
    provider: str
    model: str
    service_tier: str
    context_band: str
    meter: str
    currency: str
    before_nano: int | None
    after_nano: int | None
    source: str  # of the price that holds from now on; of one that ends, its own


class PriceSpan(NamedTuple):
    """A price of the book on the days at whose start it holds, as usage is priced; both inclusive."""

    provider: str
    model: str  # as it is used, where the book names a pattern of it
    service_tier: str
    context_band: str
    meter: str
    currency: str
    kind: Literal["contract", "list"]
    first: str
    last: str
    price_nano: int  # for a million of the meter's unit
    source: str


def implied(reader: Reader, asked: Asked) -> tuple[Implied, ...]:
    """By day, account and price, sorted; only provider filters."""
    query = IMPLIED_PRICES.select(reader, ("day", "account", *ImpliedPrice._fields), [], asked, "provider")
    rows = reader.rows(query.where(IMPLIED_PRICES.table.c.currency == asked.currency))
    found = [Implied(row[0], row[1], ImpliedPrice(*row[2:])) for row in rows]
    return tuple(sorted(found, key=lambda row: (row.day, row.account, row.price[:7])))


def price_changes(reader: Reader, first: str, last: str) -> tuple[PriceChange, ...]:
    """The prices, as they hold (contract before list), that change within the period, of the models used in it."""
    used = {
        tuple(row)
        for row in reader.rows(PRICED_USAGE.select(reader, ("provider", "model"), [], Asked(first, last, "")))
    }
    pairs = {(provider, model) for provider, model in used}
    rows = PriceBook(prices_named(reader, pairs)).rows_for(pairs)
    begun = {(*_thing(row), row.valid_from): row for row in rows}
    ended = {(*_thing(row), row.valid_until): row for row in rows}
    found = [
        _change(key[-1], ended.get(key), begun.get(key))
        for key in begun.keys() | ended.keys()
        if key[-1] not in {BEGINNING, FOREVER} and first <= key[-1][:10] <= last
    ]
    return tuple(sorted(found, key=lambda change: change[:7]))


def price_spans(reader: Reader, asked: Asked, models: Collection[tuple[str, str]]) -> tuple[PriceSpan, ...]:
    """What the book says of each (provider, model) on the days of the period, in its currency, sorted.

    Contract and list are both there as far as the book has them: a list price under a contract of the very same name
    is not in the book.
    """
    rows = [row for row in prices_named(reader, models) if row.currency == asked.currency]
    return tuple(sorted(_spans(rows, asked, models)))


def _spans(rows: Collection[Price], asked: Asked, models: Collection[tuple[str, str]]) -> Iterator[PriceSpan]:
    kinds: tuple[tuple[Literal["contract", "list"], bool], ...] = (("contract", True), ("list", False))
    for kind, is_own in kinds:
        for row in PriceBook(row for row in rows if is_contract(row) is is_own).rows_for(models):
            first = max(asked.first, _first_day(row.valid_from))
            last = min(asked.last, str(date.fromisoformat(_first_day(row.valid_until)) - timedelta(days=1)))
            if first <= last:
                yield PriceSpan(*_thing(row), kind, first, last, row.price_nano, row.source)


def _first_day(at: str) -> str:
    """The first day whose start is not before an instant."""
    day = at[:10]
    return day if at == f"{day}T00:00:00Z" else str(date.fromisoformat(day) + timedelta(days=1))


def prices_named(reader: Reader, models: Collection[tuple[str, str]]) -> list[Price]:
    """The booked rows that name one of these (provider, model), or the pattern it is a snapshot of; sorted."""
    names = {(provider, name) for provider, model in models for name in spellings(model)}
    table = FACTS["prices"]
    query = sa.select(*(table.c[name] for name in Price._fields))
    query = query.join(VERSIONS, VERSIONS.c.version_id == table.c.version_id)
    query = query.where(is_current(None), table.c.provider.in_(sorted({provider for provider, _ in models})))
    found = (Price(*row) for row in reader.rows(query))
    return sorted(row for row in found if (row.provider, row.model.lower()) in names)


def _thing(row: Price) -> tuple[str, str, str, str, str, str]:
    return row.provider, row.model, row.service_tier, row.context_band, row.meter, row.currency


def _change(at: str, before: Price | None, after: Price | None) -> PriceChange:
    (row, *_) = [price for price in (after, before) if price]
    nano = [price.price_nano if price else None for price in (before, after)]
    return PriceChange._make((at, *_thing(row), *nano, row.source))
