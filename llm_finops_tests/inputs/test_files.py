"""Files people give us: listed by content, held still while they are read, and CSV taken apart strictly."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from llm_finops.inputs.files import (
    ChangedFileError,
    InputError,
    fingerprint,
    held,
    listing,
    once,
    read_csv,
    read_tables,
    repeats,
)

SPECTRUM = Path(__file__).parents[3] / "shared" / "data" / "csv-spectrum"


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_files_are_listed_once_by_the_bytes_of_their_paths_with_their_content(tmp_path: Path) -> None:
    b, a = written(tmp_path / "b.csv", "b"), written(tmp_path / "B.csv", "a")
    listed = listing("costs.aws", [b, a, b])
    assert [(file.path.name, file.size, file.sha256) for file in listed] == [
        ("B.csv", 1, hashlib.sha256(b"a").hexdigest()),
        ("b.csv", 1, hashlib.sha256(b"b").hexdigest()),
    ]


def test_a_file_that_is_not_there_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"costs\.aws: .*gone\.csv cannot be read: No such file"):
        listing("costs.aws", [tmp_path / "gone.csv"])


def test_the_same_content_under_two_names_is_read_once_and_said(tmp_path: Path) -> None:
    paths = [
        written(tmp_path / name, text) for name, text in (("a.csv", "x\n1\n"), ("b.csv", "x\n1\n"), ("c.csv", "x\n2\n"))
    ]
    kept, repeated = once(listing("costs.aws", paths))
    assert [file.path.name for file in kept] == ["a.csv", "c.csv"]
    assert [(repeat.path.name, original.path.name) for repeat, original in repeated] == [("b.csv", "a.csv")]
    (finding,) = repeats("2026-09-01", "costs.aws", read_tables("costs.aws", paths, ["x"]))
    assert (finding.kind, finding.subject, finding.amount) == ("file delivered twice", "b.csv", 1)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "x\n1\n")
    files = [fingerprint(path)]
    with (
        pytest.raises(ChangedFileError, match=r"a\.csv changed while it was read; write it under another name"),
        held(files),
    ):
        written(path, "x\n1\n2\n")


def test_a_file_that_vanishes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "x\n1\n")
    with pytest.raises(ChangedFileError), held([fingerprint(path)]):
        path.unlink()


def test_a_file_that_was_merely_touched_is_the_same(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "x\n1\n")
    with held([fingerprint(path)]):
        os.utime(path, ns=(1, 1))


def test_a_fault_inside_is_not_hidden_by_the_check(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "x\n1\n")
    with pytest.raises(ZeroDivisionError), held([fingerprint(path)]):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\r\n1,2",
        b"a;b\n1;2\n",
        b"a\tb\n1\t2\n",
        b"a|b\n1|2\n",
        "a,b\r\n1,2\r\n".encode("utf-16"),
        b"b,a\n2,1\n\n",
    ],
)
def test_csv_as_exporters_write_it(tmp_path: Path, content: bytes) -> None:
    lines, bad = read_csv(written(tmp_path / "a.csv", content), ["a", "b"])
    assert [dict(line.cells) for line in lines] == [{"a": "1", "b": "2"}]
    assert bad == []


def test_words_for_nothing_are_nothing(tmp_path: Path) -> None:
    (line,), _ = read_csv(written(tmp_path / "a.csv", "a,b,c,d,e,f\nNULL,null,None,N/A,, \n"))
    assert set(line.cells.values()) == {None}


def test_rows_that_do_not_fit_the_header_are_kept_apart(tmp_path: Path) -> None:
    content = 'a,b\n1,2\n3\n"4\n4",5\n6,7,8\n9,\0\n10,11'
    lines, bad = read_csv(written(tmp_path / "a.csv", content))
    assert [(line.number, line.cells["a"]) for line in lines] == [(2, "1"), (4, "4\n4"), (8, "10")]
    assert [(row.reason, row.detail) for row in bad] == [
        ("not a row of the file", "line 3: 1 cells"),
        ("not a row of the file", "line 6: 3 cells"),
        ("NUL character", "line 7"),
    ]


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert read_csv(written(tmp_path / "a.csv", "a,b\n"), ["a"]) == ([], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.csv is empty; expected a header with a"),
        (b"b,c\n", r"a\.csv:1: no column 'a'; the columns are b, c"),
        (b"a,b,a\n", r"a\.csv:1: two columns are called 'a'"),
        (b"a,b\n1,\xff\n", r"a\.csv is not UTF-8 at byte 6"),
        (b'a,b\n1,"2', r"a\.csv:2: unexpected end of data; is the file whole\?"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_place(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_csv(written(tmp_path / "a.csv", content), ["a"])


@pytest.mark.skipif(not SPECTRUM.is_dir(), reason=f"csv-spectrum is not at {SPECTRUM}")
@pytest.mark.parametrize("path", sorted(SPECTRUM.glob("csvs/*.csv")), ids=lambda path: path.stem)
def test_csv_spectrum_is_read_as_its_authors_say(path: Path) -> None:
    expected = json.loads((SPECTRUM / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
    lines, bad = read_csv(path)
    # Git gave one of the files other newlines than its expected answer has.
    got = [{name: (cell or "").replace("\r\n", "\n") for name, cell in line.cells.items()} for line in lines]
    assert got == [{name: cell.replace("\r\n", "\n") for name, cell in row.items()} for row in expected]
    assert bad == []
