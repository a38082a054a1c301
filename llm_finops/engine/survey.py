"""Survey: which days the files of a request log hold, so that only days whose rows changed are read again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from llm_finops.core.records import LogDay
from llm_finops.core.settings import RequestSource
from llm_finops.engine.contract import FileDays, Workspace
from llm_finops.engine.mapping import DIMENSIONS
from llm_finops.engine.reading import Reading, opened
from llm_finops.engine.stage import day_text


def survey(source: RequestSource, files: Sequence[Path], workspace: Workspace) -> list[FileDays]:
    """For each file, sorted by path: its rows, and by UTC day how many there are and a digest of what they say.

    The digest is of the mapped columns only and does not depend on the order of rows; bad rows are part of
    their day's. It holds within one version of DuckDB: after an upgrade days look changed, and are read again.
    """
    with opened(source, files, workspace, {}) as reading:
        found = {path: FileDays(path, 0, {}, {}) for path in reading.files}
        for number, day, reason, rows, digest in _counted(reading):
            file = found[reading.files[number]]
            if day is None:
                file.undated[str(reason)] = rows
            else:
                file.days[day_text(day)] = LogDay(f"{digest:x}", rows)
        for path, reasons in reading.rejects().items():
            found[path].undated.update(reasons)
    return [
        file._replace(rows=sum(day.rows for day in file.days.values()) + sum(file.undated.values()))
        for file in found.values()
    ]


def _counted(reading: Reading) -> list[tuple[int, int | None, str | None, int, int]]:
    """(file, day, reason, rows, digest): one row a day, and one a reason where there is no day."""
    said = (
        "reason",
        "detail",
        "moment",
        "id",
        "operation",
        *DIMENSIONS,
        *reading.mapped.tag_columns,
        *reading.mapped.meters,
        "missing",
    )
    sql = (
        "select file, day, case when day is null then reason end as why, count(*), "
        f"sum(hash({', '.join(said)})) from {{rows}} group by all order by all"
    )
    return [row for relation in reading.relations for row in reading.over(relation, sql)]


def log_days(files: Iterable[Mapping[str, LogDay]]) -> dict[str, LogDay]:
    """What files, of each its days, hold together; it does not matter which rows stand in which file."""
    found: dict[str, LogDay] = {}
    for days in files:
        for day, held in days.items():
            seen = found.get(day, LogDay("0", 0))
            found[day] = LogDay(f"{int(seen.digest, 16) + int(held.digest, 16):x}", seen.rows + held.rows)
    return dict(sorted(found.items()))
