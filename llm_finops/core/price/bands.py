"""Context bands: a price for requests whose whole input is above the band's low end, up to and with its high end.

`0-200k` holds every input up to 200,000, `200k-` (as well as `200k-1M`) what is above; k is 1,000, M a million.
"""

import re
from functools import cache

from llm_finops.core.price.errors import PriceBookError
from llm_finops.core.records import ANY, NONE

_BAND = re.compile(r"(\d{1,12})(k|M)?-(?:(\d{1,12})(k|M)?)?", re.ASCII)
_SIZES = {"": 1, "k": 1_000, "M": 1_000_000}
LOWEST, HIGHEST = -1, 2**100  # of a request's input; an input of 0 is in the lowest band


@cache
def band_bounds(label: str) -> tuple[int, int]:
    """(low, high) of a price's band, as in low < input <= high; `(none)` holds every input.

    Raises PriceBookError for a label that is no band.
    """
    if label == NONE:
        return LOWEST, HIGHEST
    found = _BAND.fullmatch(label)
    low = int(found[1]) * _SIZES[found[2] or ""] if found else 0
    high = 0 if not found else int(found[3]) * _SIZES[found[4] or ""] if found[3] else HIGHEST
    if low >= high:
        raise PriceBookError(f"expected a context band such as 0-200k, 200k-1M or 200k-, or {NONE}; saw {label[:40]!r}")
    return low or LOWEST, high


@cache
def meets(label: str, usage: str) -> bool:
    """Whether usage of a band, as its provider names it, is priced by a price's band: by the low end of the usage's.

    Usage that names no band meets the lowest; usage of a band that cannot be read meets only a price for all lengths.
    """
    low, high = band_bounds(label)
    try:
        return low <= (LOWEST if usage == ANY else band_bounds(usage)[0]) < high
    except PriceBookError:
        return label == NONE


def holds(label: str, input_total: int) -> bool:
    """Whether a request with so much input is in a price's band."""
    low, high = band_bounds(label)
    return low < input_total <= high


def band_label(low: int, high: int) -> str:
    """The label of a band, as `band_bounds` reads it."""
    if (low, high) == (LOWEST, HIGHEST):
        return NONE
    return f"{_short(max(low, 0))}-{'' if high == HIGHEST else _short(high)}"


def _short(size: int) -> str:
    for suffix in ("M", "k"):
        if size and size % _SIZES[suffix] == 0:
            return f"{size // _SIZES[suffix]}{suffix}"
    return str(size)
