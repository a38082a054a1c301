"""Figures as Dagster shows them: amounts as text to be read, numbers to be plotted over the days, small tables.

Names from outside are text in all of them: Dagster renders the cells of a table as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg

from llm_finops.core.digest.words import amount_text, percent_text
from llm_finops.core.records import NONE, key_bytes
from llm_finops.pipeline.visible import visible

ROWS_MAX = 10  # of a table; the others are added up in one more

Shown = dict[str, Any]
Cell = str | int
Amounts = Mapping[str, int]  # nano by currency


def money(name: str, amounts: Amounts, otherwise: str = "none") -> Shown:
    """An amount under `name`, and for each currency a number under NAME_CURRENCY that Dagster plots."""
    known = {code: nano for code, nano in sorted(amounts.items()) if code != NONE}
    return {
        name: said(known, otherwise),
        **{f"{name}_{code}": plotted(nano) for code, nano in known.items()},
    }


def said(amounts: Amounts, otherwise: str = "none") -> str:
    """Amounts by currency as text: $31.64, or $31.64 and 4.00 EUR; currencies are never added."""
    texts = [amount_text(nano, code) for code, nano in sorted(amounts.items()) if code != NONE]
    return " and ".join(texts) or otherwise


def plotted(nano: int) -> float:
    """A point of a plot, which takes floats only: made here, at the very edge, and never read back."""
    return float(Decimal(nano).scaleb(-9))


def table(rows: Iterable[Mapping[str, Cell]]) -> dg.TableMetadataValue | None:
    """A small table, its columns those of the first row; None where there is no row."""
    records = [dg.TableRecord({name: _cell(value) for name, value in row.items()}) for row in rows]
    if not records:
        return None
    columns = [
        dg.TableColumn(name, "int" if isinstance(value, int) else "string") for name, value in records[0].data.items()
    ]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def tables(**named: Sequence[Mapping[str, Cell]]) -> Shown:
    """Those of the tables that have a row, by name."""
    made = {name: table(rows) for name, rows in named.items()}
    return {name: found for name, found in made.items() if found is not None}


def by_cost(what: str, costs: Mapping[tuple[str, str], int], *, shares: bool = True) -> list[dict[str, Cell]]:
    """(name, currency) to nano as rows, the most first, with its share of the currency's total."""
    totals = added(costs, 1)
    order = sorted(costs, key=lambda at: (-abs(costs[at]), key_bytes(at)))
    rows: list[dict[str, Cell]] = []
    for name, code in order[:ROWS_MAX]:
        nano = costs[name, code]
        share = {"share": percent_text(nano, totals[code])} if shares else {}
        called = f"(no {what} named)" if name == NONE else name
        rows.append({what: called, "cost": amount_text(nano, code), **share})
    if rest := order[ROWS_MAX:]:
        left = added({at: costs[at] for at in rest}, 1)
        share = {"share": ""} if shares else {}
        rows.append({what: f"and {len(rest):,} more", "cost": said(left), **share})
    return rows


def added(found: Mapping[Any, int], place: int) -> dict[str, int]:
    """Numbers added up by one of the places of their key, a tuple of names."""
    sums: dict[str, int] = {}
    for at, number in found.items():
        sums[at[place]] = sums.get(at[place], 0) + number
    return sums


def _cell(value: Cell) -> Cell:
    return value if isinstance(value, int) else visible(value)
