"""The prices that bills part from, each with the first day of its run."""

from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

from llm_finops.core.audit import first_seen
from llm_finops.core.derived import DIFFERS, MATCHED, ImpliedPrice
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import IMPLIED_PRICES
from llm_finops.ledger.queries.prices import implied
from llm_finops.ledger.queries.reader import Reader

_KEYS = 7  # provider, model, tier, band, meter, unit, currency


class Differs(NamedTuple):
    """A price that differs in the period: as the bill of the newest day has it, and since when."""

    account: str
    newest: str
    first: str  # day of the run that ends with the newest; it may be before the period
    matched_on: str | None  # the day before the run on which the bill was last as the book has it; None: never seen
    price: ImpliedPrice


def differing(reader: Reader, asked: Asked) -> tuple[Differs, ...]:
    """By account and price, sorted; only provider filters. A run may begin before the period."""
    newest: dict[tuple[object, ...], str] = {}
    for row in implied(reader, asked):
        if row.price.state == DIFFERS:
            newest[(row.account, *row.price[:_KEYS])] = row.day  # which come in the order of days
    if not newest:
        return ()
    by_account = _history(reader, asked, {str(key[2]) for key in newest})
    found = [
        Differs(account, day, run.day, run.matched_on, run.price)
        for account, day in sorted({(str(key[0]), day) for key, day in newest.items()})
        for run in first_seen(by_account[account], day)
        if newest[(account, *run.price[:_KEYS])] == day
    ]
    return tuple(sorted(found, key=lambda row: (row.account, row.price[:_KEYS])))


def _history(reader: Reader, asked: Asked, models: set[str]) -> dict[str, dict[str, list[ImpliedPrice]]]:
    """{account: {day: what tells}} of some models, up to the end of the period."""
    columns = ("day", "account", *ImpliedPrice._fields)
    query = IMPLIED_PRICES.select(reader, columns, [], replace(asked, first=""), "provider")
    table = IMPLIED_PRICES.table.c
    query = query.where(table.currency == asked.currency, table.model.in_(sorted(models)))
    found: defaultdict[str, defaultdict[str, list[ImpliedPrice]]] = defaultdict(lambda: defaultdict(list))
    for day, account, *row in reader.rows(query.where(table.state.in_([DIFFERS, MATCHED]))):
        found[account][day].append(ImpliedPrice(*row))
    return {account: dict(days) for account, days in found.items()}
