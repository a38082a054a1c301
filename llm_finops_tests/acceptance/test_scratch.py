"""What the engine leaves behind when it is killed is cleared away, and never from under a run that is at work."""

from pathlib import Path

from llm_finops.demo.files import clear_unfinished
from llm_finops.pipeline.scratch import Scratch
from llm_finops_tests.acceptance.playing import scratch


def test_a_dead_runs_folder_goes_with_the_next_use(tmp_path: Path) -> None:
    (tmp_path / "engine-dead").mkdir()
    (tmp_path / "engine-dead" / "spilled.tmp").write_bytes(b"rows")
    with Scratch(tmp_path) as folder:
        assert scratch(tmp_path) == [folder.name]
    assert scratch(tmp_path) == []


def test_a_folder_in_use_stays_while_others_come_and_go(tmp_path: Path) -> None:
    with Scratch(tmp_path) as first:
        (first / "spilled.tmp").write_bytes(b"rows")
        with Scratch(tmp_path) as second:
            assert second != first
        assert (first / "spilled.tmp").read_bytes() == b"rows"
    assert scratch(tmp_path) == []


def test_half_written_files_of_the_world_are_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "requests").mkdir()
    for name in ("clock", "clock.123.new", "requests/2026-10-01.parquet", "requests/2026-10-02.parquet.123.new"):
        (tmp_path / name).write_bytes(b"half")
    clear_unfinished(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["clock", "requests/2026-10-01.parquet"]
