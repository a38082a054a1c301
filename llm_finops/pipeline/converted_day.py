"""A day of the ledger in the reporting currency: every amount converted at its own day's rate, or none at all."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llm_finops.core.convert import Rates, pair_text
from llm_finops.core.currencies import ConvertedMargin
from llm_finops.core.records import NONE, Margin
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.ledger_day import LedgerDay, first_of_history
from llm_finops.pipeline.rates import months_of


@dataclass(frozen=True)
class Conversion:
    """What became of a day: in one currency (`day`), or as it is, for want of the rates of `missing` (USD→EUR)."""

    day: LedgerDay
    rates_of: tuple[str, ...] = ()  # the dates of the rates that its amounts were converted at
    missing: tuple[str, ...] = ()

    @property
    def currency(self) -> str:
        """The one currency; '' where the day is as it is."""
        return self.day.currency if isinstance(self.day, ConvertedDay) else ""


def in_reporting_currency(at: LedgerDay) -> Conversion:
    """The day in the reporting currency of its time, if there is one and every amount of the day has a rate."""
    currency = at.settings.reporting_currency
    if not currency or not at.scopes(d.CONVERTED_MARGINS):
        return Conversion(at)
    day = ConvertedDay(at.ledger, at.day, at.seq, currency)
    codes = {code for (code,) in at.sums("allocations", ("currency",), ("rows",))}
    codes |= {margin.currency for margin in at.margins if margin.cost_nano or margin.revenue_nano}
    found = {code: day.rates.find(code, currency, at.day) for code in sorted(codes)}
    missing = tuple(pair_text(code, currency) for code, rate in found.items() if rate is None)
    # Rows that are not of these rates or this currency are about to be made again.
    if missing or any(row.cost_nano is None or row.currency != currency for row in day.converted):
        return Conversion(at, missing=missing)
    return Conversion(day, tuple(sorted({rate.date for rate in found.values() if rate and rate.date})))


@dataclass(frozen=True)
class ConvertedDay(LedgerDay):
    """The same questions, answered in one currency."""

    currency: str

    @cached_property
    def rates(self) -> Rates:
        """All that the day, and those it is compared with, may be converted at."""
        first, last = months_of(first_of_history(self.day))[0], self.day[:7]
        months = [k.period for k in self.ledger.heads(d.FX_RATES, "*", self.seq) if first <= k.period <= last]
        return Rates(row for month in months for row in self.ledger.read(d.FX_RATES, "*", month, self.seq))

    @cached_property
    def converted(self) -> list[ConvertedMargin]:
        """The margins as they were converted."""
        return self.ledger.read(d.CONVERTED_MARGINS, "*", self.day, self.seq)

    @cached_property
    def margins(self) -> list[Margin]:
        """Every customer and feature; only asked for where every cost is known."""
        return [
            Margin(
                r.customer, r.feature, r.currency, r.revenue_nano, r.cost_nano or 0, r.logged_cost_nano or 0, *r[-2:]
            )
            for r in self.converted
        ]

    @cached_property
    def no_rate(self) -> set[tuple[str, str]]:
        """Nobody: everything has a rate."""
        return set()

    def sums(self, table: str, by: Sequence[str], of: Sequence[str], **where: Any) -> dict[tuple[str, ...], Any]:
        """The sums of the day, over all currencies where one is asked for; money among them is converted."""
        if "currency" not in (*by, *where):
            return super().sums(table, by, of, **where)
        where = {name: value for name, value in where.items() if name != "currency"}
        found: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0] * len(of))
        for (code, *key), values in super().sums(table, ("currency", *by), of, **where).items():
            shown = tuple(self._code(code) if name == "currency" else k for name, k in zip(by, key, strict=True))
            for i, value in enumerate(values):
                found[shown][i] += (self.amount(value, code, self.day) or 0) if of[i].endswith("_nano") else value
        return {key: tuple(values) for key, values in found.items()}

    @cached_property
    def history(self) -> dict[tuple[str, ...], int]:
        """{(day, currency): cost} of the days whose every amount has a rate."""
        found: dict[tuple[str, ...], int] = defaultdict(int)
        for (day, code), nano in super().history.items():
            found[day, self.currency] += self.amount(nano, code, day) or 0
        return {key: nano for key, nano in found.items() if key[0] not in self._unknown}

    @cached_property
    def _unknown(self) -> set[str]:
        plain = LedgerDay(self.ledger, self.day, self.seq).history
        return {day for (day, code), nano in plain.items() if self.amount(nano, code, day) is None}

    def cost(self, day: str, currency: str) -> int | None:
        """A day without a rate is unknown, not 0."""
        return None if day in self._unknown else super().cost(day, currency)

    @cached_property
    def quantiles(self) -> list[tuple[str, int]]:
        """The p95 of all requests, of each log and currency; [] where one of them has no rate."""
        plain = LedgerDay(self.ledger, self.day, self.seq).quantiles
        found = [self.amount(p95, code, self.day) for code, p95 in plain]
        return [(self.currency, p95) for p95 in found if p95 is not None] if None not in found else []

    def amount(self, nano: int, code: str, day: str) -> int | None:
        """An amount in the reporting currency at a day's rate; None where there is none. 0 needs no rate."""
        found = self.rates.find(code, self.currency, day) if nano else None
        return found.convert(nano) if found else (None if nano else 0)

    def _code(self, code: str) -> str:
        return code if code == NONE else self.currency
