"""`[revenue.NAME]`: what customers pay, as CSV, by UTC day; a row for a longer period is spread evenly over it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

from llm_finops.core.money import Money, MoneyError, currency_code, split
from llm_finops.core.records import ALL, ANY, NONE, UNALLOCATED, Finding, Revenue, key_bytes
from llm_finops.inputs.bad_rows import BadRow, placed, ragged
from llm_finops.inputs.files import InputError, contents, read_tables, repeats, stripped
from llm_finops.inputs.overlaps import Overlaps
from llm_finops.inputs.periods import PeriodError, days_of, period, weights

COLUMNS = ("customer", "feature", "amount", "currency", "day", "from", "until")
_REQUIRED = ("customer", "amount", "currency")
_RESERVED = (NONE, ANY, ALL, UNALLOCATED)

Said = Mapping[str, str | None]


@dataclass(slots=True)
class RevenueFiles:
    """What revenue files say.

    `first` and `last` are the days that rows fall on, '' if there are none: between them a customer without a row
    pays nothing, outside them revenue is unknown. `contents` as `files.contents`.
    """

    days: dict[str, list[Revenue]] = field(default_factory=dict)
    quarantined: list[BadRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    first: str = ""
    last: str = ""
    rows: int = 0
    contents: dict[str, str] = field(default_factory=dict)


class _RowError(ValueError):
    """Why a row is not counted, and what was seen."""


def read_revenue(name: str, paths: Sequence[Path], columns: Mapping[str, str] | None = None) -> RevenueFiles:
    """The revenue of all files by day, sorted by row_id; `columns` maps our COLUMNS to the file's.

    A row says its `day`, or `from` and `until` (exclusive); amounts are in major units, and may be negative
    (a refund). Equal rows are all counted. InputError where a file lacks what every row needs.
    """
    theirs = _columns(name, columns or {})
    found = RevenueFiles()
    made: dict[str, list[tuple[bytes, Revenue]]] = defaultdict(list)
    overlaps = Overlaps()
    tables = read_tables(name, paths, [theirs[ours] for ours in _REQUIRED])
    for path, lines, odd in tables.read:
        found.rows += len(lines) + len(odd)
        days: set[str] = set()
        bad = ragged(odd)
        for line in lines:
            said = {ours: line.cells[column] for ours, column in theirs.items() if column in line.cells}
            if "day" not in said and not ("from" in said and "until" in said):
                raise InputError(f"{path}:1: a row needs its day: a column {theirs['day']!r}, or `from` and `until`")
            try:
                spread = list(_spread(said))
            except (_RowError, MoneyError, PeriodError) as error:
                bad.append(_bad(said, str(error), path, line.number))
                continue
            for day, natural, row in spread:
                made[day].append((natural, row))
            on = [day for day, _, _ in spread]
            days.update(on)
            overlaps.note(path, spread[0][1] + key_bytes(tuple(row.amount_nano for _, _, row in spread)), on)
        found.quarantined += placed(bad, days)
    found.days = {day: _identified(name, day, keyed) for day, keyed in sorted(made.items())}
    found.quarantined.sort()
    found.contents = contents(tables)
    found.findings = repeats(min(found.days, default=""), name, tables) + overlaps.findings(name)
    found.first, found.last = min(found.days, default=""), max(found.days, default="")
    return found


def _columns(name: str, columns: Mapping[str, str]) -> dict[str, str]:
    if unknown := sorted(set(columns) - set(COLUMNS)):
        raise InputError(f"revenue.{name}.columns: unknown {unknown[0]!r}; allowed are {', '.join(COLUMNS)}")
    return {**dict(zip(COLUMNS, COLUMNS, strict=True)), **columns}


def _bad(said: Said, reason: str, path: Path, line: int) -> BadRow:
    """What a row that is not counted still says: whose revenue it leaves unknown, and when."""
    customer = said.get("customer")
    try:
        days = tuple(days_of(*_period(said)))
    except (_RowError, PeriodError):
        days = ()
    try:
        currency = currency_code(stripped(said.get("currency")))
    except MoneyError:
        currency = ANY
    known = ANY if customer is None or customer in _RESERVED else customer
    return BadRow(reason, str(path), f"line {line}", days, bool(days), known, currency)


def _spread(said: Said) -> Iterator[tuple[str, bytes, Revenue]]:
    """(day, natural key, row) for each day; the shares add up to the amount, to the last nano."""
    customer, feature = said.get("customer"), said.get("feature") or ALL
    if customer is None or customer in _RESERVED:
        raise _RowError(f"customer {customer!r}; expected the id of a customer")
    if feature in (ANY, UNALLOCATED):
        raise _RowError(f"feature {feature!r}; expected a feature's name, or nothing")
    start, end = _period(said)
    days = days_of(start, end)
    currency = currency_code(stripped(said.get("currency")))
    amount = said.get("amount")
    if amount is None:
        raise _RowError("no amount")
    natural = key_bytes((customer, feature, currency, days[0], days[-1]))
    for day, share in zip(days, split(Money.of(amount, currency).nano, weights(start, end)), strict=True):
        yield day, natural, Revenue("", customer, feature, currency, share)


def _period(said: Said) -> tuple[datetime, datetime]:
    day, start, end = said.get("day"), said.get("from"), said.get("until")
    if day and (start or end):
        raise _RowError("both a day and a period; expected `day`, or `from` and `until`")
    if not day and not (start and end):
        raise _RowError("no day; expected `day`, or `from` and `until`")
    return period(day or start, None if day else end)


def _identified(name: str, day: str, keyed: list[tuple[bytes, Revenue]]) -> list[Revenue]:
    """Rows with an id that stays when amounts are restated: a hash of what they are about, numbered among equals."""
    rows = []
    for natural, equals in groupby(sorted(keyed), key=lambda pair: pair[0]):
        digest = hashlib.sha256(key_bytes((name, day)) + natural).hexdigest()[:32]
        rows += [row._replace(row_id=f"{digest}-{n}") for n, (_, row) in enumerate(equals, start=1)]
    return sorted(rows, key=lambda row: row.row_id)
