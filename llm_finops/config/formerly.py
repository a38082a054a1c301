"""`formerly`: the names a table had before it was renamed, so that its past is not counted beside its present."""

from collections.abc import Iterator, Mapping
from typing import Any

from llm_finops.config.mistakes import inner, shown

FORMERLY = "formerly"
_KINDS = ("providers", "requests", "costs", "revenue")


def formerly_of(tables: Mapping[str, Any]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """{KIND.NAME: former names}, of tables that say so, be it none; and what is wrong with them."""
    found: dict[str, tuple[str, ...]] = {}
    for kind in _KINDS:
        for name, table in inner(tables, kind).items():
            if isinstance(table, dict) and FORMERLY in table:
                given = table[FORMERLY]
                found[f"{kind}.{name}"] = tuple(given) if isinstance(given, list) else (given,)
    return found, list(_mistakes(tables, found))


def without(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table as its own reader knows it."""
    return {key: value for key, value in table.items() if key != FORMERLY}


def _mistakes(tables: Mapping[str, Any], found: Mapping[str, tuple[Any, ...]]) -> Iterator[str]:
    claimed: dict[tuple[str, Any], str] = {}
    for where, names in found.items():
        kind = where.partition(".")[0]
        for old in names:
            if not isinstance(old, str) or not old:
                yield f'{where}.{FORMERLY}: saw {shown(old)}; expected a name, or a list of names, such as "billing"'
            elif old in inner(tables, kind):
                yield f"{where}.{FORMERLY}: saw {shown(old)}, which is the name of [{kind}.{old}]"
            elif (other := claimed.setdefault((kind, old), where)) != where:
                yield f"{where}.{FORMERLY}: saw {shown(old)}, which {other}.{FORMERLY} names already"
