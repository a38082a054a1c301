"""An account's month, day by day: what the rows of the ladder are made of."""

from collections import Counter
from typing import NamedTuple

import sqlalchemy as sa

from llm_finops.core.records import ESTIMATED, INVOICED, NONE, REPORTED
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import COST_LINES, PRICED_USAGE
from llm_finops.ledger.queries.reader import Reader, known, whole


class AccountDay(NamedTuple):
    """A day of an account in one currency (nano-units); None: there is nothing of the kind, which is not 0."""

    day: str
    list_cost_nano: int | None
    unpriced_rows: int
    estimated_nano: int | None
    reported_nano: int | None  # as the documents show it, taxes and credits with it
    trued_up_nano: int | None
    lines: int


def account_days(reader: Reader, asked: Asked, account: str) -> tuple[AccountDay, ...]:
    """The days that have usage or cost lines, oldest first; only provider filters. They add up to the `ladder`."""
    priced = _priced(reader, asked, account)
    billed, lines = _billed(reader, asked, account)
    return tuple(
        AccountDay(
            day,
            *priced.get(day, (None, 0)),
            billed.get((day, ESTIMATED)),
            billed.get((day, REPORTED)),
            billed.get((day, INVOICED)),
            lines[day],
        )
        for day in sorted({*priced, *lines})
    )


def _billed(reader: Reader, asked: Asked, account: str) -> tuple[dict[tuple[str, str], int], Counter[str]]:
    """({(day, basis): amount}, {day: how many lines})."""
    table = COST_LINES.table.c
    added = [sa.func.sum(table.billed_nano), sa.func.count()]
    query = COST_LINES.select(reader, ("day", "basis"), added, asked, "provider")
    query = query.where(table.currency == asked.currency, table.account == account)
    billed: dict[tuple[str, str], int] = {}
    lines: Counter[str] = Counter()
    for day, basis, nano, rows in reader.rows(query):
        billed[day, basis] = whole(nano)
        lines[day] += whole(rows)
    return billed, lines


def _priced(reader: Reader, asked: Asked, account: str) -> dict[str, tuple[int | None, int]]:
    table = PRICED_USAGE.table.c
    unpriced = sa.func.count() - sa.func.count(table.list_cost_nano)
    query = PRICED_USAGE.select(reader, ("day",), [sa.func.sum(table.list_cost_nano), unpriced], asked, "provider")
    rows = reader.rows(query.where(table.currency.in_([asked.currency, NONE]), table.account == account))
    return {row[0]: (known(row[1]), whole(row[2])) for row in rows}
