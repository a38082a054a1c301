"""`[costs.NAME]`: cost files with FOCUS column names, as cost lines by UTC day. The account is the table's name."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, repeat
from pathlib import Path
from typing import Any

from llm_finops.core.meters import whole
from llm_finops.core.money import Money, MoneyError, currency_code, exact, fits, split
from llm_finops.core.records import (
    ANY,
    CHARGE_CATEGORIES,
    NONE,
    REPORTED,
    USAGE,
    CostLine,
    Finding,
    key_bytes,
)
from llm_finops.inputs.bad_rows import BadRow, placed, ragged
from llm_finops.inputs.files import InputError, Line, contents, read_tables, repeats, stripped
from llm_finops.inputs.overlaps import Overlaps
from llm_finops.inputs.periods import PeriodError, day_or_none, days_of, own_days, period, stamp, weights

# What a file of LLM costs may say beyond FOCUS's columns, by our names.
DIMENSIONS = ("project", "api_key", "model", "service_tier", "context_band", "line_item", "meter")
_FIGURES = ("BilledCost", "EffectiveCost", "ListCost", "ConsumedQuantity")
_PERIOD = ("ChargePeriodStart", "ChargePeriodEnd")
_ABOUT = (
    "BillingCurrency",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ConsumedUnit",
    "ProviderName",
    "ServiceProviderName",
    "ServiceName",
    "SubAccountId",
    "ResourceId",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "Tags",
)
FOCUS = (*_FIGURES, *_PERIOD, *_ABOUT)
_REQUIRED = ("BillingCurrency", "ChargePeriodStart")
UNREADABLE_TAGS = "tags unreadable"

Said = Mapping[str, str | None]  # what a row says, by our names
_Made = defaultdict[str, list[tuple[bytes, CostLine]]]


@dataclass(slots=True)
class CostFiles:
    """What cost files say. `rows` = rows of which lines were made + quarantined; `contents` as `files.contents`."""

    days: dict[str, list[CostLine]] = field(default_factory=dict)
    quarantined: list[BadRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0
    contents: dict[str, str] = field(default_factory=dict)


class _RowError(ValueError):
    """Why a row is not counted, and what was seen."""


def read_costs(name: str, paths: Sequence[Path], columns: Mapping[str, str] | None = None) -> CostFiles:
    """The lines of all files by day, sorted by line_id; a line for a longer period is spread over its days.

    `columns` maps our names (FOCUS's, or DIMENSIONS) to the file's. `amount` is the effective cost where the file
    has one, else the billed; times without offset are UTC, as FOCUS says. Equal rows are all counted: FOCUS has no
    key of a line. InputError where a file lacks what every line needs.
    """
    theirs = _columns(name, columns or {})
    found = CostFiles()
    made: _Made = defaultdict(list)
    overlaps = Overlaps()
    tables = read_tables(name, paths, [theirs[ours] for ours in _REQUIRED])
    for path, lines, odd in tables.read:
        found.rows += len(lines) + len(odd)
        _require_amount(path, theirs, lines)
        days: set[str] = set()
        bad = ragged(odd)
        for line in lines:
            said = {ours: line.cells[column] for ours, column in theirs.items() if column in line.cells}
            try:
                spread = list(_spread(name, said))
                found.findings += _doubts(name, said, path, line.number)
            except (_RowError, MoneyError, PeriodError) as error:
                own = own_days(said.get("ChargePeriodStart"), said.get("ChargePeriodEnd"))
                bad.append(BadRow(str(error), str(path), f"line {line.number}", own, bool(own)))
                continue
            for day, natural, cost in spread:
                made[day].append((natural, cost))
            on = [day for day, _, _ in spread]
            days.update(on)
            overlaps.note(path, spread[0][1] + key_bytes(tuple(cost.amount_nano for _, _, cost in spread)), on)
        found.quarantined += placed(bad, days)
    found.days = {day: _identified(name, day, keyed) for day, keyed in sorted(made.items())}
    found.quarantined.sort()
    found.contents = contents(tables)
    doubled = repeats(min(found.days, default=""), name, tables)
    found.findings = sorted([*found.findings, *doubled, *overlaps.findings(name)])
    return found


def _columns(name: str, columns: Mapping[str, str]) -> dict[str, str]:
    allowed = (*FOCUS, *DIMENSIONS)
    if unknown := sorted(set(columns) - set(allowed)):
        raise InputError(f"costs.{name}.columns: unknown {unknown[0]!r}; allowed are {', '.join(allowed)}")
    return {**dict(zip(FOCUS, FOCUS, strict=True)), **columns}


def _require_amount(path: Path, theirs: Mapping[str, str], lines: Sequence[Line]) -> None:
    amounts = (theirs["EffectiveCost"], theirs["BilledCost"])
    if lines and not any(column in lines[0].cells for column in amounts):
        raise InputError(f"{path}:1: no column {' or '.join(amounts)}; the columns are {', '.join(lines[0].cells)}")


def _spread(name: str, said: Said) -> Iterator[tuple[str, bytes, CostLine]]:
    """(day, natural key, line) for each day of the row; the shares add up to the row, to the last nano."""
    start, end = period(said.get("ChargePeriodStart"), said.get("ChargePeriodEnd"))
    days = days_of(start, end)
    parts_of = weights(start, end)
    currency = currency_code(stripped(said.get("BillingCurrency")))
    text = said.get("EffectiveCost") or said.get("BilledCost")
    if text is None:
        raise _RowError("neither EffectiveCost nor BilledCost says an amount")
    amounts = split(Money.of(text, currency).nano, parts_of)
    billed = split(Money.of(said.get("BilledCost") or text, currency).nano, parts_of)
    listed = said.get("ListCost")
    lists: Any = split(Money.of(listed, currency).nano, parts_of) if listed else repeat(None)
    quantity, unit = _quantity(said)
    parts: Any = split(quantity, parts_of) if quantity is not None else repeat(None)
    natural = key_bytes((stamp(start), stamp(end), *(said.get(ours) for ours in (*_ABOUT, *DIMENSIONS))))
    line = _line(name, said, currency, unit)._replace(
        amount_text=text, period_from=stamp(start), period_until=stamp(end)
    )
    for day, amount, bill, list_cost, part in zip(days, amounts, billed, lists, parts, strict=False):
        money = {"amount_nano": amount, "billed_nano": bill, "provider_list_nano": list_cost, "quantity": part}
        yield day, natural, line._replace(**money)


def _line(name: str, said: Said, currency: str, unit: str | None) -> CostLine:
    """The row as a line, without its figures and period."""
    category = (said.get("ChargeCategory") or USAGE).lower()
    if category not in CHARGE_CATEGORIES:
        raise _RowError(f"charge category {category[:40]!r}; expected {', '.join(CHARGE_CATEGORIES)}")
    return CostLine(
        line_id="",
        account=name,
        provider=said.get("ServiceProviderName") or said.get("ProviderName") or name,
        project=_dimension(said, "project", "SubAccountId"),
        api_key=_dimension(said, "api_key"),
        model=_dimension(said, "model"),
        service_tier=_dimension(said, "service_tier"),
        context_band=_dimension(said, "context_band"),
        line_item=_line_item(said),
        meter=_dimension(said, "meter"),
        quantity=None,
        unit=unit,
        charge_category=category,
        charge_class=said.get("ChargeClass") or NONE,
        basis=REPORTED,
        currency=currency,
        amount_nano=0,
        billed_nano=0,
        provider_list_nano=None,
        amount_text="",
        tags=_tags(said.get("Tags")) or "{}",
        period_from="",
        period_until="",
        invoice_line_id=None,
    )


def _dimension(said: Said, *columns: str) -> str:
    """The first of the columns that the file has: `(none)` where it is empty, `(any)` where there is no such column."""
    for column in columns:
        if column in said:
            return said[column] or NONE
    return ANY


def _line_item(said: Said) -> str:
    """What the line is called: the file's own word, else the service and the description of the charge."""
    about = [part for part in (said.get("ServiceName"), said.get("ChargeDescription")) if part]
    return said.get("line_item") or ": ".join(about) or said.get("SkuMeter") or NONE


def _quantity(said: Said) -> tuple[int | None, str | None]:
    """Consumed quantity as a whole number of its unit, or of a thousandth ... of it."""
    quantity, unit = said.get("ConsumedQuantity"), said.get("ConsumedUnit")
    if quantity is None or unit is None:
        return None, None
    number, named = whole(exact(quantity), unit)
    return fits(number), named


def _tags(text: str | None) -> str | None:
    """Tags as canonical JSON, every value a text; None where they are not a JSON object."""
    try:
        found = json.loads(text or "{}", object_pairs_hook=_without_repeats, parse_float=str, parse_constant=str)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    texts = {
        key: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for key, value in found.items()
    }
    return json.dumps(texts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _doubts(name: str, said: Said, path: Path, line: int) -> list[Finding]:
    if _tags(said.get("Tags")) is not None:
        return []
    day = day_or_none(said.get("ChargePeriodStart"))
    detail = f"{path.name} line {line}: Tags is not a JSON object; the cost is kept, rules by tag do not see it"
    return [Finding(day, name, UNREADABLE_TAGS, "Tags", "rows", 1, detail)]


def _identified(name: str, day: str, keyed: list[tuple[bytes, CostLine]]) -> list[CostLine]:
    """Lines with an id that stays when amounts are restated: a hash of what they are about, numbered among equals."""
    lines = []
    ordered = sorted(keyed, key=lambda pair: (pair[0], key_bytes(tuple(pair[1]))))
    for natural, equals in groupby(ordered, key=lambda pair: pair[0]):
        digest = hashlib.sha256(key_bytes((name, day)) + natural).hexdigest()[:32]
        lines += [line._replace(line_id=f"{digest}-{n}") for n, (_, line) in enumerate(equals, start=1)]
    return sorted(lines, key=lambda line: line.line_id)
