"""An open request log: its files as relations of our columns, and the private DuckDB that reads them."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from llm_finops.core.settings import RequestSource
from llm_finops.engine.cells import MACROS
from llm_finops.engine.contract import EngineError, LogFileError, Workspace
from llm_finops.engine.log_files import Relation, relations, unreadable
from llm_finops.engine.mapping import Mapped
from llm_finops.engine.rows import NOT_A_ROW, select_rows

_UNDECODABLE = "INVALID ENCODING"


@dataclass(frozen=True)
class Reading:
    """The files of a log, sorted by the bytes of their paths; a row's `file` is its place among them."""

    connection: duckdb.DuckDBPyConnection
    scratch: Path
    mapped: Mapped
    files: tuple[Path, ...]
    relations: tuple[Relation, ...]

    def rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """The answer to a query, whole."""
        return self.connection.execute(sql, values).fetchall()

    def over(self, relation: Relation, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """The answer to a statement in which {rows} stands for the relation's rows; LogFileError names a bad file."""
        rows, parameters = select_rows(
            self.mapped, relation.sql, relation.cells, by_line=relation.shape.kind == "jsonl"
        )
        places = {path: place for place, path in enumerate(self.files)}
        numbers = [places[path] for path in relation.files]
        values = {**relation.parameters, **parameters, "file_numbers": numbers, **values}
        try:
            return self.connection.execute(sql.replace("{rows}", f"({rows})"), values).fetchall()
        except duckdb.Error as error:
            self._blame(relation)
            raise EngineError(f"requests.{self.mapped.source.name}: the pass over its files failed: {error}") from error

    def rejects(self) -> dict[Path, dict[str, int]]:
        """{file: {reason: rows}} of lines that could not be taken apart; what they hold is not kept."""
        known = self.rows("select table_name from duckdb_tables() where table_name = 'reject_errors'")
        found: dict[Path, dict[str, int]] = {}
        if not known:
            return found
        for path, line, position, kind in self.rows(
            "select distinct s.file_path, e.line, e.byte_position, e.error_type::varchar "
            "from reject_errors e join reject_scans s using (scan_id, file_id) order by all"
        ):
            if kind == _UNDECODABLE:
                raise LogFileError(
                    f"requests.{self.mapped.source.name}: {path} is not UTF-8 at byte {position} (line {line}); "
                    "write it as UTF-8"
                )
            of = found.setdefault(Path(path), {NOT_A_ROW: 0})
            of[NOT_A_ROW] += 1
        return found

    def _blame(self, relation: Relation) -> None:
        """LogFileError for the first of several files that cannot be read by itself, if it is a file's fault."""
        for path in relation.files:
            try:
                self.connection.execute(f"select count(columns(*)) from {relation.sql}", {"files": [str(path)]})
            except duckdb.Error as error:
                raise unreadable(self.mapped.source.name, path, error) from error


@contextmanager
def opened(
    source: RequestSource, files: Sequence[Path], workspace: Workspace, aliases: Mapping[str, str]
) -> Iterator[Reading]:
    """The log, ready to be read; model names go through `aliases`. LogFileError if a file is not what was mapped."""
    ordered = tuple(sorted(set(files), key=lambda path: str(path).encode()))
    mapped = Mapped(source, workspace.providers)
    workspace.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="requests-", dir=workspace.scratch) as scratch:
        connection = duckdb.connect(":memory:", config=_settings(Path(scratch), workspace))
        try:
            connection.execute("set timezone = 'UTC'")
            connection.execute(MACROS)
            connection.execute(
                "create table alias as select unnest($theirs::varchar[]) as theirs, unnest($ours::varchar[]) as ours",
                {"theirs": list(aliases), "ours": list(aliases.values())},
            )
            found = tuple(relations(connection, source.name, ordered, mapped.columns))
            yield Reading(connection, Path(scratch), mapped, ordered, found)
        finally:
            connection.close()


def _settings(scratch: Path, workspace: Workspace) -> dict[str, str | bool | int | float | list[str]]:
    """Nothing is fetched, memory is bounded, and what does not fit spills into the scratch folder."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": f"{workspace.memory_bytes}B",
        "temp_directory": str(scratch),
        "preserve_insertion_order": "false",
    }
    if workspace.threads is not None:
        settings["threads"] = str(workspace.threads)
    return settings
