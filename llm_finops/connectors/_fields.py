"""Fields of a provider's answer, read strictly: a field that is gone or of another kind is said, never guessed at."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from llm_finops.core.money import BIGINT

Fields = Mapping[str, Any]
_SHOWN = 80


class Unreadable(Exception):
    """A value that cannot be booked; the message says what was seen."""


def shown(value: object) -> str:
    """A value as a message shows it, cut short."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return repr(text[:_SHOWN] + "...") if len(text) > _SHOWN else repr(text)


def get(fields: Fields, name: str) -> Any:
    """A field that must be there, though it may be null."""
    if name not in fields:
        raise Unreadable(f"schema changed: no {name!r} among {sorted(fields)}")
    return fields[name]


def inner(fields: Fields, name: str) -> Fields:
    """An object within, which must be there."""
    value = get(fields, name)
    if not isinstance(value, dict):
        raise Unreadable(f"schema changed: expected an object in {name!r}, saw {shown(value)}")
    return value


def objects(fields: Fields, name: str) -> list[Fields]:
    """A list of objects, which must be there."""
    value = get(fields, name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unreadable(f"schema changed: expected a list of objects in {name!r}, saw {shown(value)}")
    return value


def flag(fields: Fields, name: str) -> bool:
    """True or false, which must be there."""
    value = get(fields, name)
    if not isinstance(value, bool):
        raise Unreadable(f"schema changed: expected true or false in {name!r}, saw {shown(value)}")
    return value


def text(fields: Fields, name: str) -> str | None:
    """Text that a ledger can hold; None where it is null, empty or not there."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"schema changed: expected text in {name!r}, saw {shown(value)}")
    if value and ("\0" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise Unreadable(f"{name!r} holds text that cannot be stored: {shown(value)}")
    return value or None


def required(fields: Fields, name: str) -> str:
    """Text that must be there and not be empty."""
    value = text(fields, name)
    if value is None:
        raise Unreadable(f"schema changed: expected text in {name!r}, saw {shown(fields.get(name))}")
    return value


def promised(fields: Fields, name: str) -> str | None:
    """Text of a field that must be there, though it may be null: a report grouped by it has it in every row."""
    get(fields, name)
    return text(fields, name)


def count(fields: Fields, name: str) -> int:
    """A quantity that must be there: a whole number of at least 0 that 64 bits hold."""
    value = get(fields, name)
    if isinstance(value, Decimal) and abs(value.adjusted()) < 20 and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable(f"schema changed: expected a whole number in {name!r}, saw {shown(value)}")
    if not 0 <= value <= BIGINT:
        raise Unreadable(f"expected a quantity from 0 to {BIGINT} in {name!r}, saw {value}")
    return value


def count_if_any(fields: Fields, name: str) -> int | None:
    """A quantity that may be null or not there: None then, which is not 0."""
    return None if fields.get(name) is None else count(fields, name)


def instant(fields: Fields, name: str) -> datetime:
    """A moment that must be there: Unix seconds, or RFC 3339 with its zone."""
    value = get(fields, name)
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(value)
    except (ValueError, TypeError, OverflowError, OSError):
        raise Unreadable(f"schema changed: expected a moment in {name!r}, saw {shown(value)}") from None
    if found.tzinfo is None:
        raise Unreadable(f"expected a moment with its time zone in {name!r}, saw {shown(value)}")
    return found.astimezone(UTC)


def day_after(day: str) -> str:
    """The day after, as the ledger writes it."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def unix(day: date) -> int:
    """When a UTC day begins, in Unix seconds."""
    return (day - date(1970, 1, 1)).days * 86_400


def midnight(day: date) -> datetime:
    """When a UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def is_over(day: str, now: datetime) -> bool:
    """Whether a UTC day has ended."""
    return now >= midnight(date.fromisoformat(day)) + timedelta(days=1)


def day_of(fields: Fields, start: str, end: str) -> tuple[str, bool]:
    """The UTC day that two moments span, and whether it was cut short at its end.

    Unreadable unless it starts at a midnight and ends within the same day: a part of a day is never taken for one.
    """
    begins, ends = instant(fields, start), instant(fields, end)
    until = midnight(begins.date()) + timedelta(days=1)
    if begins != midnight(begins.date()) or not begins < ends <= until:
        raise Unreadable(
            f"expected one UTC day from midnight, saw {begins:%Y-%m-%dT%H:%M:%SZ} to {ends:%Y-%m-%dT%H:%M:%SZ}"
        )
    return begins.date().isoformat(), ends < until
