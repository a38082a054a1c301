"""Price: dated prices, contract before list, and what quantities cost by them.

An unknown price (provider, model, tier, meter, at that time) is unpriced and said so: never 0, never another's price.
"""

from llm_finops.core.price.bands import band_bounds, band_label
from llm_finops.core.price.book import PriceBook, is_contract, overlapping
from llm_finops.core.price.cost import list_cost
from llm_finops.core.price.errors import PriceBookError, PriceError, UnknownPrice
from llm_finops.core.price.names import spellings
from llm_finops.core.price.quote import Quote, quote
from llm_finops.core.price.usage import AS_STANDARD, BAND_UNKNOWN, PRICE_CHANGED, UNPRICED, price_usage

__all__ = [
    "AS_STANDARD",
    "BAND_UNKNOWN",
    "PRICE_CHANGED",
    "UNPRICED",
    "PriceBook",
    "PriceBookError",
    "PriceError",
    "Quote",
    "UnknownPrice",
    "band_bounds",
    "band_label",
    "is_contract",
    "list_cost",
    "overlapping",
    "price_usage",
    "quote",
    "spellings",
]
