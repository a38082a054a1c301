"""Meters: what is counted, each with its unit. Meters are disjoint: no token is counted in two.

`input_uncached`, the cache reads and the cache writes add up to a request's whole input; reasoning is
part of output. A cost line may name a *family*: `input` is every `input_*`, `output` every `output*`.
"""

from decimal import Decimal

TOKENS = "tokens"

# meter -> unit. A meter that is not here is refused at reading, so that no spelling counts twice.
UNITS: dict[str, str] = {
    "input_uncached": TOKENS,
    "input_cache_read": TOKENS,
    "input_cache_write": TOKENS,  # the life of the cache entry is not said
    "input_cache_write_5m": TOKENS,
    "input_cache_write_30m": TOKENS,
    "input_cache_write_1h": TOKENS,
    "input_cache_write_12h": TOKENS,
    "input_audio": TOKENS,
    "input_image": TOKENS,
    "output": TOKENS,
    "output_audio": TOKENS,
    "output_image": TOKENS,
    "web_search": "requests",
    "code_execution": "requests",
    "session_usage": "sessions",
    "file_search": "requests",
    "code_interpreter": "sessions",
    "images": "images",  # made, of whatever size
    "speech": "characters",  # read aloud
    "transcription": "seconds",  # of sound written down
    "vector_storage": "bytes",  # kept, as the provider says of the day
}

OTHER = "other"  # of a cost line: the provider's label names nothing we know; booked whole
FAMILIES = ("input", "output")
UNSPECIFIED = "input_cache_write"  # stands for every cache write where a source does not say the life

# Units a fractional quantity is expressed in, finest last: 1.5 hours are 1,500 millihours.
_PREFIXES = (("", 0), ("milli", 3), ("micro", 6), ("nano", 9))


def family_of(meter: str) -> str:
    """`input` or `output` for the token meters, else the meter itself."""
    return next((family for family in FAMILIES if meter == family or meter.startswith(family + "_")), meter)


def is_family(meter: str) -> bool:
    """Whether the name stands for several meters."""
    return meter in FAMILIES


def is_cache_write(meter: str) -> bool:
    """Whether the meter counts tokens written to a cache, of whatever life."""
    return meter.startswith(UNSPECIFIED)


def whole(quantity: Decimal, unit: str) -> tuple[int, str]:
    """A quantity as a whole number of its unit, or of a thousandth, millionth ... of it.

    Finer than a billionth is rounded half-even there. Shares of quantities are split in whole units.
    """
    for prefix, digits in _PREFIXES:
        scaled = quantity.scaleb(digits)
        if scaled == scaled.to_integral_value():
            return int(scaled), prefix + unit
    return int(quantity.scaleb(9).to_integral_value()), "nano" + unit
