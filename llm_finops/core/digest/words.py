"""How amounts, changes and names are written in a message.

Numbers are exact integers until they are text. A name is shown so that it stays readable, keeps to its
line, and neither pings, links, formats nor reorders anything around it.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date

from llm_finops.core.money import NANO, Money, round_half_even

NAME_MAX = 32  # characters of a name
MINUS = "\N{MINUS SIGN}"
UNKNOWN = "not known"
NOT_APPLICABLE = "n/a"

_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_MARKS_MAX = 3  # marks on one letter; more only smear over other lines
_OVERRIDES = frozenset("LRO RLO LRE RLE PDF LRI RLI FSI PDI".split())
_BACKTICK = "\N{MODIFIER LETTER GRAVE ACCENT}"  # a real one would end the code span names stand in


def amount_text(nano: int, currency: str) -> str:
    """An amount to its currency's minor unit: $1,234.56, 1,234.56 EUR; three digits where that would say 0."""
    digits = minor_digits(currency)
    if nano and not round_half_even(abs(nano), 10 ** (9 - digits)):
        digits = _significant(nano)
    return _number(nano, digits, currency)


def exact_text(nano: int, currency: str) -> str:
    """An amount to its last digit that is not 0, at least to its minor unit: $1,234.5678."""
    least = minor_digits(currency)
    zeros = next((n for n in range(9 - least, 0, -1) if nano % 10**n == 0), 0)
    return _number(nano, 9 - zeros, currency)


def short_text(nano: int, currency: str) -> str:
    """An amount among others: less than the minor unit is <$0.01, so that a residue widens no column. Not escaped."""
    least = 10 ** (9 - minor_digits(currency))
    if 0 < nano < least:
        return f"<{_number(least, minor_digits(currency), currency)}"
    if -least < nano < 0:
        return f">{_number(-least, minor_digits(currency), currency)}"
    return amount_text(nano, currency)


def price_text(nano: int, currency: str) -> str:
    """The amount of one request: below one unit three significant digits ($0.00312), else as any amount."""
    if abs(nano) >= NANO or nano == 0:
        return amount_text(nano, currency)
    return _number(nano, max(minor_digits(currency), _significant(nano)), currency)


def minor_digits(currency: str) -> int:
    """Decimals of the currency's minor unit: 2 for USD, 0 for JPY."""
    return -int(Money.of_minor(1, currency).amount.as_tuple().exponent)


def change_text(now: int | None, before: int | None, currency: str) -> str:
    """By how much an amount grew or fell, in %; from 0 or through 0, where no percentage tells, what it was."""
    if now is None or before is None:
        return UNKNOWN
    if now == before:
        return "no change"
    if before <= 0 or now < 0:
        return f"was {amount_text(before, currency)}"
    text = percent_text(now - before, before)
    return text if text.startswith(MINUS) else f"+{text}"


def percent_text(part: int | None, whole: int | None) -> str:
    """Part of a whole in %, one decimal; n/a unless the whole is above 0."""
    if part is None or whole is None or whole <= 0:
        return NOT_APPLICABLE
    tenths = round_half_even(abs(part) * 1000, whole)
    sign = MINUS if part < 0 and tenths else ""
    return f"{sign}{tenths // 10:,}.{tenths % 10} %"


def count_text(number: int, noun: str) -> str:
    """A count with its noun: 1 finding, 1,200 findings."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def day_text(day: str) -> str:
    """An ISO date as people say it: Monday 23 November 2026."""
    then = date.fromisoformat(day)
    return f"{_WEEKDAYS[then.weekday()]} {date_text(day)} {then.year}"


def date_text(day: str) -> str:
    """An ISO date within its year: 17 November."""
    then = date.fromisoformat(day)
    return f"{then.day} {_MONTHS[then.month - 1]}"


def weekday_text(day: str) -> str:
    """The weekday of an ISO date."""
    return _WEEKDAYS[date.fromisoformat(day).weekday()]


def escape(text: str) -> str:
    """The three characters Slack parses, as the entities it shows them from."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The text as Slack shows it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def cut(texts: Sequence[str], most: int) -> list[str]:
    """The first texts, and how many more there are."""
    return [*texts[:most], *([f"{len(texts) - most:,} more"] if len(texts) > most else [])]


def shown(name: str, width: int = NAME_MAX) -> str:
    """A name as it stands in a code span: one line, at most `width` characters, escaped.

    Whitespace becomes one space, zero-width characters go, controls and text direction overrides show
    their code point, a long name is cut in the middle (its ends tell names apart).
    """
    text = " ".join(unicodedata.normalize("NFC", name).split())
    text = "".join(_thinned(text)).strip() or "(blank)"
    if len(text) > width:
        head = (width - 1) // 2
        text = f"{text[:head]}…{text[head + 1 - width :]}"
    return escape(text)


def _thinned(text: str) -> list[str]:
    out: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= _MARKS_MAX:
            out.append(_harmless(char))
    return out


def _harmless(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Cc", "Cs", "Co"} or unicodedata.bidirectional(char) in _OVERRIDES:
        return f"[U+{ord(char):04X}]"
    if category == "Cf":
        return ""
    return _BACKTICK if char == "`" else char


def _significant(nano: int) -> int:
    return min(9, 12 - len(str(abs(nano))))


def _number(nano: int, digits: int, currency: str) -> str:
    units = round_half_even(abs(nano), 10 ** (9 - digits))
    whole, rest = divmod(units, 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
    sign = MINUS if nano < 0 and units else ""
    return f"{sign}${text}" if currency == "USD" else f"{sign}{text} {currency}"
