"""Derived facts, as rows: what follows from a day's facts and is booked beside them, to be charted and asked about."""

from typing import NamedTuple

from llm_finops.core.money import round_half_even

MATCHED, DIFFERS, UNPRICED, NOT_COMPARABLE = PRICE_STATES = ("matched", "differs", "unpriced", "not_comparable")


class ImpliedPrice(NamedTuple):
    """What the bill charges for a quantity, beside the price book; `(any)` where one charge is for several.

    `implied_price_nano` is for a million of the unit, rounded half-even; NULL where 64 bits do not hold it.
    """

    provider: str
    model: str
    service_tier: str
    context_band: str
    meter: str  # or a family, or (any)
    unit: str
    currency: str
    quantity: int
    billed_nano: int
    expected_nano: int | None  # the quantity at the book's price, contract before list; NULL where it has none
    implied_price_nano: int | None
    list_price_nano: int | None  # NULL: not known, or several, or hidden by a contract price
    contract_price_nano: int | None
    state: str  # matched | differs | unpriced | not_comparable
    reason: str  # why it differs or cannot be compared; (none)

    @property
    def expected_price_nano(self) -> int | None:
        """The book's price a million, in the mix of what was charged; None where it has none."""
        if self.expected_nano is None or self.quantity <= 0:
            return None
        return round_half_even(self.expected_nano * 10**6, self.quantity)


PRODUCTIVE, FAILED, RETRIED, EARLIER, UNKNOWN = OUTCOMES = ("productive", "failed", "retried", "earlier", "unknown")


class RequestCost(NamedTuple):
    """Of the cost that request logs gave to a customer and feature, the part of the requests that came to one end.

    The parts of a customer, feature and currency add up to `logged_cost_nano` and `requests` of its margins row.
    """

    customer: str
    feature: str
    currency: str
    outcome: str  # productive | failed (for good) | retried (failed, a later one followed) | earlier | unknown
    requests: int
    cost_nano: int
