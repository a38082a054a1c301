"""Exact nearest-rank quantiles of the list cost of single requests, by customer, feature, model, and over all.

`quantile_disc` holds every value and cannot spill. So all groupings are reckoned together while the memory limit
lets them, then one by one; where the rows outgrow it altogether, two passes over buckets of costs give the same
answer in bounded memory.
"""

from typing import Any

from llm_finops.core.records import ALL, RequestQuantile
from llm_finops.engine.contract import EngineError
from llm_finops.engine.reading import Reading
from llm_finops.engine.stage import day_text

_GROUPINGS = {"all": f"'{ALL}'", "customer": "customer", "feature": "feature", "model": "model"}
_BYTES_A_VALUE = 40  # of memory the pass may take; `quantile_disc` reserves more than the 8 it holds
_KNOWN = "from kept where list_cost is not null and day between $first and $last"
_RANKS = "count(*), quantile_disc(list_cost::bigint, [0.5, 0.95, 0.99]), max(list_cost)"

# Disjoint and rising with the cost, which `_assert_disjoint` checks; free requests have a bucket of their own.
_BUCKET = "case when list_cost <= 0 then -1 else floor(log2(list_cost) * 8)::integer end"

Found = list[tuple[str, RequestQuantile]]


def quantiles(log: Reading, first: int, last: int, rows: int, memory_bytes: int) -> dict[str, list[RequestQuantile]]:
    """{day: quantiles, sorted} of the kept requests whose list cost is known."""
    bytes_a_grouping = rows * _BYTES_A_VALUE
    if bytes_a_grouping * len(_GROUPINGS) <= memory_bytes:
        reckon = together
    else:
        reckon = in_memory if bytes_a_grouping <= memory_bytes else in_buckets
    found: dict[str, list[RequestQuantile]] = {}
    for day, quantile in sorted(reckon(log, first, last)):
        found.setdefault(day, []).append(quantile)
    return found


def together(log: Reading, first: int, last: int) -> Found:
    """All groupings in one pass over the rows: every value is held once a grouping."""
    keys = [grouping for grouping in _GROUPINGS if grouping != "all"]
    sets = ", ".join(f"(day, currency{f', {key}' if key in keys else ''})" for key in _GROUPINGS)
    names = " ".join(f"when grouping({key}) = 0 then '{key}'" for key in keys)
    rows = log.rows(
        f"select day, case {names} else 'all' end, coalesce({', '.join(keys)}, '{ALL}'), currency, {_RANKS} "
        f"{_KNOWN} group by grouping sets ({sets})",
        first=first,
        last=last,
    )
    return [_quantile(grouping, (day, *key, n, *ranks, most)) for day, grouping, *key, n, ranks, most in rows]


def in_memory(log: Reading, first: int, last: int) -> Found:
    """One group-by a grouping, so that values are held for one at a time."""
    found: Found = []
    for grouping, key in _GROUPINGS.items():
        rows = log.rows(f"select day, {key}, currency, {_RANKS} {_KNOWN} group by all", first=first, last=last)
        found += [_quantile(grouping, (*row[:4], *row[4], row[5])) for row in rows]
    return found


def in_buckets(log: Reading, first: int, last: int) -> Found:
    """First count by bucket, then look only into the buckets that hold a wanted rank."""
    found: Found = []
    days = {"first": first, "last": last}
    for grouping, key in _GROUPINGS.items():
        log.connection.execute(
            f"create or replace temp table bucket as select day, {key} as key, currency, {_BUCKET} as bucket, "
            f"count(*) as requests, min(list_cost) as least, max(list_cost) as most {_KNOWN} group by all",
            days,
        )
        _assert_disjoint(log)
        log.connection.execute(_WANTED)
        one = f"select day, {key} as key, currency, {_BUCKET} as bucket, list_cost {_KNOWN}"
        found += [_quantile(grouping, row) for row in log.rows(_PICKED.format(one=one), **days)]
    return found


def _quantile(grouping: str, row: tuple[Any, ...]) -> tuple[str, RequestQuantile]:
    day, *rest = row
    return day_text(day), RequestQuantile(grouping, *rest)


def _assert_disjoint(log: Reading) -> None:
    ((overlapping,),) = log.rows(
        "select count(*) from (select least, lag(most) over "
        "(partition by day, key, currency order by bucket) as before from bucket) where before >= least"
    )
    if overlapping:
        raise EngineError(f"{overlapping} buckets of list cost overlap; quantiles made of them would be wrong")


# One row a (group, percent): the bucket that holds the rank, and the place in it.
_WANTED = """create or replace temp table wanted as
    with ranked as (
        select *, sum(requests) over up as until, sum(requests) over one as n, max(most) over one as top
        from bucket
        window one as (partition by day, key, currency), up as (partition by day, key, currency order by bucket)),
    asked as (select *, (percent * n + 99) // 100 as rank from ranked, (select unnest([50, 95, 99]) as percent))
    select day, key, currency, bucket, percent, n, top, (rank - until + requests)::bigint as place
    from asked where rank > until - requests and rank <= until"""

_PICKED = """with candidate as (
        select day, key, currency, bucket, list_sort(list(list_cost::bigint)) as costs
        from ({one}) semi join wanted using (day, key, currency, bucket) group by all)
    select day, key, currency, any_value(n)::bigint, max(costs[place]) filter (percent = 50),
        max(costs[place]) filter (percent = 95), max(costs[place]) filter (percent = 99), any_value(top)
    from wanted join candidate using (day, key, currency, bucket) group by day, key, currency"""
