"""One row of a log in our columns: the SQL that reads it, and the reasons for which it is not counted."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from llm_finops.core.records import ALL, ANY, NONE, STANDARD, UNALLOCATED
from llm_finops.engine.cells import Cell, lacks_zone, literal, micros, text, whole_number
from llm_finops.engine.mapping import DIMENSIONS, INPUT_TOTAL, UNCACHED, Mapped
from llm_finops.engine.speaking import only_spoken

NO_ZONE = "no zone"
NOT_A_ROW = "not a row of the file"
CONFLICT = "conflict"
_TEXTS = ("id", "operation", *DIMENSIONS)
_MICROS_A_DAY = 86_400_000_000
_RESERVED = ", ".join(literal(word) for word in (ANY, ALL, UNALLOCATED))
_UNSAID_TIERS = ("default", "auto")  # the provider served the standard tier, by either name
_SEEN_MAX = 80


def select_rows(
    mapped: Mapped, relation: str, cells: Mapping[str, Cell], *, by_line: bool
) -> tuple[str, dict[str, Any]]:
    """A query with the columns of `staged`, and its parameters beside $files and $file_numbers."""
    cell = {ours: cells[theirs] for ours, theirs in mapped.theirs.items()}
    values: dict[str, Any] = {f"const_{ours}": value for ours, value in mapped.constants.items() if ours in _TEXTS}
    values |= {f"const_{name}": mapped.constants.get(tag) for name, tag in mapped.tag_columns.items()}
    if mapped.source.time_zone not in {None, "UTC"}:
        values["zone"] = mapped.source.time_zone
    sql = f"""
        with read as (select {", ".join(_reading(mapped, cell, by_line=by_line))} from {relation} as log),
        judged as (select *, {_judge(mapped, cell, by_line=by_line)} as fault from read)
        select $file_numbers[(file_index + 1)::bigint] as file, fault[1] as reason, {_detail()} as detail,
            case when likely(time_micros) is not null then (time_micros // {_MICROS_A_DAY})::integer end as day,
            likely(time_micros) as moment, t_id as id, t_operation as operation,
            {", ".join(f"{sql} as {name}" for name, sql in _placing(mapped, values))}
            {"".join(f", t_{name} as {name}" for name in mapped.tag_columns)}
            {"".join(f", {_meter(mapped, meter)} as {meter}" for meter in mapped.meters)}, {_missing(mapped)} as missing
        from judged left join alias on alias.theirs = judged.t_model"""
    sql = only_spoken(mapped, sql)
    return sql, {name: value for name, value in values.items() if re.search(rf"\${re.escape(name)}\b", sql)}


def _reading(mapped: Mapped, cell: Mapping[str, Cell], *, by_line: bool) -> Iterator[str]:
    """Each cell once: texts as t_, numbers as n_, and as s_ what a cell says that is not a number or time."""
    yield "file_index"
    if by_line:
        yield "whole"
    for ours in _TEXTS:
        if ours in cell:
            yield f"{text(cell[ours])} as t_{ours}"
        else:
            yield f"{f'$const_{ours}' if ours in mapped.constants else 'null'}::varchar as t_{ours}"
    for name, tag in mapped.tag_columns.items():
        yield f"{text(cell[tag]) if tag in cell else f'$const_{name}::varchar'} as t_{name}"
    yield f"{micros(cell['time'], mapped.source.time_zone)} as time_micros"
    yield f"case when likely(time_micros) is null then {text(cell['time'])} end as s_time"
    yield f"{lacks_zone(cell['time'])} as no_zone"
    for ours in _numbers(mapped):
        yield f"{whole_number(cell[ours])} as n_{ours}"
        yield f"case when n_{ours} is null then {text(cell[ours])} end as s_{ours}"


def _numbers(mapped: Mapped) -> list[str]:
    return sorted(ours for ours in mapped.theirs if ours in mapped.meters or ours == INPUT_TOTAL)


def _judge(mapped: Mapped, cell: Mapping[str, Cell], *, by_line: bool) -> str:
    """[reason, what was seen] of the first thing that is wrong, or NULL."""
    faults = [("not whole", "'not JSON'", "''")] if by_line else []
    faults += [
        ("time_micros is null and s_time is null", "'no time'", "''"),
        ("time_micros is null and no_zone", literal(NO_ZONE), "s_time"),
        ("time_micros is null", "'unreadable time'", "s_time"),
        ("likely(time_micros) is null", "'unlikely year'", "s_time"),
    ]
    for ours in _TEXTS:
        if ours in cell:
            faults.append((f"contains(t_{ours}, chr(0))", f"'NUL character in {ours}'", f"t_{ours}"))
            faults.append((f"t_{ours} in ({_RESERVED})", f"'reserved word in {ours}'", f"t_{ours}"))
    faults += [(f"contains(t_{name}, chr(0))", "'NUL character in a tag'", f"t_{name}") for name in mapped.tag_columns]
    faults += [
        (f"s_{ours} is not null", f"'{ours} is not a whole number from 0 to 2^63-1'", f"s_{ours}")
        for ours in _numbers(mapped)
    ]
    if INPUT_TOTAL in mapped.theirs:
        less = f"'{INPUT_TOTAL} is less than its parts'"
        faults.append((f"{_uncached(mapped)} < 0", less, f"n_{INPUT_TOTAL}::varchar"))
    whens = " ".join(f"when {fault} then [{reason}, {seen}]" for fault, reason, seen in faults)
    return f"case when {' or '.join(_suspect(mapped, cell, by_line=by_line))} then case {whens} end end"


def _suspect(mapped: Mapped, cell: Mapping[str, Cell], *, by_line: bool) -> Iterator[str]:
    """Conditions of which one holds wherever something is wrong: so that good rows are asked little."""
    if by_line:
        yield "not whole"
    yield "likely(time_micros) is null"
    for ours in _TEXTS:
        if ours in cell:
            yield f"contains(t_{ours}, chr(0))"
            yield f"t_{ours} between '(' and ')'"  # as every reserved word is
    for ours in _numbers(mapped):
        yield f"s_{ours} is not null"
    if INPUT_TOTAL in mapped.theirs:
        yield f"{_uncached(mapped)} < 0"


def _detail() -> str:
    """The row's id and the cell at fault, short; a NUL is spelt out, as no store of text can hold it."""
    seen = f"left(replace(fault[2], chr(0), '\\0'), {_SEEN_MAX})"
    who = f"case when t_id is null then '' else 'id ' || left(replace(t_id, chr(0), '\\0'), {_SEEN_MAX}) || ': ' end"
    return f"case when fault is not null then {who} || 'saw ' || {seen} end"


def _placing(mapped: Mapped, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(our dimension, its SQL)."""
    account, provider = mapped.sole_account()
    known = {**mapped.theirs, **mapped.constants}
    for name in DIMENSIONS:
        if name == "account" and name not in known:
            values |= {
                "of_provider": list(mapped.source.accounts),
                "its_account": list(mapped.source.accounts.values()),
            }
            values["sole_account"] = account if "provider" not in known else NONE
            yield (
                name,
                "coalesce($its_account[list_position($of_provider::varchar[], t_provider)], $sole_account)::varchar",
            )
        elif name == "provider" and name not in known and "account" in known:
            providers = {**{a: p for p, a in mapped.source.accounts.items()}, **mapped.providers}
            values |= {"of_account": list(providers), "its_provider": list(providers.values())}
            yield name, f"coalesce($its_provider[list_position($of_account::varchar[], t_account)], '{NONE}')::varchar"
        elif name == "provider" and name not in known:
            values["sole_provider"] = provider
            yield name, "$sole_provider::varchar"
        elif name == "model":
            yield name, f"coalesce(alias.ours, t_model, '{NONE}')"
        elif name == "service_tier" and name in known:
            unsaid = ", ".join(literal(tier) for tier in _UNSAID_TIERS)
            yield name, f"case when t_{name} is null or t_{name} in ({unsaid}) then '{STANDARD}' else t_{name} end"
        else:
            yield name, f"coalesce(t_{name}, '{NONE}')"


def _meter(mapped: Mapped, meter: str) -> str:
    if meter == UNCACHED and INPUT_TOTAL in mapped.theirs:
        return f"case when {_uncached(mapped)} >= 0 then ({_uncached(mapped)})::bigint end"
    return f"n_{meter}"


def _uncached(mapped: Mapped) -> str:
    """What is left of the whole input; NULL where the whole is not known. 128 bits: the parts may be anything."""
    return " - ".join([f"n_{INPUT_TOTAL}::hugeint", *(f"coalesce(n_{part}, 0)" for part in mapped.parts)])


def _missing(mapped: Mapped) -> str:
    """Whether a request does not say its input, or its output, at all: an aborted stream, not 0 tokens."""
    if not mapped.inputs and not mapped.outputs:
        return " and ".join(f"n_{meter} is null" for meter in mapped.meters) or "false"
    inputs = [INPUT_TOTAL] if INPUT_TOTAL in mapped.theirs else mapped.inputs
    families = [family for family in (inputs, mapped.outputs) if family]
    return " or ".join(f"({' and '.join(f'n_{meter} is null' for meter in family)})" for family in families)
