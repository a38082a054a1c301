"""Margins in the reporting currency, as they were converted at each day's rate."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import CONVERTED_MARGINS
from llm_finops.ledger.queries.money import Margins
from llm_finops.ledger.queries.reader import Reader, whole


def converted_days(reader: Reader, asked: Asked) -> Mapping[str, Margins]:
    """{day: what was converted into the currency asked for}; no filter applies.

    A day is not there where it was not converted, or into another currency, or where a cost has no rate.
    """
    table = CONVERTED_MARGINS.table.c
    sums: list[sa.ColumnElement[Any]] = [sa.func.sum(table[name]) for name in ("cost_nano", "revenue_nano")]
    sums.append(sa.func.count() - sa.func.count(table.revenue_nano))
    sums += [sa.func.sum(table[name]) for name in ("logged_cost_nano", "requests", "operations")]
    sums += [sa.func.count(), sa.func.count() - sa.func.count(table.cost_nano)]
    query = CONVERTED_MARGINS.select(reader, ["day"], sums, asked).where(table.currency == asked.currency)
    rows = sorted((row[0], *map(whole, row[1:])) for row in reader.rows(query))
    return {day: Margins(day, *of) for day, *of, without_rate in rows if not without_rate}
