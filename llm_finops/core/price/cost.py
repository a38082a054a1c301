"""The one place where quantity times price is rounded."""

from llm_finops.core.money import fits, round_half_even
from llm_finops.core.records import Price

PER = 1_000_000  # prices are for a million of the unit


def list_cost(quantity: int, price: Price) -> int:
    """Whole nano-units for a quantity, rounded once, half-even; MoneyError where 64 bits do not hold it."""
    return fits(round_half_even(quantity * price.price_nano, PER))
