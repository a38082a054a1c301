"""Facts of currencies, as rows of the ledger: dated rates, and what was converted at them."""

from typing import NamedTuple


class FxRate(NamedTuple):
    """A dated rate: one unit of `base` is `rate` units of `quote`."""

    source: str  # the NAME of [rates.NAME]
    date: str  # ISO
    base: str
    quote: str
    rate: str  # an exact decimal above 0


class ConvertedMargin(NamedTuple):
    """The margins of a customer and feature in the reporting currency; NULL is not known, never 0."""

    customer: str
    feature: str
    currency: str
    revenue_nano: int | None
    cost_nano: int | None
    logged_cost_nano: int | None
    requests: int
    operations: int
