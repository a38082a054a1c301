"""What a picture is made of."""

from dataclasses import dataclass
from typing import Any, NamedTuple

NANO = 10**9
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # the name of the language; nothing is fetched


class Point(NamedTuple):
    """One value of a series at an x: a day, a name, a step. `value` None is a gap: not known is not 0.

    `said` is what is shown (and read aloud) where one points at it.
    """

    x: str
    series: str
    value: float | None
    said: str


@dataclass(frozen=True)
class Chart:
    """A drawing to be made. `says` is its content in a sentence, for whoever does not see it."""

    title: str
    says: str
    spec: dict[str, Any]


def units(nano: int | None) -> float | None:
    """An amount as a height on a picture: the one place where money is a float, and no figure comes back from it."""
    return None if nano is None else nano / NANO
