"""Gather a customer's day in the reporting currency, with the rates it was converted at when it was made."""

from collections.abc import Iterable
from typing import NamedTuple

from llm_finops.core.convert import Rates, pair_text
from llm_finops.core.currencies import ConvertedMargin
from llm_finops.ledger import datasets as d
from llm_finops.ledger.ledger import Ledger
from llm_finops.ledger.versions import Key


class Converted(NamedTuple):
    """A customer's sums in one currency (None: a part is not known, or has no rate), and how each pair was found.

    `rates` are (USD→EUR, how: date, direct, inverse or cross), '' where there is none.
    """

    currency: str
    revenue_nano: int | None
    cost_nano: int | None
    rates: tuple[tuple[str, str], ...]


def converted_customer(ledger: Ledger, customer: str, day: str, seq: int | None = None) -> Converted | None:
    """What is booked of the customer's day in the reporting currency; None where nothing is converted.

    Now, or as of a commit.
    """
    version = ledger.heads(d.CONVERTED_MARGINS, "*", seq).get(Key(d.CONVERTED_MARGINS.name, "*", day))
    if version is None:
        return None
    inputs = ledger.inputs(version)
    with ledger.reading() as connection:
        rows = ledger.records(connection, d.CONVERTED_MARGINS, version)
        margins = ledger.records(connection, d.MARGINS, inputs[Key(d.MARGINS.name, "*", day)])
        months = [used for at, used in sorted(inputs.items()) if used and at.dataset == d.FX_RATES.name]
        rates = Rates(rate for used in months for rate in ledger.records(connection, d.FX_RATES, used))
    own = [row for row in rows if row.customer == customer]
    if not own:
        return None
    currency = own[0].currency
    used = sorted({m.currency for m in margins if m.customer == customer and (m.cost_nano or m.revenue_nano)})
    found = [(pair_text(code, currency), rates.find(code, currency, day)) for code in used if code != currency]
    told = tuple((pair, str(rate) if rate else "") for pair, rate in found)
    return Converted(currency, _sum(own, "revenue_nano"), _sum(own, "cost_nano"), told)


def _sum(rows: Iterable[ConvertedMargin], name: str) -> int | None:
    amounts = [getattr(row, name) for row in rows]
    return sum(amounts) if None not in amounts else None
