"""How long to wait before asking again: what the provider asks for, else a capped exponential backoff with jitter."""

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from llm_finops.connectors.contract import Waiting

_SECONDS = re.compile(r"(\d{1,12})(?:\.(\d{0,9}))?", re.ASCII)
_LONGEST_S = 31 * 86_400  # who asks for more is not taken at their word
_SHORTEST_S = 0.05


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer asks us to wait, above 0; None where it does not say, or says nonsense.

    Reads `retry-after-ms`, and `Retry-After` as seconds or as a date in any of the three forms of HTTP; a date is
    held against the answer's own `Date`, so that a wrong clock on either side does not matter. A time that is past,
    negative, not a number or beyond a month is nonsense. Header names are matched without regard to case.
    """
    given = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = _seconds(given.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _sensible(milliseconds / 1000)
    seconds = _seconds(given.get("retry-after", ""))
    if seconds is not None:
        return _sensible(seconds)
    until = _date(given.get("retry-after", ""))
    if until is None:
        return None
    left = (until - (_date(given.get("date", "")) or now)).total_seconds()
    return _sensible(left) if left > 0 else None


def backoff(tries: int, waiting: Waiting, *, busy: bool) -> float:
    """Seconds to wait after so many tries (1, 2, ...): doubling to the cap, then a random half taken off at most."""
    first = waiting.busy_s if busy else waiting.first_s
    longest: float = min(first * 2 ** min(tries - 1, 30), waiting.cap_s)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  (nothing secret: it keeps clients from asking in step)


def _seconds(text: str) -> float | None:
    match = _SECONDS.fullmatch(text)
    return int(match[1]) + int(match[2] or 0) / 10 ** len(match[2] or "") if match else None


def _sensible(seconds: float) -> float | None:
    return max(seconds, _SHORTEST_S) if seconds <= _LONGEST_S else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
