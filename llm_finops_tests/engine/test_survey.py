"""The survey: which days a file holds, and whether what it says of them changed."""

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from llm_finops.core.records import LogDay
from llm_finops.engine import Workspace, log_days, survey
from llm_finops_tests.engine.made import COLUMNS, DAY, Row, row, source, write

ROWS = [row(request_id=str(i), completion=i, ts=f"2026-09-0{1 + i % 2}T10:00:00Z") for i in range(9)]


def held(tmp_path: Path, *files: list[Row], kind: str = "csv") -> dict[str, LogDay]:
    paths = [write(tmp_path / f"{i}.{kind}", rows) for i, rows in enumerate(files)]
    return log_days([file.days for file in survey(source(), paths, Workspace(tmp_path / "scratch"))])


def test_days_do_not_depend_on_order_or_on_which_file_a_row_is_in(tmp_path: Path) -> None:
    whole = held(tmp_path, ROWS)
    assert {day: of.rows for day, of in whole.items()} == {"2026-09-01": 5, "2026-09-02": 4}
    mixed = list(ROWS)
    random.Random(1).shuffle(mixed)
    assert held(tmp_path, mixed[:2], [], mixed[2:]) == whole
    assert held(tmp_path, mixed[:5], mixed[5:], kind="jsonl.gz") == whole
    assert held(tmp_path, mixed, kind="parquet") == whole


def test_only_the_day_of_a_changed_row_changes(tmp_path: Path) -> None:
    before = held(tmp_path, ROWS)
    changed = [row(request_id="0", completion=99), *ROWS[1:]]
    after = held(tmp_path, changed)
    assert after[DAY] != before[DAY]
    assert after["2026-09-02"] == before["2026-09-02"]


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(sorted({"request_id", "customer", "status", "op", "model", "cached"})))
def test_every_mapped_column_is_part_of_the_digest(tmp_path_factory: object, column: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert held(Path(folder), [row()]) != held(Path(folder), [row(**{column: "7"})])


def test_pairs_of_equal_rows_do_not_cancel_out(tmp_path: Path) -> None:
    assert held(tmp_path, [row(), row()]) != held(tmp_path, [row(completion=1), row(completion=1)])


def test_bad_rows_are_part_of_their_day(tmp_path: Path) -> None:
    one, other = held(tmp_path, [row(completion=-1)]), held(tmp_path, [row(completion=-2)])
    assert (one[DAY].rows, other[DAY].rows) == (1, 1)
    assert one != other


def test_columns_that_are_not_mapped_change_nothing(tmp_path: Path) -> None:
    mapped = source({ours: theirs for ours, theirs in COLUMNS.items() if ours != "customer"})
    found = []
    for name in ("acme", "globex"):
        path = write(tmp_path / "l.csv", [row(customer=name)])
        found.append(survey(mapped, [path], Workspace(tmp_path / "scratch")))
    assert found[0] == found[1]


def test_each_file_is_answered_for_itself_in_order(tmp_path: Path) -> None:
    late, early = write(tmp_path / "b.csv", ROWS[:1]), write(tmp_path / "a.csv", [row(ts="?"), row(ts=None)])
    files = survey(source(), [late, early], Workspace(tmp_path / "scratch"))
    assert [(file.path.name, file.rows, file.undated) for file in files] == [
        ("a.csv", 2, {"no time": 1, "unreadable time": 1}),
        ("b.csv", 1, {}),
    ]
