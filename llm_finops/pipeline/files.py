"""Files of a source: those that its paths name, and what about them is a fault of the whole source."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from llm_finops.config.tables import Files
from llm_finops.inputs.files import InputError, fingerprint
from llm_finops.pipeline.work import Work


def source_files(work: Work, table: str, patterns: Sequence[str]) -> list[Path]:
    """The files of [table]; InputError if a path or pattern names none: a typo must not turn money into 0."""
    for pattern in patterns:
        if not work.config.files([pattern]):
            raise InputError(
                f"{table}: no file matches {pattern!r} below {work.config.root}; what was booked stays. Put the files "
                f"there or correct `paths`; to retire the source, take [{table}] out of finops.toml"
            )
    return work.config.files(list(patterns))


def emptied(table: str, seen: str = "") -> InputError:
    """The files of a source hold nothing that counts, and held something once: an export that failed, not zero."""
    return InputError(
        f"{table}: its files hold no row that counts{seen}, but days of it are booked with rows; they keep them. "
        "Put the rows back, or write a row of amount 0 for what really became nothing; to retire the source, take "
        f"[{table}] out of finops.toml"
    )


def refuse_shared(work: Work, kind: str, name: str, contents: Mapping[str, str], tables: Mapping[str, Files]) -> None:
    """InputError if another table of the kind names a file of the same content: its rows would count twice."""
    for other, table in tables.items():
        if other == name:
            continue
        for path in work.config.files(table.paths):
            try:
                ours = contents.get(fingerprint(path).sha256)
            except InputError:
                continue  # the other source will say so
            if ours is not None:
                raise InputError(
                    f"{kind}.{name} and {kind}.{other} hold the same file ({ours}, {path.name}): its rows would count "
                    "twice, so neither is booked. Name it in `paths` of one of them only"
                )
