"""`formerly`: the names a table had before it was renamed, so that its past is not counted beside its present."""

from collections.abc import Mapping
from typing import Any

from llm_finops.config.tables import FinopsToml

FORMERLY = "formerly"
_KINDS = ("providers", "requests", "costs", "revenue")


def formerly_of(tables: FinopsToml) -> dict[str, tuple[str, ...]]:
    """{KIND.NAME: former names}, of tables that say so, be it none.

    ValueError where a former name is in use, or claimed twice.
    """
    found = {}
    for kind in _KINDS:
        named: Mapping[str, Any] = getattr(tables, kind)
        taken = {name: f"[{kind}.{name}]" for name in named}
        for name, table in named.items():
            given = table.get(FORMERLY) if isinstance(table, dict) else table.formerly
            former = _names(f"{kind}.{name}", [] if given is None else given)
            for old in former:
                if old in taken:
                    raise ValueError(f"{kind}.{name}.{FORMERLY}: saw {old!r}, which is the name of {taken[old]}")
                taken[old] = f"{kind}.{name}.{FORMERLY} already"
            if given is not None:
                found[f"{kind}.{name}"] = former
    return found


def _names(where: str, given: Any) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f'{where}.{FORMERLY}: saw {given!r}; expected a name, or a list of names, such as "billing"')
    return tuple(names)
