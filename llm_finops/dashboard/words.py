"""How values are written on a page and in a file."""

import re

from llm_finops.core.digest.words import UNKNOWN, amount_text, exact_text, percent_text, price_text
from llm_finops.core.money import nano_text
from llm_finops.dashboard.blocks import Column, Raw

__all__ = [
    "UNKNOWN",
    "amount_text",
    "billionths",
    "exact_text",
    "filed",
    "percent_text",
    "price_text",
    "unit_text",
    "written",
]

_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(value: Raw, column: Column, currency: str) -> str:
    """A value as people read it. What is not known says so."""
    if value is None:
        return UNKNOWN
    if isinstance(value, tuple):
        return percent_text(*value)
    if isinstance(value, str):
        return value
    match column.kind:
        case "money":
            return amount_text(value, currency)
        case "exact":
            return exact_text(value, currency)
        case "price":
            return price_text(value, currency)
        case "amount":
            return nano_text(value)
        case _:
            return f"{value:,}"


def filed(value: Raw, column: Column) -> str:
    """A value as a file holds it: amounts in whole units with all their digits, shares as part/whole, '' if unknown.

    A text that a spreadsheet would take for a formula is quoted with an apostrophe.
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        part, whole = value
        return "" if part is None or not whole else f"{part}/{whole}"
    if isinstance(value, str):
        if column.kind not in {"text", "day"}:
            return ""  # a word where a number stands, as "none"
        return f"'{value}" if value.startswith(_FORMULA) else value
    return nano_text(value) if column.kind in {"money", "exact", "price", "amount"} else str(value)


def billionths(amount: int, unit: str) -> int:
    """An amount in billionths of its unit: of a currency it is in nano-units already."""
    return amount if _CURRENCY.fullmatch(unit) else amount * 10**9


def unit_text(amount: int, unit: str) -> str:
    """An amount with its unit: of a currency nano-units, to the last digit; else a count of it."""
    return exact_text(amount, unit) if _CURRENCY.fullmatch(unit) else f"{amount:,} {unit}"
