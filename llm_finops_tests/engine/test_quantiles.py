"""Quantiles: nearest rank, exactly; the bounded method gives the same answer as the plain one."""

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm_finops.core.records import RequestQuantile
from llm_finops.engine import Workspace
from llm_finops.engine.mark import mark
from llm_finops.engine.priced import price_rows
from llm_finops.engine.quantiles import Found, in_buckets, in_memory, quantiles
from llm_finops.engine.stage import day_number, staged
from llm_finops_tests.engine.made import DAY, price, row, source, write

DAYS = (DAY, "2026-09-02")
PER_TOKEN = [price("output", 1)._replace(price_nano=1_000_000), price("input_uncached", 0)]  # a token is a nano


def both(costs: list[int], customers: int = 1) -> tuple[Found, Found]:
    rows = [
        row(
            request_id=str(i),
            prompt=0,
            completion=cost,
            customer=str(i % customers),
            ts=f"2026-09-0{1 + i % 2}T01:00:00Z",
        )
        for i, cost in enumerate(costs)
    ]
    day = day_number(DAY)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "l.csv", rows)
        with staged(source(), [path], Workspace(Path(folder) / "scratch", threads=2), {}, DAYS) as log:
            price_rows(log, PER_TOKEN)
            mark(log, day, day + 1)
            bounded = quantiles(log, day, day + 1, rows=10**9, memory_bytes=10**9)
            plain = quantiles(log, day, day + 1, rows=1, memory_bytes=10**9)
            assert bounded == plain
            return in_memory(log, day, day + 1), in_buckets(log, day, day + 1)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 2**53), st.sampled_from([2**i for i in range(60)]))
    ),
    st.integers(1, 4),
)
@example([0, 0, 0], 1)
@example([2**62, 2**62 - 1, 2**62 + 1, 1, 0], 2)
@example(list(range(200)), 3)
def test_the_bounded_method_equals_the_plain_one(costs: list[int], customers: int) -> None:
    plain, bounded = both(costs, customers)
    assert sorted(plain) == sorted(bounded)
    assert sum(quantile.requests for _, quantile in plain if quantile.grouping == "all") == len(costs)


def test_quantiles_are_nearest_rank() -> None:
    plain, _ = both([cost for cost in range(1, 101) for _ in range(2)])
    assert (DAY, RequestQuantile("all", "(all)", "USD", 100, 50, 95, 99, 100)) in plain
    assert (DAY, RequestQuantile("customer", "0", "USD", 100, 50, 95, 99, 100)) in plain
    assert {quantile.grouping for _, quantile in plain} == {"all", "customer", "feature", "model"}
