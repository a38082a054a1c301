"""From an address to what is asked, and back."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from llm_finops.ledger.queries import Asked, Reader, Span, currencies, span

FILTERS = ("provider", "environment", "customer", "feature")
PERIODS = {"7d": "7 days", "30d": "30 days", "90d": "90 days", "month": "This month", "last-month": "Last month"}
_DEFAULT = "30d"
_LONGEST = 800  # days
_TEXT_MAX = 2_000  # of a name, which no source keeps short


class BadAddress(Exception):
    """The address asks for something that cannot be; the message says what was seen and what is expected."""


@dataclass(frozen=True)
class Address:
    """The query of an address, with what it comes to. `period` is '' where days are named."""

    params: Mapping[str, str]
    period: str
    asked: Asked
    span: Span
    currencies: tuple[str, ...]

    def link(self, path: str, /, **changes: str | None) -> str:
        """Another page, or this one otherwise, for the same period and filters; None takes a filter out."""
        kept = {name: self.params.get(name) for name in ("period", "from", "to", "currency", *FILTERS)}
        if {"from", "to"} & changes.keys():
            kept["period"] = None
        if "period" in changes:
            kept |= {"from": None, "to": None}
        found = {name: value for name, value in {**kept, **changes}.items() if value}
        return f"{path}?{urlencode(found)}" if found else path


def address(reader: Reader, params: Mapping[str, str], preferred: str = "USD") -> Address | None:
    """What is asked for; None where the ledger has no day yet. BadAddress for what cannot be read.

    The currency, where none is named, is the `preferred` one if it has cost, as in the day's message; else the one
    with the largest cost.
    """
    there = span(reader)
    if there is None:
        return None
    for name, value in params.items():
        if len(value) > _TEXT_MAX or "\0" in value:
            raise BadAddress(f"{name}: expected at most {_TEXT_MAX:,} characters")
    period, first, last = _period(params, there)
    costs = {row.currency: row.cost_nano for row in currencies(reader, first, last)}
    found = tuple(costs) or (preferred,)
    currency = params.get("currency") or (preferred if costs.get(preferred) else found[0])
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise BadAddress(f"currency={currency}: expected a code of three capitals, such as USD")
    filters = {name: params.get(name) or None for name in FILTERS}
    return Address(params, period, Asked(first, last, currency, **filters), there, found)


def _period(params: Mapping[str, str], there: Span) -> tuple[str, str, str]:
    """(name, first, last): the days named, or the period that ends with the newest day."""
    if params.get("from") or params.get("to"):
        last = _day(params, "to", there.last)
        first = _day(params, "from", str(max(date.fromisoformat(there.first), last - timedelta(days=29))))
        if first > last:
            raise BadAddress(_backwards(params, first, last))
        if (last - first).days >= _LONGEST:
            raise BadAddress(f"from={first}, to={last}: expected at most {_LONGEST} days")
        return "", str(first), str(last)
    period = params.get("period") or _DEFAULT
    if period not in PERIODS:
        raise BadAddress(f"period={period}: expected {', '.join(PERIODS)}, or from= and to=")
    begin, end = _named(period, date.fromisoformat(there.last))
    return period, str(begin), str(end)


def _backwards(params: Mapping[str, str], first: date, last: date) -> str:
    """What is wrong with days of which the last is before the first; of one that nobody named, what stands for it."""
    if not params.get("to"):
        return f"from={first} is after {last}, the newest day of the ledger"
    if not params.get("from"):
        return f"to={last} is before {first}, the first day of the ledger"
    return f"from={first} is after to={last}"


def _named(period: str, newest: date) -> tuple[date, date]:
    if period == "month":
        return newest.replace(day=1), newest
    if period == "last-month":
        last = newest.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    return newest - timedelta(days=int(period[:-1]) - 1), newest


def _day(params: Mapping[str, str], name: str, default: str) -> date:
    text = params.get(name) or default
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or str(found) != text or not 2000 <= found.year <= 2100:
        raise BadAddress(f"{name}={text}: expected a day such as 2026-11-24")
    return found


def before(asked: Asked) -> Asked:
    """The period of the same length before it; of a whole or a begun month, the same days of the month before."""
    first, last = date.fromisoformat(asked.first), date.fromisoformat(asked.last)
    end = first - timedelta(days=1)
    if first.day == 1 and (first.year, first.month) == (last.year, last.month):
        whole = last.day == calendar.monthrange(last.year, last.month)[1]
        start = end.replace(day=1)
        end = end if whole else start.replace(day=min(last.day, end.day))
    else:
        start = first - (last - first) - timedelta(days=1)
    values = {name: getattr(asked, name) for name in ("currency", *FILTERS)}
    return Asked(str(start), str(end), **values)
