"""`[rates.NAME]`: dated rates of exchange, as CSV with our columns or as the European Central Bank publishes them.

One unit of `base` is `rate` units of `quote`. A rate is an exact decimal above 0, kept as text. A row that says none
is quarantined; two different rates of a pair for one date refuse the source, since nobody can tell which is meant, and
so do a rate and its reverse that are not the same price.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from llm_finops.core.currencies import FxRate
from llm_finops.core.money import MoneyError, currency_code, decimal_text, exact
from llm_finops.inputs.bad_rows import BadRow, placed, ragged
from llm_finops.inputs.ecb import ecb_cells
from llm_finops.inputs.files import InputError, Line, read_tables, stripped

COLUMNS = ("date", "base", "quote", "rate")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_REVERSE_OFF_MAX = Fraction(1, 100)  # of 1: rates are rounded, a pair the wrong way round is far off
_YEARS = range(1999, 2100)  # the euro's first, and a typo


class Cell(NamedTuple):
    """A rate as it is written, and where."""

    place: str
    date: str | None
    base: str | None
    quote: str | None
    rate: str | None


@dataclass(slots=True)
class RateFiles:
    """What the files of a source say: its rates, sorted, and the dates that they begin and end with ('' for none).

    `before` are rates older than was asked for: read, and left out.
    """

    rates: list[FxRate] = field(default_factory=list)
    quarantined: list[BadRow] = field(default_factory=list)
    duplicates: int = 0
    before: int = 0
    first: str = ""
    last: str = ""


def read_rates(
    name: str, paths: Sequence[Path], columns: Mapping[str, str] | None = None, form: str = "csv", since: str = ""
) -> RateFiles:
    """The rates of all files from the date `since` on; files of equal content are read once.

    `form` is "csv" (`columns` maps our COLUMNS to the file's) or "ecb". InputError where a file cannot be read as
    such, where a pair has two different rates for one date, or where no row counts.
    """
    theirs = {**dict(zip(COLUMNS, COLUMNS, strict=True)), **(columns or {})}
    found = RateFiles()
    places: dict[FxRate, str] = {}
    for path, lines, odd in read_tables(name, paths, list(theirs.values()) if form == "csv" else ()).read:
        cells = ecb_cells(path, lines, since) if form == "ecb" else _cells(lines, theirs)
        bad, dates = ragged(odd), set[str]()
        for cell in map(Cell._make, cells):
            try:
                rate = _rate(name, cell)
            except (MoneyError, ValueError) as error:
                bad.append(_bad(cell, str(error), path))
                continue
            if rate.date < since:
                found.before += 1
                continue
            found.duplicates += rate in places
            dates.add(rate.date)
            places[rate] = min(places.get(rate, f"{path}:{cell.place}"), f"{path}:{cell.place}")
        found.quarantined += [row for row in placed(bad, dates) if not row.dated or row.days[0] >= since]
    _refuse_two(places)
    _refuse_reversed(places)
    found.rates, found.quarantined = sorted(places), sorted(found.quarantined)
    if not found.rates:
        raise InputError(f"rates.{name}: {_nothing(found, since)}")
    found.first, found.last = found.rates[0].date, found.rates[-1].date
    return found


def _cells(lines: Sequence[Line], theirs: Mapping[str, str]) -> Iterator[tuple[str | None, ...]]:
    for line in lines:
        yield (str(line.number), *(line.cells[theirs[ours]] for ours in COLUMNS))


def _rate(name: str, cell: Cell) -> FxRate:
    """ValueError saying what is wrong with it."""
    on = stripped(cell.date)
    if _day_of(on) is None:
        raise ValueError(f"expected a date such as 2026-11-23, saw {(on or '')[:40]!r}")
    base, quote = currency_code(stripped(cell.base)), currency_code(stripped(cell.quote))
    if base == quote:
        raise ValueError(f"expected two currencies, saw {base} twice")
    if cell.rate is None:
        raise ValueError(f"no rate of {base} and {quote}")
    rate = exact(cell.rate)
    if rate <= 0:
        raise ValueError(f"expected a rate above 0, saw {cell.rate[:40]!r}")
    return FxRate(name, on or "", base, quote, decimal_text(rate))


def _day_of(text: str | None) -> str | None:
    try:
        known = bool(text) and _DAY.fullmatch(text or "") and date.fromisoformat(text or "").year in _YEARS
    except ValueError:
        return None
    return text if known else None


def _bad(cell: Cell, reason: str, path: Path) -> BadRow:
    on = _day_of(stripped(cell.date))
    return BadRow(reason, str(path), f"line {cell.place}", (on,) if on else (), on is not None)


def _refuse_two(places: Mapping[FxRate, str]) -> None:
    said: dict[tuple[str, str, str], list[FxRate]] = defaultdict(list)
    for rate in places:
        said[rate.date, rate.base, rate.quote].append(rate)
    for (on, base, quote), rates in sorted(said.items()):
        if len(rates) > 1:
            one, other = sorted(rates, key=lambda rate: (places[rate], rate))[:2]
            raise InputError(
                f"{places[other]}: {base}/{quote} of {on} is {other.rate}, but {one.rate} at {places[one]}; a source "
                "has one rate for a pair and a date: drop one of them, or put it into a [rates.NAME] of its own"
            )


def _refuse_reversed(places: Mapping[FxRate, str]) -> None:
    """A pair stands for one date both ways, and the one is not 1 / the other: base and quote are swapped in one row."""
    said = {(rate.date, rate.base, rate.quote): rate for rate in sorted(places)}
    for (on, base, quote), one in said.items():
        other = said.get((on, quote, base))
        if other and base < quote and abs(Fraction(one.rate) * Fraction(other.rate) - 1) > _REVERSE_OFF_MAX:
            raise InputError(
                f"{places[other]}: {quote}/{base} of {on} is {other.rate}, but {base}/{quote} is {one.rate} at "
                f"{places[one]}; expected 1 divided by it, within 1 %: are base and quote swapped? Drop one of them"
            )


def _nothing(found: RateFiles, since: str) -> str:
    """Why there is no rate at all."""
    if found.quarantined:
        first = found.quarantined[0]
        where = f"{first.file} {first.detail}: {first.reason}"
        return f"its files hold no rate that counts, {len(found.quarantined)} rows are quarantined, the first: {where}"
    if found.before:
        return f"its files hold no rate from {since} on, {found.before} before; is the newest file missing?"
    return "its files hold no rate; expected rows of date, base, quote and rate"
