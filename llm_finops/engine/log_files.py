"""The files of a request log: Parquet, CSV, JSON lines. Files that are read alike form one relation.

Nothing is sniffed: Parquet says its types; of text every column is text, and the cells are read by us.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, cast

import duckdb

from llm_finops.engine.cells import TEXT, Cell, literal, quoted
from llm_finops.engine.contract import LogFileError

Kind = Literal["parquet", "csv", "jsonl"]

_KINDS: dict[str, Kind] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
    ".ndjson.gz": "jsonl",
}
_DELIMITERS = (",", ";", "\t", "|")
_HEADER_BYTES = 1 << 20
_LINE_BYTES = 1 << 22  # longer lines are quarantined; the reader's buffers grow with this

# How exporters of CSV spell "nothing". Parquet and JSON have a null of their own, so there these are text.
_NOTHING = "['', 'NULL', 'null', 'None', 'N/A']"


class Shape(NamedTuple):
    """What makes two files readable in one go."""

    kind: Kind
    columns: tuple[Cell, ...]  # their name, type
    delimiter: str = ""
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Relation:
    """Files of one shape. `sql` is what follows FROM, with the paths as $files; it has `file_index`."""

    shape: Shape
    files: tuple[Path, ...]
    sql: str
    cells: dict[str, Cell]

    @property
    def parameters(self) -> dict[str, Any]:
        """The paths, for $files."""
        return {"files": [str(path) for path in self.files]}


def relations(
    connection: duckdb.DuckDBPyConnection, source: str, files: Iterable[Path], columns: Sequence[str]
) -> list[Relation]:
    """The files as relations that have all the columns; LogFileError names a file that has not, or is unreadable."""
    shapes: dict[Shape, list[Path]] = {}
    for path in files:
        if _is_empty(path):
            continue
        shapes.setdefault(_shape(connection, source, path, columns), []).append(path)
    return [_relation(shape, tuple(paths), columns) for shape, paths in shapes.items()]


def _is_empty(path: Path) -> bool:
    """Whether a text file holds nothing at all, not even a header: no rows. Parquet is never empty."""
    try:
        if path.name.lower().endswith(".parquet"):
            return False
        with _opened(path) as stream:
            return not stream.read(1)
    except (OSError, EOFError):
        return False  # whoever reads it says why it cannot be read


def _shape(connection: duckdb.DuckDBPyConnection, source: str, path: Path, columns: Sequence[str]) -> Shape:
    kind = next((kind for suffix, kind in _KINDS.items() if path.name.lower().endswith(suffix)), None)
    if kind is None:
        raise LogFileError(f"requests.{source}: {path}: cannot tell the format; files end in {', '.join(_KINDS)}")
    if kind == "jsonl":  # absent keys are how JSON writes null, so there is nothing to check yet
        return Shape(kind, tuple(Cell(column, TEXT) for column in columns))
    shape = _parquet(connection, source, path) if kind == "parquet" else _csv(source, path, columns)
    seen = [column.sql for column in shape.columns]
    if missing := [column for column in columns if column not in seen]:
        raise LogFileError(
            f"requests.{source}: {path} has no column {missing[0]!r}; it has {', '.join(seen[:40])}. "
            "Has the log changed its columns? Then change `columns`, or move older files to a source of their own"
        )
    if kind == "parquet":
        return shape._replace(columns=tuple(column for column in shape.columns if column.sql in columns))
    return shape


def _parquet(connection: duckdb.DuckDBPyConnection, source: str, path: Path) -> Shape:
    try:
        found = connection.execute(
            "select * from read_parquet($file, binary_as_string = true) limit 0", {"file": str(path)}
        )
    except duckdb.Error as error:
        raise unreadable(source, path, error) from error
    return Shape("parquet", tuple(Cell(name, str(kind)) for name, kind, *_ in found.description or ()))


def _csv(source: str, path: Path, columns: Sequence[str]) -> Shape:
    """The header, under the delimiter that shows the mapped columns."""
    try:
        with _opened(path) as stream:
            start = stream.read(_HEADER_BYTES)
        encoding = "utf-16" if start[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
        lines = start.decode("utf-16" if encoding == "utf-16" else "utf-8-sig", errors="replace")
        headers = {d: next(csv.reader(io.StringIO(lines, newline=""), delimiter=d), []) for d in _DELIMITERS}
    except (OSError, EOFError, csv.Error) as error:
        raise unreadable(source, path, error) from error
    delimiter = max(_DELIMITERS, key=lambda d: (len(set(columns) & set(headers[d])), len(headers[d])))
    header = headers[delimiter]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise LogFileError(f"requests.{source}: {path} has two columns {twice[0]!r}; give each its own name")
    return Shape("csv", tuple(Cell(name, TEXT) for name in header), delimiter, encoding)


def _opened(path: Path) -> IO[bytes]:
    if path.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path))
    return path.open("rb")


def _relation(shape: Shape, files: tuple[Path, ...], columns: Sequence[str]) -> Relation:
    if shape.kind == "jsonl":
        return Relation(shape, files, *_json_lines(columns))
    if shape.kind == "parquet":
        sql = "read_parquet($files, binary_as_string = true)"
        return Relation(shape, files, sql, {name: Cell(quoted(name), kind) for name, kind in shape.columns})
    declared = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(shape.columns)))
    sql = (
        f"read_csv($files, header = true, auto_detect = false, delim = {literal(shape.delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{declared}}}, nullstr = {_NOTHING}, encoding = '{shape.encoding}', {_rejecting()})"
    )
    return Relation(shape, files, sql, {column.sql: Cell(f"c{i}", TEXT) for i, column in enumerate(shape.columns)})


def _json_lines(columns: Sequence[str]) -> tuple[str, dict[str, Cell]]:
    """Each line as text, and of it the mapped keys only: `a.b` is a key of that name, else `b` inside `a`."""
    paths: list[str] = []
    cells: dict[str, Cell] = {}
    for column in columns:
        keys = [_path([column])] + ([_path(column.split("."))] if "." in column else [])
        found = [f"cells[{len(paths) + i}]" for i in range(1, len(keys) + 1)]
        paths += keys
        cells[column] = Cell(found[0] if len(found) == 1 else f"coalesce({', '.join(found)})", TEXT)
    lines = (
        "read_csv($files, header = false, auto_detect = false, delim = e'\\x01', quote = '', escape = '', "
        f"columns = {{'line': 'VARCHAR'}}, strict_mode = false, {_rejecting()})"
    )
    extracted = f"json_extract_string(line, [{', '.join(literal(path) for path in paths)}])"
    sql = (
        f"(select file_index, json_valid(line) as whole, case when json_valid(line) then {extracted} end as cells "
        f"from {lines} where said(line) is not null)"
    )
    return sql, cells


def _path(keys: Sequence[str]) -> str:
    return "$" + "".join("." + json.dumps(key, ensure_ascii=False) for key in keys)


def _rejecting() -> str:
    return f"max_line_size = {_LINE_BYTES}, ignore_errors = true, store_rejects = true"


def unreadable(source: str, path: Path, error: Exception) -> LogFileError:
    """The error of a file that cannot be read. Only the first line of the reason: the rest quotes the file."""
    reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
    return LogFileError(
        f"requests.{source}: {path} cannot be read: {reason}. "
        "Is it still being written? Replace it whole, and run again"
    )
