"""What the two providers know at a moment: tokens by day and by everything a report may be grouped by."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from llm_finops.demo.keys import PROVIDERS
from llm_finops.demo.prices import METERS
from llm_finops.demo.world import DAY_MS, Request, requests_of, settled_at, visible

WIDTHS_S = {"1m": 60, "1h": 3_600, "1d": 86_400}
LOOK_BACK = timedelta(days=365)

_REQUESTS = len(METERS)  # where a sum counts requests, behind the tokens by meter

Sums = list[int]


class Cell(NamedTuple):
    """The finest grain of a report. `key` None: the provider's console; `user` None: nobody in particular."""

    project: str
    key: str | None
    user: str | None
    model: str
    tier: str


def buckets(start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    """The stretches from start to end (Unix seconds), cut at each full width: the edges may be shorter."""
    while start < end:
        until = min((start // width + 1) * width, end)
        yield start, until
        start = until


def seen(provider: str, start: int, end: int, now: datetime) -> dict[Cell, Sums]:
    """Tokens by meter, and at last requests, within one UTC day, as far as the provider has them by `now`."""
    day = datetime.fromtimestamp(start, UTC).date()
    if end - start == DAY_MS // 1000 and now >= settled_at(provider, day):
        return _settled(day)[provider]
    found: dict[Cell, Sums] = {}
    for request in requests_of(day):
        here = request.stream.provider == provider and start * 1000 <= request.at_ms < end * 1000
        if here and visible(request, now):
            add(found.setdefault(_cell(request), nothing()), _sums(request))
    return found


def nothing() -> Sums:
    """Sums of no requests."""
    return [0] * (_REQUESTS + 1)


def add(total: Sums, more: Sums) -> None:
    """Add sums to a total, in place."""
    for n, value in enumerate(more):
        total[n] += value


def requests_in(sums: Sums) -> int:
    """How many requests the sums are of."""
    return sums[_REQUESTS]


def decimal(whole: int, digits: int) -> str:
    """A whole number of units of 10**-digits as a plain decimal, with as many digits as it needs."""
    sign, text = "-" if whole < 0 else "", str(abs(whole)).rjust(digits + 1, "0")
    return sign + f"{text[:-digits]}.{text[-digits:]}".rstrip("0").rstrip(".")


@lru_cache(maxsize=800)
def _settled(day: date) -> dict[str, dict[Cell, Sums]]:
    found: dict[str, dict[Cell, Sums]] = {provider: {} for provider in PROVIDERS}
    for request in requests_of(day):
        add(found[request.stream.provider].setdefault(_cell(request), nothing()), _sums(request))
    return found


def _cell(request: Request) -> Cell:
    stream = request.stream
    return Cell(stream.project.id, request.key_id, stream.user, request.model, request.tier)


def _sums(request: Request) -> Sums:
    return [*request.tokens, 1]
