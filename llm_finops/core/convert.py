"""Convert: a day's margins in the reporting currency, at dated rates, exactly; without a rate nothing is added up.

The sum of the converted rows of a currency is the conversion of their sum: it is rounded once, half-even, and the
rows get their parts of it by largest remainder.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from llm_finops.core.currencies import ConvertedMargin, FxRate
from llm_finops.core.money import fits, nano_text, round_half_even
from llm_finops.core.records import ALL, Finding, Margin, key_bytes

DAYS_MAX = 7  # no rate is published on weekends and holidays; Easter and New Year leave gaps of up to five days
NO_RATE = "no rate"

_FIGURES = ("revenue_nano", "cost_nano", "logged_cost_nano")
_WORDS = {"revenue_nano": "revenue", "cost_nano": "cost"}  # the cost found by request log is part of the cost


@dataclass(frozen=True, slots=True)
class Found:
    """The rate from one currency to another on a day, and the published rates it was made of: one, or two by a cross.

    `via` is the currency a cross leads through, else ''.
    """

    rate: Fraction
    steps: tuple[FxRate, ...]
    how: str  # direct | inverse | cross
    via: str = ""

    @property
    def date(self) -> str:
        """The date of the rate; of a cross, that of the older one."""
        return min((step.date for step in self.steps), default="")

    def convert(self, nano: int) -> int:
        """The amount in the other currency, rounded half-even once."""
        return fits(round_half_even(nano * self.rate.numerator, self.rate.denominator))

    def __str__(self) -> str:
        quoted = ", ".join(f"1 {s.base} = {s.rate} {s.quote} ({s.source}, {s.date})" for s in self.steps)
        return f"{self.how} via {self.via}: {quoted}" if self.via else f"{self.how}: {quoted}"


_SAME = Found(Fraction(1), (), "same currency")


class Rates:
    """Dated rates, by pair. The rate in force on a day is the newest on or before it, at most DAYS_MAX days old."""

    def __init__(self, rows: Iterable[FxRate]) -> None:
        self._pairs: defaultdict[frozenset[str], list[FxRate]] = defaultdict(list)
        for row in rows:
            self._pairs[frozenset((row.base, row.quote))].append(row)

    def find(self, base: str, quote: str, day: str) -> Found | None:
        """The rate of `quote` units for one `base` on a day; None where there is none.

        Of the sources that have the pair in force the first by name; of it the newest rate, direct before inverse.
        Where no source has the pair, a cross through one currency: the one whose older rate is newest, then by name.
        """
        if base == quote:
            return _SAME
        if found := self._pair(base, quote, day):
            return found
        currencies = {code for pair in self._pairs for code in pair} - {base, quote}
        crosses = [cross for via in sorted(currencies) if (cross := self._cross(base, via, quote, day))]
        return max(crosses, key=lambda cross: cross.date, default=None)  # of equals the first

    def _pair(self, base: str, quote: str, day: str) -> Found | None:
        oldest = str(date.fromisoformat(day) - timedelta(days=DAYS_MAX))
        rows = [row for row in self._pairs.get(frozenset((base, quote)), ()) if oldest <= row.date <= day]
        if not rows:
            return None
        source = min(row.source for row in rows)
        best = max((row for row in rows if row.source == source), key=lambda row: (row.date, row.base == base))
        if best.base == base:
            return Found(Fraction(best.rate), (best,), "direct")
        return Found(1 / Fraction(best.rate), (best,), "inverse")

    def _cross(self, base: str, via: str, quote: str, day: str) -> Found | None:
        one, other = self._pair(base, via, day), self._pair(via, quote, day)
        if one is None or other is None:
            return None
        return Found(one.rate * other.rate, (*one.steps, *other.steps), "cross", via)


def convert_margins(
    day: str,
    margins: Iterable[Margin],
    rates: Rates,
    currency: str,
    paid_elsewhere: Collection[tuple[str, str]] = (),
) -> tuple[list[ConvertedMargin], list[Finding]]:
    """One row a customer and feature in `currency`, of all its rows in whatever currency; amounts in nano-units.

    A figure is NULL where a part of it is not known or has no rate; that is told once a currency and figure, with the
    amount that is left out. An amount of 0 needs no rate. `paid_elsewhere` are the (customer, currency) whose revenue
    is NULL only because all of it is in other currencies: here it is 0. MoneyError where an amount does not fit.
    """
    rows = sorted((_known(row, paid_elsewhere) for row in margins), key=key_bytes)
    found: dict[str, Found | None] = {
        code: rates.find(code, currency, day) for code in sorted({r.currency for r in rows})
    }
    parts: dict[tuple[str, str], list[tuple[Margin, list[int | None]]]] = defaultdict(list)
    for code, rate in found.items():
        of = [row for row in rows if row.currency == code]
        columns = [_converted([getattr(row, name) for row in of], rate) for name in _FIGURES]
        for row, *figures in zip(of, *columns, strict=True):
            parts[row.customer, row.feature].append((row, figures))
    made = [_row(key, currency, of) for key, of in parts.items()]
    return sorted(made, key=key_bytes), _findings(day, rows, found, currency)


def _known(row: Margin, paid_elsewhere: Collection[tuple[str, str]]) -> Margin:
    if row.revenue_nano is None and (row.customer, row.currency) in paid_elsewhere:
        return row._replace(revenue_nano=0)
    return row


def _converted(amounts: Sequence[int | None], rate: Found | None) -> list[int | None]:
    """Each amount converted; unknown stays unknown, 0 stays 0, and without a rate all else is unknown."""
    if rate is None:
        return [0 if amount == 0 else None for amount in amounts]
    parts = iter(_parts([amount for amount in amounts if amount is not None], rate))
    return [None if amount is None else next(parts) for amount in amounts]


def _parts(amounts: Sequence[int], rate: Found) -> list[int]:
    """The amounts' parts of their converted sum, each within one nano-unit of its own conversion.

    Rounded down first; what is missing goes, one unit each, to the largest remainders, of equals to the earlier.
    Amounts of 0 leave no remainder and get none.
    """
    up, down = rate.rate.numerator, rate.rate.denominator
    halves = [divmod(amount * up, down) for amount in amounts]
    shares = [share for share, _ in halves]
    missing = round_half_even(sum(amounts) * up, down) - sum(shares)
    for i in sorted(range(len(halves)), key=lambda i: -halves[i][1])[:missing]:
        shares[i] += 1
    return [fits(share) for share in shares]


def _row(key: tuple[str, str], currency: str, parts: Sequence[tuple[Margin, Sequence[int | None]]]) -> ConvertedMargin:
    revenue, cost, logged = (_sum([figures[i] for _, figures in parts]) for i in range(len(_FIGURES)))
    requests, operations = sum(row.requests for row, _ in parts), sum(row.operations for row, _ in parts)
    return ConvertedMargin(*key, currency, revenue, cost, logged, requests, operations)


def _sum(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return fits(sum(known)) if len(known) == len(amounts) else None


def _findings(day: str, rows: Iterable[Margin], found: Mapping[str, Found | None], currency: str) -> list[Finding]:
    left: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        for name in _WORDS:
            if found[row.currency] is None and getattr(row, name):
                left[row.currency, name].append(getattr(row, name))
    return sorted(
        Finding(
            day, ALL, NO_RATE, pair_text(code, currency), code, fits(sum(amounts)), _missing(day, code, name, amounts)
        )
        for (code, name), amounts in left.items()
    )


def _missing(day: str, code: str, name: str, amounts: Sequence[int]) -> str:
    oldest = date.fromisoformat(day) - timedelta(days=DAYS_MAX)
    return (
        f"{_WORDS[name]} of {nano_text(sum(amounts))} {code} is not added up: no rate of {oldest} to {day}, by itself "
        "or through another currency; add one to a [rates.NAME]"
    )


def pair_text(base: str, quote: str) -> str:
    """From a currency to another: USD→EUR."""
    return f"{base}→{quote}"
