"""The European Central Bank's reference rates as it publishes them: one euro is so many units of each currency.

Two forms, told apart by their header: the wide files (`Date, USD, JPY, ...`; `N/A` where a currency had no rate that
day, a comma at the end of each line, the date ISO or `23 November 2026`), and the data portal's SDMX rows (one rate a
row: CURRENCY, CURRENCY_DENOM, TIME_PERIOD, OBS_VALUE). docs/currencies.md says where they are.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from llm_finops.inputs.files import InputError, Line

_EURO = "EUR"
_SDMX = ("FREQ", "CURRENCY", "CURRENCY_DENOM", "TIME_PERIOD", "OBS_VALUE")
# Of the portal's series, the daily reference rates: FREQ=D, EXR_TYPE=SP00 (spot), whole units.
_EXPECTED = {"FREQ": "D", "EXR_TYPE": "SP00", "UNIT_MULT": "0"}
_NO_VALUE = {"H", "L", "M"}  # OBS_STATUS: a holiday, not collected, cannot exist
_MONTHS = "January February March April May June July August September October November December".split()
_LONG = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})", re.ASCII)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

_Cells = tuple[str | None, ...]  # place, date, base, quote, rate


def ecb_cells(path: Path, lines: Sequence[Line], since: str) -> Iterator[_Cells]:
    """(place, date, base, quote, rate) of every rate, as text; whole lines before `since` are passed over.

    InputError where the header is of neither form.
    """
    if not lines:
        return
    columns = {name.strip(): name for name in lines[0].cells}
    if "Date" in columns and len(columns) > 1:
        yield from _wide(columns, lines, since)
    elif set(_SDMX) <= columns.keys():
        yield from _sdmx(lines, since)
    else:
        raise InputError(
            f"{path}:1: not a file of the European Central Bank: expected the columns Date, USD, JPY, ... or "
            f"{', '.join(_SDMX)}, saw {', '.join(list(columns)[:8])}"
        )


def _wide(columns: dict[str, str], lines: Sequence[Line], since: str) -> Iterator[_Cells]:
    quotes = [(code, name) for code, name in columns.items() if code not in {"Date", ""}]
    for line in lines:
        day = _iso(line.cells[columns["Date"]])
        if day is not None and _DAY.fullmatch(day) and day < since:
            continue
        if day is None or not _DAY.fullmatch(day):
            yield str(line.number), day, _EURO, None, None  # told once, not for each currency
            continue
        for code, name in quotes:
            if (text := line.cells[name]) is not None:
                yield f"{line.number} {code}", day, _EURO, code, text.strip()


def _sdmx(lines: Sequence[Line], since: str) -> Iterator[_Cells]:
    for line in lines:
        said = {name: (text or "").strip() for name, text in line.cells.items()}
        day = said["TIME_PERIOD"]
        if said.get("OBS_STATUS") in _NO_VALUE or (_DAY.fullmatch(day) and day < since):
            continue
        other = [f"{name} {said[name]}" for name, text in _EXPECTED.items() if said.get(name, text) not in {text, ""}]
        rate = said["OBS_VALUE"] or None
        yield str(line.number), day, said["CURRENCY_DENOM"], said["CURRENCY"], f"({other[0]})" if other else rate


def _iso(text: str | None) -> str | None:
    """The ISO date of either spelling; anything else as it is, for the reader to refuse."""
    found = _LONG.fullmatch((text or "").strip())
    if found and found[2] in _MONTHS:
        return f"{found[3]}-{_MONTHS.index(found[2]) + 1:02d}-{int(found[1]):02d}"
    return text.strip() if text else None
