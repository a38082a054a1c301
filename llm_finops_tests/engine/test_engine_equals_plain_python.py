"""The engine against an independent reckoning: totals, operations, quantiles, repeats, in any order and format."""

import random
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from llm_finops.core.records import Price
from llm_finops_tests.engine.made import DAY, NOON, Row, price, row, run, write
from llm_finops_tests.engine.oracle import expect

NEXT = "2026-09-02"
ALIASES = {"gpt-alias": "gpt"}
FORMATS = ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz")
TIMES = [f"{DAY}T00:00:00Z", f"{DAY}T11:59:59.999999Z", NOON, f"{DAY}T23:59:59.999999Z", f"{NEXT}T01:30:00+01:30"]

PRICES: list[Price] = [
    price("input_uncached", 3, valid_until=NOON),
    price("input_uncached", 7, valid_from=NOON)._replace(price_nano=7_000_000_001),
    price("input_cache_read", 1)._replace(price_nano=500_000),  # half a nano a token
    price("output", 15),
    price("output", 30, service_tier="priority")._replace(price_nano=1_500_000),
    price("input_uncached", 2, "claude", provider="anthropic", context_band="0-200"),
    price("input_uncached", 4, "claude", provider="anthropic", context_band="200-"),
    price("output", 9, "claude", provider="anthropic", currency="EUR"),
    price("output", 1, "solo", currency="EUR")._replace(price_nano=1_000_003),
]

tokens = st.one_of(
    st.none(),
    st.integers(0, 400).map(str),
    st.sampled_from(["0", "1", "9007199254740993", "-1", "1.5", "NaN", "9223372036854775808"]),
)
rows = st.builds(
    row,
    request_id=st.sampled_from([None, "a", "b", "c", "d"]),
    ts=st.sampled_from(TIMES),
    provider=st.sampled_from(["openai", "anthropic", "other", None]),
    project=st.sampled_from(["p1", " ", None]),
    model=st.sampled_from(["gpt", "gpt-alias", "claude", "solo", "unknown"]),
    tier=st.sampled_from(["standard", "default", "auto", "priority", None]),
    customer=st.sampled_from(["acme", "acme ", "Robert'); DROP TABLE costs;--", "é", None]),
    feature=st.sampled_from(["chat", 'a"b', "$$", None]),
    op=st.sampled_from([None, "o1", "o2"]),
    status=st.sampled_from(["ok", "error"]),
    prompt=tokens,
    cached=tokens,
    completion=tokens,
)


@settings(max_examples=40, deadline=None)
@given(said=st.lists(rows, max_size=14), cut=st.integers(0, 14), order=st.randoms(use_true_random=False))
def test_any_rows_in_any_order_and_format_give_what_plain_python_gives(
    said: list[Row], cut: int, order: random.Random
) -> None:
    expected = expect(said, PRICES, ALIASES)
    shuffled = list(said)
    order.shuffle(shuffled)
    kinds = [order.choice(FORMATS), order.choice(FORMATS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        files = [write(path / f"b.{kinds[0]}", shuffled[:cut]), write(path / f"a.{kinds[1]}", shuffled[cut:])]
        answers = run(path, files, (NEXT, DAY), PRICES, aliases=ALIASES)
    assert [answer.day for answer in answers] == [DAY, NEXT]
    for answer in answers:
        assert answer.refused == ""
        assert answer.totals == expected[answer.day].totals
        assert answer.quantiles == expected[answer.day].quantiles
        assert answer.rows == expected[answer.day].rows
        assert answer.duplicates == expected[answer.day].duplicates
        assert Counter(bad.reason for bad in answer.quarantined) == expected[answer.day].quarantined


def test_the_property_meets_what_it_is_about() -> None:
    """The oracle itself, on rows small enough to reckon by hand."""
    said = [
        row(prompt=200, cached=50),
        row(prompt=200, cached=50),
        row(ts=NOON, prompt=1),
        row(request_id="r2", ts=NOON),
    ]
    day = expect(said, PRICES, {})[DAY]
    assert (day.rows, day.duplicates, day.quarantined) == (4, 1, Counter({"conflict": 1}))
    (total,) = day.totals
    # r1 is kept as of noon (later wins): 1 token in at 7.000000001, 10 out at 15; r2: 100 in, 10 out.
    assert total.meters == '{"input_uncached":[101,707000],"output":[20,300000]}'
    assert (total.requests, total.operations, total.list_cost_nano) == (2, 2, 1_007_000)
