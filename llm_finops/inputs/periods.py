"""Days and periods as files write them. Periods are half-open; days are UTC days."""

import re
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?\s?(Z|UTC|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_YEARS = range(2000, 2100)
_DAYS_MAX = 3_660
_A_MICROSECOND = timedelta(microseconds=1)


class PeriodError(ValueError):
    """A day or period that cannot be read, or cannot be meant."""


def instant(text: str) -> datetime:
    """An ISO date (its midnight) or date and time; without offset it is UTC. Finer than microseconds is cut off."""
    found = _INSTANT.fullmatch(text.strip())
    try:
        at = _read(*found.groups()) if found else None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise PeriodError(f"expected a date such as 2026-09-01 or 2026-09-01T13:00:00Z, saw {text[:40]!r}")
    if at.year not in _YEARS:
        raise PeriodError(f"expected a year from 2000 to 2099, saw {text[:40]!r}")
    return at


def period(start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """The period from `start` until `end` (exclusive); without an end, the day of the start."""
    if start is None:
        raise PeriodError("no start of the period")
    first = instant(start)
    last = instant(end) if end is not None else datetime.combine(first.date() + timedelta(days=1), time(), UTC)
    if last <= first:
        raise PeriodError(f"a period that ends at or before its start: {start[:40]} to {(end or '')[:40]}")
    if (last - first).days > _DAYS_MAX:
        raise PeriodError(f"a period of {(last - first).days} days: {start[:40]} to {(end or '')[:40]}")
    return first, last


def days_of(start: datetime, end: datetime) -> list[str]:
    """The UTC days that a period touches."""
    first, last = start.date(), (end - _A_MICROSECOND).date()
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def weights(start: datetime, end: datetime) -> list[int]:
    """What each of those days weighs in a split: its part of the period. Whole days weigh the same."""
    first = datetime.combine(start.date(), time(), UTC)
    midnights = [first + timedelta(days=n) for n in range(len(days_of(start, end)) + 1)]
    return [(min(end, after) - max(start, before)) // _A_MICROSECOND for before, after in pairwise(midnights)]


def own_days(start: str | None, end: str | None) -> tuple[str, ...]:
    """The days of a row that is not counted; () where its period cannot be read."""
    try:
        return tuple(days_of(*period(start, end)))
    except PeriodError:
        return ()


def stamp(at: datetime) -> str:
    """An instant as the ledger writes it, 2026-09-01T00:00:00Z."""
    return at.isoformat(timespec="auto").replace("+00:00", "Z")


def day_or_none(text: str | None) -> str:
    """The day a text begins on, or '' where it names none: where a quarantined row is shown."""
    try:
        return instant(text).date().isoformat() if text else ""
    except PeriodError:
        return ""


def _read(day: str, clock: str | None, fraction: str | None, zone: str | None) -> datetime:
    offset = "+00:00" if zone in {None, "Z", "UTC"} else zone
    exact = (fraction or "")[:7] if clock and clock.count(":") == 2 else ""
    return datetime.fromisoformat(f"{day}T{clock or '00:00'}{exact}{offset}").astimezone(UTC)
