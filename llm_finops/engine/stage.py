"""Every row of some days of a request log, read once into columns of our own, good or bad.

`staged`: staged_row, file, reason and detail (NULL where the row is good), day (days since 1970), moment
(microseconds since then), id, operation, the dimensions, one column a mapped meter, missing. It stands in Parquet
in the scratch folder: smaller than a table, and read again as quickly.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from llm_finops.core.records import NONE
from llm_finops.core.settings import RequestSource
from llm_finops.engine.cells import literal
from llm_finops.engine.contract import Workspace
from llm_finops.engine.mapping import DIMENSIONS, Mapped
from llm_finops.engine.reading import Reading, opened

_EPOCH = date(1970, 1, 1)
_ROW_BITS = 40  # of a staged file; the file's number is above them


def day_number(day: str) -> int:
    """Days since 1970."""
    return (date.fromisoformat(day) - _EPOCH).days


def day_text(number: int) -> str:
    """The ISO date of a day number."""
    return (_EPOCH + timedelta(days=number)).isoformat()


@contextmanager
def staged(
    source: RequestSource,
    files: Sequence[Path],
    workspace: Workspace,
    aliases: Mapping[str, str],
    days: Collection[str],
) -> Iterator[Reading]:
    """Read the files, each once, for their rows of these days; LogFileError if one cannot be read."""
    with opened(source, files, workspace, aliases) as reading:
        numbers = [day_number(day) for day in days]
        parts = []
        for part, relation in enumerate(reading.relations):
            parts.append(reading.scratch / f"{part}.parquet")
            rows = f"select {_written(reading.mapped)} from {{rows}} where day in (select unnest($days::integer[]))"
            reading.over(relation, f"copy ({rows}) to {_name(parts[-1])} (format parquet)", days=numbers)
        reading.rejects()
        reading.connection.execute(_staged(reading.mapped, parts))
        yield reading


def _written(mapped: Mapped) -> str:
    """The columns that stand in Parquet: not those that are the same in every row, which cost as much as others."""
    unsaid = _unsaid(mapped)
    return f"* exclude ({', '.join(unsaid)})" if unsaid else "*"


def _unsaid(mapped: Mapped) -> dict[str, str]:
    """{column: its constant} of what the log does not map; account and provider may still follow from each other."""
    known = {**mapped.theirs, **mapped.constants, "account": "", "provider": ""}
    nothing = {**dict.fromkeys(("id", "operation"), "null"), **dict.fromkeys(DIMENSIONS, literal(NONE))}
    return {name: f"{constant}::varchar" for name, constant in nothing.items() if name not in known}


def _staged(mapped: Mapped, parts: Sequence[Path]) -> str:
    if not parts:
        texts = ", ".join(
            f"{name} varchar" for name in ("reason", "detail", "id", "operation", *DIMENSIONS, *mapped.tag_columns)
        )
        numbers = ", ".join(f"{name} bigint" for name in ("staged_row", "file", "day", "moment", *mapped.meters))
        return f"create table staged ({texts}, {numbers}, missing boolean)"
    unsaid = "".join(f", {constant} as {name}" for name, constant in _unsaid(mapped).items())
    return (
        f"create view staged as select (file_index << {_ROW_BITS}) + file_row_number as staged_row, * "
        f"exclude (file_row_number){unsaid} "
        f"from read_parquet([{', '.join(map(_name, parts))}], file_row_number = true)"
    )


def _name(path: Path) -> str:
    return literal(str(path))
