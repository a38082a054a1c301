"""Files people give us: what they are, whether they stay still while they are read, and CSV read strictly."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from llm_finops.core.records import Finding, Quarantined

_DELIMITERS = (",", ";", "\t", "|")
_NOTHING = frozenset({"", "NULL", "null", "None", "N/A"})  # how exporters spell it
_BLOCK = 1 << 20
REPEATED = "file delivered twice"


class InputError(Exception):
    """A file that was given cannot be used; the message names it, what was seen, and what to do."""


class ChangedFileError(InputError):
    """A file changed while it was read."""


class InputFile(NamedTuple):
    """A file as it was found."""

    path: Path
    size: int
    sha256: str
    mtime_ns: int


class Line(NamedTuple):
    """A row of a CSV file: its first line's number, and its cells by column; None where a cell says nothing."""

    number: int
    cells: Mapping[str, str | None]


class Table(NamedTuple):
    """A CSV file: its rows, and those that do not fit its header."""

    path: Path
    lines: list[Line]
    bad: list[Quarantined]


class Tables(NamedTuple):
    """The files of a source that were read, and (repeat, original) for those that were not."""

    read: list[Table]
    repeated: list[tuple[InputFile, InputFile]]
    files: list[InputFile]  # those that were read, as they were listed


def repeats(day: str, name: str, tables: Tables) -> list[Finding]:
    """A finding for each file that was left out because another has the same content."""
    return [
        Finding(
            day, name, REPEATED, repeat.path.name, "files", 1, f"the same content as {original.path.name}; read once"
        )
        for repeat, original in tables.repeated
    ]


def listing(name: str, paths: Iterable[Path]) -> list[InputFile]:
    """The files of a source, each once, sorted by the bytes of their paths, with size and content hash."""
    ordered = sorted(set(paths), key=lambda path: str(path).encode())
    try:
        return [fingerprint(path) for path in ordered]
    except InputError as error:
        raise type(error)(f"{name}: {error}") from error


def fingerprint(path: Path) -> InputFile:
    """Size, time and SHA-256 of a file; ChangedFileError if it grows or is replaced meanwhile."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            before = os.fstat(stream.fileno())
            while block := stream.read(_BLOCK):
                digest.update(block)
        after = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
        raise _changed(path)
    return InputFile(path, after.st_size, digest.hexdigest(), after.st_mtime_ns)


@contextmanager
def held(files: Sequence[InputFile]) -> Iterator[list[Path]]:
    """The paths, to be read inside; ChangedFileError afterwards if a file is not what it was when it was listed.

    A file that was merely touched is hashed again, and is the same if its content is.
    """
    yield [file.path for file in files]
    for file in files:
        try:
            now = file.path.stat()
        except OSError as error:
            raise _changed(file.path) from error
        if (now.st_size, now.st_mtime_ns) != (file.size, file.mtime_ns):
            again = fingerprint(file.path)
            if (again.size, again.sha256) != (file.size, file.sha256):
                raise _changed(file.path)


def once(files: Iterable[InputFile]) -> tuple[list[InputFile], list[tuple[InputFile, InputFile]]]:
    """Files of different content, and (repeat, original) for those delivered again under another name."""
    kept: dict[tuple[int, str], InputFile] = {}
    repeated = []
    for file in files:
        original = kept.setdefault((file.size, file.sha256), file)
        if original is not file:
            repeated.append((file, original))
    return list(kept.values()), repeated


def read_tables(name: str, paths: Iterable[Path], required: Sequence[str]) -> Tables:
    """The CSV files of a source, each content once, read while they stay still; InputError as `read_csv`."""
    files, repeated = once(listing(name, paths))
    with held(files) as still:
        return Tables([Table(path, *read_csv(path, required)) for path in still], repeated, files)


def contents(tables: Tables) -> dict[str, str]:
    """{hash: name} of the files that were read and hold rows: what another source must not hold as well."""
    return {
        file.sha256: file.path.name
        for file, table in zip(tables.files, tables.read, strict=True)
        if table.lines or table.bad
    }


def stripped(cell: str | None) -> str | None:
    """A cell without the blanks around it. Not for amounts: a number with blanks may be half of one."""
    return None if cell is None else cell.strip()


def read_csv(path: Path, required: Sequence[str] = ()) -> tuple[list[Line], list[Quarantined]]:
    """The rows of a CSV file (UTF-8 or UTF-16, `,` `;` tab or `|`), and those that do not fit its header.

    InputError where the file cannot be decoded, has no header, two columns of a name, or lacks a required one.
    """
    text = _decoded(path)
    header, rows = _parsed(path, text, required)
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise InputError(f"{path}:1: two columns are called {twice[0]!r}; give each its own name")
    if missing := [name for name in required if name not in header]:
        raise InputError(f"{path}:1: no column {missing[0]!r}; the columns are {', '.join(header[:60])}")
    lines, bad = [], []
    for number, row in rows:
        if len(row) != len(header):
            bad.append(Quarantined("not a row of the file", str(path), f"line {number}: {len(row)} cells"))
        elif any("\0" in cell for cell in row):
            bad.append(Quarantined("NUL character", str(path), f"line {number}"))
        else:
            cells = {name: None if cell.strip() in _NOTHING else cell for name, cell in zip(header, row, strict=True)}
            lines.append(Line(number, cells))
    return lines, bad


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 at byte {error.start} ({error.reason}); write it as UTF-8") from error


def _parsed(path: Path, text: str, required: Sequence[str]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and numbered rows, under the delimiter that shows the required columns."""
    headers = {d: next(csv.reader(io.StringIO(text, newline=""), delimiter=d), []) for d in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: (len(set(required) & set(headers[d])), len(headers[d])))
    if not headers[delimiter]:
        raise InputError(f"{path} is empty; expected a header with {', '.join(required) or 'column names'}")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        before = 0
        for row in reader:
            if row:
                rows.append((before + 1, row))
            before = reader.line_num
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}; is the file whole?") from error
    return rows[0][1], rows[1:]


def _changed(path: Path) -> ChangedFileError:
    return ChangedFileError(
        f"{path} changed while it was read; write it under another name and rename it, then run again"
    )
