"""`[prices]`: the company's own prices, as CSV files; they go before any list price within their dates.

Columns `provider, model, service_tier, context_band, meter, price_per_million, currency, from, until`. A price is in
units of its currency for a million of the meter's unit; `from` is inclusive, `until` exclusive, a date or a time with
offset, UTC without; empty is open. An empty tier is standard, an empty band every length of context. A model is spelled
as its provider reports it, or with the letters YYYYMMDD for all its dated snapshots.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from llm_finops.core.meters import UNITS
from llm_finops.core.money import Money, MoneyError, currency_code
from llm_finops.core.price import PriceBookError, band_bounds, band_label, overlapping
from llm_finops.core.records import BEGINNING, FOREVER, NONE, STANDARD, Price
from llm_finops.inputs.files import InputError, Line, read_tables
from llm_finops.inputs.periods import PeriodError, instant, stamp

REQUIRED = ("provider", "model", "meter", "price_per_million", "currency")
OPTIONAL = ("service_tier", "context_band", "from", "until")
_UNSAID_TIERS = {"", "default", "auto", NONE}


class _Place(NamedTuple):
    path: Path
    number: int

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"


class _CellError(ValueError):
    """What is wrong with a row."""


def read_prices(paths: Sequence[Path]) -> list[Price]:
    """The prices of all files, sorted; files of equal content are read once.

    InputError naming file and line for anything that cannot be read: a price that is half understood is worse than
    none. So too for two rows that hold for the same at the same time.
    """
    tables = read_tables("prices", paths, REQUIRED)
    placed: list[tuple[Price, _Place]] = []
    for path, lines, odd in tables.read:
        if odd:
            raise InputError(f"{path}: {odd[0].reason}: {odd[0].detail}; write {', '.join(REQUIRED + OPTIONAL)}")
        _require_columns(path, lines)
        for line in lines:
            try:
                price = _price(f"contract:{path.name}", line)
            except (_CellError, MoneyError, PeriodError, PriceBookError) as error:
                raise InputError(f"{path}:{line.number}: {error}") from error
            placed.append((price, _Place(path, line.number)))
    _refuse_overlaps(placed)
    return sorted(price for price, _ in placed)


def _require_columns(path: Path, lines: Sequence[Line]) -> None:
    # A column that is not known may be a misspelt tier, and would silently make its prices standard ones.
    unknown = sorted({name for line in lines[:1] for name in line.cells} - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise InputError(f"{path}:1: unknown column {unknown[0]!r}; expected {', '.join(REQUIRED + OPTIONAL)}")


def _price(source: str, line: Line) -> Price:
    said = {name: (text or "").strip() for name, text in line.cells.items()}
    for name in REQUIRED:
        if not said[name]:
            raise _CellError(f"{name} is empty; every price needs {', '.join(REQUIRED)}")
    tier, band = said.get("service_tier", "").lower(), said.get("context_band", "")
    since, until = _instant(said.get("from", ""), BEGINNING), _instant(said.get("until", ""), FOREVER)
    if since >= until:
        raise _CellError(f"the price ends at {until}, not after its start, {since}; until is exclusive")
    return Price(
        provider=said["provider"].lower(),
        model=said["model"],
        service_tier=STANDARD if tier in _UNSAID_TIERS else tier,
        context_band=band_label(*band_bounds(band or NONE)),
        meter=_meter(said["meter"]),
        currency=currency_code(said["currency"]),
        price_nano=_nano(said["price_per_million"], said["currency"]),
        valid_from=since,
        valid_until=until,
        source=source,
    )


def _meter(text: str) -> str:
    if text not in UNITS:
        raise _CellError(f"there is no meter {text!r}; prices are for one of {', '.join(UNITS)}")
    return text


def _nano(text: str, currency: str) -> int:
    price = Money.of(text, currency)
    if price.amount < 0:
        raise _CellError(f"expected a price of 0 or more, saw {text}")
    if Money.of_nano(price.nano, currency) != price:
        raise _CellError(f"a price has at most 9 decimals a million, saw {text}")
    return price.nano


def _instant(text: str, otherwise: str) -> str:
    if not text:
        return otherwise
    at = instant(text)
    if at.microsecond:
        raise _CellError(f"expected whole seconds, saw {text}")
    return stamp(at)


def _refuse_overlaps(placed: Sequence[tuple[Price, _Place]]) -> None:
    """InputError naming both lines; equal rows overlap too."""
    places: dict[Price, _Place] = {}
    for price, place in placed:
        if price in places:
            raise InputError(f"{place}: the same price as {places[price]}; drop one")
        places[price] = place
    if two := overlapping(places):
        one, other = sorted(two, key=places.__getitem__)
        raise InputError(
            f"{places[other]}: {other.model} {other.meter} from {other.valid_from} until {other.valid_until} overlaps "
            f"{places[one]}, from {one.valid_from} until {one.valid_until}; end one where the other starts"
        )
