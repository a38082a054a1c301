"""How mistakes in finops.toml are said: all at once, a line each, with the key, what was seen and what is allowed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from llm_finops.config.names import SOURCE_NAMES, is_source_name
from llm_finops.config.spelling import meant
from llm_finops.inputs import costs, invoices, rates, revenue

_SHOWN_MAX = 200
# Known beginnings of keys, a user in an address, or a long run of letters and digits mixed.
_SECRET = re.compile(r"(?i)\b(sk|xox[a-z]|xapp|pk|ghp|glpat|api|key)-|://[^/]*@|(?=\w*\d)(?=\w*[a-z])\w{24,}")
_KEY_AS_NAME = re.compile(r"(?i)(sk|xox[a-z]|xapp|pk|ghp|glpat)-(?=\S*\d)\S{12,}")
_NAMED_TABLES = ("providers", "requests", "costs", "revenue", "invoices", "rates")
_LISTED_TABLES = ("owners", "spread")
_COLUMNS = {
    "costs": (*costs.FOCUS, *costs.DIMENSIONS),
    "revenue": revenue.COLUMNS,
    "invoices": invoices.COLUMNS,
    "rates": rates.COLUMNS,
}


def explained(prefix: str, error: ValidationError, table: Mapping[str, Any]) -> list[str]:
    """What pydantic found in a table that is called `prefix`, '' for the whole file."""
    lines = []
    for mistake in error.errors(include_url=False):
        key = ".".join([*([prefix] if prefix else []), *_place(mistake["loc"], table)])
        if mistake["type"] == "extra_forbidden":
            # Its value is not repeated: it may well be a key that was put here instead of in the environment.
            near = meant(str(mistake["loc"][-1]))
            hint = f"did you mean {near}? " if near else ""
            lines.append(f"{key}: unknown key; {hint}README, 'Configuration' lists the keys")
        elif mistake["type"] == "missing":
            lines.append(f"{key}: missing; it is required")
        elif _is_column(mistake["loc"]):
            lines.append(f'{key}: expected the name of a column, or a constant: {{ const = "..." }}')
        else:
            said = mistake["msg"].removeprefix("Value error, ")
            lines.append(f"{key}: saw {shown(mistake['input'])}; {said}")
    return list(dict.fromkeys(lines))


def _place(loc: tuple[int | str, ...], table: Mapping[str, Any]) -> list[str]:
    """The keys down to a mistake; a rule by its name, and without pydantic's own words for what else it tried."""
    if loc[0] in _LISTED_TABLES and len(loc) > 1:
        listed, at = str(loc[0]), int(loc[1])
        name = table[listed][at].get("name") if isinstance(table[listed][at], dict) else None
        called = shown(name) if isinstance(name, str) and name else f"number {at + 1}"
        return [f"[[{listed}]] {called}", *map(str, loc[2:])]
    return list(map(str, loc[:2] if _is_column(loc) else loc))


def _is_column(loc: tuple[int | str, ...]) -> bool:
    """Whether it is the column of a request log, for which pydantic tries a name and a constant."""
    return loc[0] == "columns" and len(loc) > 2


def shown(value: object) -> str:
    """What was seen, unless it is long or may hold a secret: messages end up in logs."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, str) and _SECRET.search(value):
        return "something that looks like a key (not shown); keys belong in the environment"
    return repr(value)[:_SHOWN_MAX]


def refused(tables: Mapping[str, Any]) -> Iterator[str]:
    """What no type of a single value says: names of tables, columns that no reader knows, aliases of aliases."""
    for kind in _NAMED_TABLES:
        for name, table in inner(tables, kind).items():
            if not is_source_name(name):
                yield f"{kind}: saw the name {shown(name)}; allowed are {SOURCE_NAMES}"
            if kind in _COLUMNS and isinstance(table, dict):
                yield from _columns(f"{kind}.{name}.columns", inner(table, "columns"), _COLUMNS[kind])
    yield from _aliases(inner(tables, "models"))


def keys_for_names(tables: Mapping[str, Any]) -> list[str]:
    """Tables that are called by a key: said first and alone, since every other message would repeat the name."""
    wrong = [kind for kind in _NAMED_TABLES if any(map(_KEY_AS_NAME.match, inner(tables, kind)))]
    return [
        f"{kind}: a table is called by something that looks like a key (not shown); name the account" for kind in wrong
    ]


def inner(tables: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A table within; empty where there is none, or what stands there is none (which pydantic says)."""
    found = tables.get(kind)
    return found if isinstance(found, dict) else {}


def _columns(where: str, columns: Mapping[str, Any], allowed: tuple[str, ...]) -> Iterator[str]:
    for ours, theirs in columns.items():
        if ours not in allowed:
            yield f"{where}: unknown {shown(ours)}; allowed are {', '.join(allowed)}"
        elif theirs == "":
            yield f"{where}.{ours}: saw ''; expected the name of the file's column"


def _aliases(models: Mapping[str, Any]) -> Iterator[str]:
    for alias, name in models.items():
        if not alias.strip() or "*" in alias:
            yield f"models: saw the alias {shown(alias)}; an alias is one name in full, since no * is read here"
        if not isinstance(name, str):
            continue
        if not name.strip() or "*" in name:
            yield f"models.{alias}: saw {shown(name)}; expected the provider's name of one model, in full"
        elif name == alias:
            yield f"models.{alias}: saw {shown(name)}, itself; leave it out"
        elif name in models:
            yield f"models.{alias}: saw {shown(name)}, an alias too; name the provider's model in each"
