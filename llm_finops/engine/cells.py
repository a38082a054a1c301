"""Cells of a log as SQL expressions: text, whole numbers and moments, strictly, whatever type the file gives them.

A cell that says nothing (NULL, empty, blank) is NULL; a cell that cannot be read is NULL too, and the stage
tells the two apart by looking at the cell itself.
"""

from typing import NamedTuple

from llm_finops.core.money import BIGINT

_DATE_TIME = r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d{1,9})?)?"
_ZONE = r"(Z| UTC|[+-]\d{2}(:?\d{2})?)"

# The seconds of the years 2000 to 2099. No log of model requests is older, and the same range tells epoch
# seconds from milli-, micro- and nanoseconds.
EPOCH_FIRST, EPOCH_END = 946_684_800, 4_102_444_800

# A real number with more digits than these may have been rounded before we saw it.
_WHOLE_REAL = r"0*\d{1,15}[.]0*"
_EXACT_IN_DOUBLE = 2**53

MACROS = rf"""
create macro said(c) as case when c >= '!' then c when trim(c, e' \t\r\n') = '' then null else c end;
create macro whole_of_text(c) as case
    when try_cast(c as bigint)::varchar = c and c not like '-%' then try_cast(c as bigint)
    when regexp_full_match(c, '0*\d{{1,19}}') then try_cast(c as bigint)
    when regexp_full_match(c, '{_WHOLE_REAL}') then try_cast(split_part(c, '.', 1) as bigint) end;
create macro micros_of_epoch(c) as case
    when abs(c) >= {EPOCH_FIRST}000000000 then c // 1000
    when abs(c) >= {EPOCH_FIRST}000000 then c
    when abs(c) >= {EPOCH_FIRST}000 then c * 1000
    else c * 1000000 end;
create macro is_naive(c) as regexp_full_match(c, '{_DATE_TIME}');
create macro micros_of_text(c) as case
    when regexp_full_match(c, '{_DATE_TIME}{_ZONE}') then epoch_us(try_cast(c as timestamptz))
    when regexp_full_match(c, '\d{{9,19}}') then micros_of_epoch(try_cast(c as hugeint))
    when regexp_full_match(c, '\d{{9,10}}[.]\d{{1,9}}')
        then try_cast(split_part(c, '.', 1) as hugeint) * 1000000
            + try_cast(rpad(left(split_part(c, '.', 2), 6), 6, '0') as bigint) end;
create macro likely(c) as case when c >= {EPOCH_FIRST}000000 and c < {EPOCH_END}000000 then c::bigint end;
create macro half_even(c, d) as c // d + case
    when 2 * (c % d) > d or (2 * (c % d) = d and (c // d) % 2 = 1) then 1 else 0 end;
create macro rounded(millionths) as case
    when millionths <= {BIGINT} then half_even(millionths::bigint, 1000000)::hugeint
    else half_even(millionths, 1000000) end;
"""

_INTEGERS = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}
_REALS = {"FLOAT", "DOUBLE"}
_NAIVE = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
TEXT = "VARCHAR"


class Cell(NamedTuple):
    """A column of the log: an SQL expression and the type DuckDB reads it as."""

    sql: str
    type: str


def quoted(name: str) -> str:
    """An identifier; names come from the configuration and from files' headers."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text constant, for the places of a statement where no parameter can stand."""
    return "'" + text.replace("'", "''") + "'"


def text(cell: Cell) -> str:
    """What the cell says, byte for byte; NULL where it is blank."""
    return f"said({cell.sql if cell.type == TEXT else f'cast({cell.sql} as varchar)'})"


def whole_number(cell: Cell) -> str:
    """A whole number of 0 to 2^63-1 as BIGINT; NULL for everything else."""
    c = cell.sql
    if cell.type == TEXT:
        return f"whole_of_text({c})"
    if cell.type in _INTEGERS:
        return f"case when {c} >= 0 then try_cast({c} as bigint) end"
    if cell.type in _REALS:
        # NaN sorts above every number, so the upper bound leaves it out as well.
        return f"case when {c} >= 0 and {c} <= {_EXACT_IN_DOUBLE} and {c} = trunc({c}) then cast({c} as bigint) end"
    if cell.type.startswith("DECIMAL"):
        return f"case when {c} >= 0 and {c} = trunc({c}) then try_cast({c} as bigint) end"
    return "cast(null as bigint)"


def micros(cell: Cell, zone: str | None) -> str:
    """Microseconds since 1970 (UTC), finer digits cut off; NULL where there is no moment to read.

    A time without offset is one only if the source declares its zone ($zone). An hour that the clocks skip
    moves on by one; of an hour that they repeat, the second (standard time) is meant.
    """
    c = cell.sql
    if cell.type == TEXT:
        local = _in_zone(f"try_cast({c} as timestamp)", zone)
        return f"coalesce(micros_of_text({c}), case when is_naive({c}) then {local} end)"
    if cell.type == "TIMESTAMPTZ_NS":  # a cast of nanoseconds rounds, possibly into the next day
        return f"epoch_ns({c}) // 1000"
    if cell.type == "TIMESTAMP_NS":
        return _in_zone(f"make_timestamp(epoch_ns({c}) // 1000)", zone)
    if cell.type == "TIMESTAMP WITH TIME ZONE":
        return f"case when isfinite({c}) then epoch_us({c}) end"
    if cell.type in _NAIVE:
        return f"case when isfinite({c}::timestamp) then {_in_zone(f'{c}::timestamp', zone)} end"
    if cell.type in _INTEGERS:
        return f"micros_of_epoch(try_cast({c} as hugeint))"
    if cell.type in _REALS or cell.type.startswith("DECIMAL"):
        return f"micros_of_text(try_cast(try_cast({c} as decimal(28, 6)) as varchar))"
    return "cast(null as bigint)"


def lacks_zone(cell: Cell) -> str:
    """Whether the cell holds a time of day but not where on Earth."""
    if cell.type in _NAIVE:
        return f"{cell.sql} is not null"
    return f"is_naive({cell.sql})" if cell.type == TEXT else "false"


def _in_zone(timestamp: str, zone: str | None) -> str:
    if zone is None:
        return "cast(null as bigint)"
    return f"epoch_us({timestamp})" if zone == "UTC" else f"epoch_us(timezone($zone, {timestamp}))"
