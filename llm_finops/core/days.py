"""UTC days as ISO text: those of a range, and from when on a reading of one is final."""

from datetime import UTC, date, datetime, timedelta


def each_day(first: str, last: str) -> list[str]:
    """The days first..last, both inclusive; none where the last is before the first."""
    start = date.fromisoformat(first)
    return [str(start + timedelta(days=n)) for n in range((date.fromisoformat(last) - start).days + 1)]


def final_at(day: str, settle_hours: int) -> str:
    """From when on a reading of a day is final: so many hours after its end (UTC, 2026-11-24T06:00:00Z)."""
    end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, hours=settle_hours)
    return end.isoformat(timespec="seconds").replace("+00:00", "Z")
