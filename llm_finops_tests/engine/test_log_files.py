"""The formats of a log: the same rows give the same totals; a file that is not right is named, never half read."""

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llm_finops.core.records import NONE
from llm_finops.engine import LogFileError, Workspace, survey
from llm_finops_tests.engine.made import COLUMNS, DAY, Row, row, run, source, write

ROWS = [
    row(request_id=str(i), customer=f'cu, "{i % 3}"\n;é', completion=i, op=f"o{i // 2}", tier="default")
    for i in range(40)
]
HEADER = "request_id,ts,provider,project,model,tier,customer,feature,op,status,prompt,cached,completion"
LINE = f"r1,{DAY}T10:00:00Z,openai,p1,gpt,standard,acme,chat,o1,ok,100,0,10"


def undated(tmp_path: Path, path: Path) -> dict[str, int]:
    (file,) = survey(source(), [path], Workspace(tmp_path / "scratch"))
    return file.undated


@pytest.mark.parametrize("name", ["l.csv", "l.csv.gz", "l.jsonl", "l.jsonl.gz", "l.ndjson", "l.ndjson.gz"])
def test_the_same_rows_give_the_same_day_in_every_format(tmp_path: Path, name: str) -> None:
    (told,) = run(tmp_path, [write(tmp_path / "l.parquet", ROWS)])
    assert (told.rows, len(told.totals)) == (40, 6)
    (other,) = run(tmp_path, [write(tmp_path / name, list(reversed(ROWS)))])
    assert other == told


def test_typed_parquet_gives_what_text_gives(tmp_path: Path) -> None:
    (told,) = run(tmp_path, [write(tmp_path / "l.csv", ROWS)])
    at = datetime.fromisoformat(str(ROWS[0]["ts"]))
    texts = {name: pa.array([r[name] for r in ROWS]).dictionary_encode() for name in ROWS[0]}
    for i, moment in enumerate(
        [pa.timestamp("ms", "America/New_York"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "UTC")]
    ):
        typed = {
            **texts,
            "ts": pa.array([at] * len(ROWS), moment),
            "prompt": pa.array([float(str(r["prompt"])) for r in ROWS], pa.float64()),
            "cached": pa.array([Decimal(str(r["cached"])) for r in ROWS], pa.decimal128(20, 2)),
            "completion": pa.array([int(str(r["completion"])) for r in ROWS], pa.uint16()),
            "customer": pa.array([str(r["customer"]).encode() for r in ROWS], pa.binary()),
        }
        pq.write_table(pa.table(typed), path := tmp_path / f"typed{i}.parquet")
        assert run(tmp_path, [path]) == [told]


def test_parquet_numbers_that_are_no_counts_are_quarantined(tmp_path: Path) -> None:
    counts = [float("nan"), float("inf"), -1.0, 1.5, 1e300, 7.0, None]
    columns = {name: [row()[name]] * len(counts) for name in row()}
    table = {
        **columns,
        "request_id": [str(i) for i in range(len(counts))],
        "completion": pa.array(counts, pa.float64()),
    }
    pq.write_table(pa.table(table), tmp_path / "l.parquet")
    (answer,) = run(tmp_path, [tmp_path / "l.parquet"])
    assert sorted(bad.detail for bad in answer.quarantined) == [
        "id 0: saw nan",
        "id 1: saw inf",
        "id 2: saw -1.0",
        "id 3: saw 1.5",
        "id 4: saw 1e+300",
    ]
    assert sum(t.requests for t in answer.totals) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + f"{HEADER}\n{LINE}\n".encode(),
        f"{HEADER}\r\n{LINE}".encode(),
        f"{HEADER}\n{LINE}\n".replace(",", ";").encode(),
        f"{HEADER}\n{LINE}\n".replace(",", "\t").encode(),
        f"{HEADER}\n{LINE}\n".encode("utf-16"),
        f'extra,{HEADER}\n"x, ""y""\nz",{LINE}\n\n'.encode(),
        f"{','.join(reversed(HEADER.split(',')))}\n{','.join(reversed(LINE.split(',')))}\n".encode(),
    ],
    ids=["BOM", "CRLF, no last newline", "semicolons", "tabs", "UTF-16", "extra column with newline", "reordered"],
)
def test_csv_as_exporters_write_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "l.csv").write_bytes(content)
    (answer,) = run(tmp_path, [tmp_path / "l.csv"])
    (total,) = answer.totals
    assert (answer.rows, total.customer, total.list_cost_nano) == (1, "acme", 450_000)


def test_a_header_alone_is_no_rows_and_not_a_day_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(HEADER)
    (file,) = survey(source(), [tmp_path / "l.csv"], Workspace(tmp_path / "scratch"))
    assert (file.rows, file.days, file.undated) == (0, {}, {})


def test_lines_that_are_no_rows_are_counted_and_the_rest_is_kept(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(f"{HEADER}\n{LINE}\nshort,line\n{LINE},9\n{LINE}\n")
    assert undated(tmp_path, tmp_path / "l.csv") == {"not a row of the file": 2}
    (answer,) = run(tmp_path, [tmp_path / "l.csv"])
    assert (answer.rows, answer.duplicates) == (2, 1)


def test_lines_that_are_no_json_are_counted_even_the_last_half_line(tmp_path: Path) -> None:
    good = json.dumps(dict(row()))
    (tmp_path / "l.jsonl").write_text(f'{good}\n[1]\n\nnot json\n{{"request_id": "r9", "ts": "2026-09')
    assert undated(tmp_path, tmp_path / "l.jsonl") == {"no time": 1, "not JSON": 2}


def test_json_may_nest_and_may_hold_dots_in_its_keys(tmp_path: Path) -> None:
    nested = {
        "at": NOON_MS,
        "gen_ai.usage.output_tokens": 9007199254740993,
        "usage": {"in": {"total": 7}},
        "who": {"id": None},
    }
    (tmp_path / "l.jsonl").write_text(json.dumps(nested) + "\n")
    mapped: dict[str, str | Mapping[str, str]] = {
        "time": "at",
        "model": {"const": "gpt-9"},
        "input_total": "usage.in.total",
        "output": "gen_ai.usage.output_tokens",
    }
    (answer,) = run(tmp_path, [tmp_path / "l.jsonl"], source=source({**mapped, "customer": "who.id"}))
    (total,) = answer.totals
    assert json.loads(total.meters) == {"input_uncached": [7, None], "output": [9007199254740993, None]}
    assert total.customer == NONE


NOON_MS = int(datetime(2026, 9, 1, 12, tzinfo=UTC).timestamp() * 1000)


def refused(tmp_path: Path, *paths: Path) -> str:
    with pytest.raises(LogFileError) as caught:
        run(tmp_path, paths)
    return str(caught.value)


def test_a_missing_column_is_not_zero_tokens(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(HEADER.replace("completion", "output_tokens") + "\n" + LINE)
    said = refused(tmp_path, tmp_path / "l.csv")
    assert "requests.gateway" in said
    assert "l.csv has no column 'completion'; it has request_id, ts," in said
    pq.write_table(pa.table({"ts": ["x"]}), tmp_path / "l.parquet")
    assert "l.parquet has no column 'cached'; it has ts" in refused(tmp_path, tmp_path / "l.parquet")


def test_a_header_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(f"{HEADER},prompt\n{LINE},1\n")
    assert "two columns 'prompt'" in refused(tmp_path, tmp_path / "l.csv")


def test_bytes_that_are_no_text_are_named_by_place(tmp_path: Path) -> None:
    content = f"{HEADER}\n{LINE.replace('acme', 'Zoë')}\n".encode("latin-1")
    (tmp_path / "l.csv").write_bytes(content)
    said = refused(tmp_path, tmp_path / "l.csv")
    assert f"l.csv is not UTF-8 at byte {content.index(b'Zo') + 1} (line 2)" in said


@pytest.mark.parametrize("name", ["l.csv.gz", "l.jsonl.gz", "l.parquet"])
def test_a_half_written_file_is_named_among_others(tmp_path: Path, name: str) -> None:
    many: list[Row] = [row(request_id=str(i), customer=str(i**5)) for i in range(9000)]
    fine, half = write(tmp_path / f"a{name}", many), write(tmp_path / f"b{name}", many)
    half.write_bytes(half.read_bytes()[:-40])
    assert f"{half} cannot be read: " in refused(tmp_path, fine, half)


def test_an_unknown_suffix_and_an_absent_file_are_named(tmp_path: Path) -> None:
    assert "l.xlsx: cannot tell the format; files end in .parquet" in refused(tmp_path, tmp_path / "l.xlsx")
    for name in ("no.parquet", "no.csv", "no.jsonl"):
        assert f"{name} cannot be read" in refused(tmp_path, tmp_path / name)


@pytest.mark.parametrize("name", ["l.csv", "l.csv.gz", "l.jsonl", "l.jsonl.gz"])
def test_an_empty_file_is_no_rows_and_no_reason_to_leave_out_another(tmp_path: Path, name: str) -> None:
    empty = tmp_path / name
    empty.write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"")
    files = survey(source(), [empty, write(tmp_path / "z.csv", ROWS)], Workspace(tmp_path / "scratch"))
    assert [(file.path.name, file.rows) for file in files] == [(name, 0), ("z.csv", 40)]


def test_an_empty_parquet_file_is_half_written(tmp_path: Path) -> None:
    (tmp_path / "l.parquet").write_bytes(b"")
    assert "cannot be read" in refused(tmp_path, tmp_path / "l.parquet")


def test_columns_and_paths_with_quotes_are_only_names(tmp_path: Path) -> None:
    folder = tmp_path / "it's; drop table staged; --"
    folder.mkdir()
    odd = 'ts"; drop table staged; --'
    pq.write_table(pa.table({odd: [f"{DAY}T10:00:00Z"], "n'": [5]}), folder / "l.parquet")
    (folder / "l.jsonl.gz").write_bytes(gzip.compress(json.dumps({odd: f"{DAY}T10:00:00Z", "n'": 5}).encode()))
    mapped = source({"time": odd, "model": {"const": "it's"}, "output": "n'"})
    (answer,) = run(tmp_path, [folder / "l.parquet", folder / "l.jsonl.gz"], source=mapped)
    assert [(t.pool.model, t.requests, t.meters) for t in answer.totals] == [("it's", 2, '{"output":[10,null]}')]


def test_a_log_beyond_the_memory_limit_gives_the_same_answer_and_leaves_nothing(tmp_path: Path) -> None:
    many = [row(request_id=str(i), customer=f"c{i % 7}", completion=i % 900, op=f"o{i // 3}") for i in range(60_000)]
    path = write(tmp_path / "l.csv", many)
    small = Workspace(tmp_path / "scratch", memory_bytes=48 * 2**20, threads=1)
    assert run(tmp_path, [path], workspace=small) == run(tmp_path, [path])
    assert list((tmp_path / "scratch").iterdir()) == [], "the scratch files are gone"


def test_the_mapped_columns_are_the_only_ones_read(tmp_path: Path) -> None:
    """A column of another type or name in some files is no matter, as long as it is not mapped."""
    base = {name: [value] for name, value in row().items()}
    pq.write_table(pa.table({**base, "messages": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({**base, "messages": ["x"], "request_id": ["r2"]}), tmp_path / "b.parquet")
    (answer,) = run(tmp_path, [tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert answer.totals[0].requests == len(COLUMNS) - 11


def test_rows_of_others_are_kept_apart_with_what_was_seen(tmp_path: Path) -> None:
    places = ["eu_1", "euX1", "us", None, "100%", "it's"]
    rows = [row(request_id=str(i), project=place) for i, place in enumerate(places)]
    spoken = source(speaks_for={"projects": ("eu_*", "100%", "it's"), "api_keys": ("not mapped, so it is trusted",)})
    (answer,) = run(tmp_path, [write(tmp_path / "l.csv", rows)], source=spoken)
    assert [(bad.reason, bad.detail) for bad in answer.quarantined] == [
        ("outside speaks_for", "id 1: saw project euX1"),
        ("outside speaks_for", "id 2: saw project us"),
        ("outside speaks_for", "id 3: saw project (none)"),
    ]
    assert sorted(total.pool.project for total in answer.totals) == ["100%", "eu_1", "it's"]


def test_rows_of_an_account_that_a_log_does_not_speak_for_are_kept_apart(tmp_path: Path) -> None:
    rows = [row(request_id="1"), row(request_id="2", provider="anthropic"), row(request_id="3", provider="acme")]
    spoken = source(accounts={"openai": "openai-eu"}, speaks_for={"accounts": ("openai-eu",)})
    (answer,) = run(tmp_path, [write(tmp_path / "l.csv", rows)], source=spoken)
    assert [bad.detail for bad in answer.quarantined] == ["id 2: saw account (none)", "id 3: saw account (none)"]
