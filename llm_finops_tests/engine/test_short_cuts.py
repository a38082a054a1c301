"""Short cuts of the pass: where one is taken, the answer is that of the long way."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm_finops.core.money import BIGINT
from llm_finops.core.records import Price
from llm_finops.engine import Workspace
from llm_finops.engine.mark import TOO_DEAR, mark
from llm_finops.engine.priced import price_rows
from llm_finops.engine.quantiles import in_buckets, in_memory, together
from llm_finops.engine.reading import Reading
from llm_finops.engine.stage import day_number, staged
from llm_finops_tests.engine.made import COLUMNS, DAY, NOON, Row, one_day, price, row, source, write

D = day_number(DAY)
PRICES = [
    price("output", 15, valid_until=NOON),
    price("output", 1, valid_from=NOON)._replace(price_nano=1_500_000),  # one and a half nano a token
    price("input_uncached", 3, context_band="0-200k"),
    price("input_uncached", 6, context_band="200k-"),
]
rows = st.builds(
    row,
    request_id=st.one_of(st.none(), st.integers(0, 99).map(str)),
    ts=st.sampled_from([f"{DAY}T10:00:00Z", NOON]),
    model=st.sampled_from(["gpt", "gpt", "unknown"]),
    customer=st.sampled_from(["acme", "globex", None]),
    prompt=st.one_of(st.none(), st.sampled_from([0, 1, 200_000, 200_001])),
    completion=st.one_of(st.none(), st.integers(0, 600_000_000)),
)


@contextmanager
def reading(said: list[Row]) -> Iterator[Reading]:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "log.parquet", said)
        with staged(source(), [path], Workspace(Path(folder) / "scratch", threads=2), {}, [DAY]) as log:
            yield log


def priced(said: list[Row], *, wide: bool) -> tuple[str, list[object], list[object]]:
    """The type the rows were priced in, the rows, and what was dropped."""
    with reading(said) as log:
        price_rows(log, PRICES, wide=wide)
        mark(log, D, D)
        ((kind,),) = log.rows("select any_value(typeof(millionths)) from kept")
        kept = log.rows("select id, segment, known, millionths, list_cost from kept order by all")
        return kind, [*kept], [*log.rows("select kind from dropped order by all")]


@settings(max_examples=10, deadline=None)
@given(st.lists(rows, min_size=1, max_size=12))
def test_64_bits_price_as_128_do(said: list[Row]) -> None:
    narrow, wide = priced(said, wide=False), priced(said, wide=True)
    assert (narrow[0], wide[0]) == ("BIGINT", "HUGEINT")
    assert narrow[1:] == wide[1:]


# At 15,000,000,000 millionths a token, and at least 1 for each token of input.
@pytest.mark.parametrize(
    ("completion", "kind"), [(BIGINT // (15 * 10**9), "BIGINT"), (BIGINT // (15 * 10**9) + 1, "HUGEINT")]
)
def test_a_log_that_could_need_128_bits_gets_them(completion: int, kind: str) -> None:
    assert priced([row(prompt=0, completion=completion)], wide=False)[0] == kind


def test_one_row_too_dear_is_found_among_small_ones() -> None:
    kind, kept, dropped = priced([row(), row(request_id="r2", completion=BIGINT)], wide=False)
    assert (kind, len(kept), dropped) == ("HUGEINT", 1, [(TOO_DEAR,)])


@settings(max_examples=10, deadline=None)
@given(st.lists(rows, max_size=20))
@example([row(customer="(none)"), row(request_id="r2", model="(x)")])
def test_quantiles_together_are_those_one_by_one(said: list[Row]) -> None:
    with reading(said) as log:
        price_rows(log, PRICES)
        mark(log, D, D)
        found = [sorted(reckon(log, D, D)) for reckon in (together, in_memory, in_buckets)]
    assert found[0] == found[1] == found[2]


def test_a_name_in_parentheses_is_suspect_but_not_reserved(tmp_path: Path) -> None:
    names = ["(acme)", "(", "()", "(any) ", "(ANY)"]
    answer = one_day(tmp_path, [row(request_id=name, customer=name) for name in names])
    assert {total.customer for total in answer.totals} == set(names)
    assert answer.quarantined == []


def test_what_no_column_says_is_none_though_the_stage_does_not_write_it(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(), row()], source=source({k: COLUMNS[k] for k in ("time", "output")}))
    (total,) = answer.totals
    said = (*total.pool, total.customer, total.feature, total.environment, total.actor, total.status)
    assert set(said) == {"(none)"}
    assert (total.requests, answer.duplicates, total.operations) == (2, 0, 2)


def test_a_large_book_is_taken_whole(tmp_path: Path) -> None:
    book: list[Price] = [price("output", 1, model=f"m{i}")._replace(price_nano=i * 10**6) for i in range(500)]
    answer = one_day(tmp_path, [row(request_id=m, model=m, prompt=0) for m in ("m1", "m499")], prices=book)
    assert [(t.pool.model, t.list_cost_nano) for t in answer.totals] == [("m1", 10), ("m499", 4_990)]
