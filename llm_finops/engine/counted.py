"""The table `counted`: the kept rows of some days, added up by all that a total is booked under; and its totals.

Requests that a later one of their operation followed stand apart: their totals have no operations, the others as many
as requests. Quantities come first, by the segment they are priced at; then money, exactly, in 128 bits, rounded once.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from llm_finops.core.money import BIGINT
from llm_finops.core.records import NONE, Pool, RequestTotal
from llm_finops.engine.mapping import DIMENSIONS, Mapped
from llm_finops.engine.reading import Reading

_FETCH = 20_000
_POOL, _OWNER = DIMENSIONS[:6], DIMENSIONS[6:]
_KEYS = (*_POOL, "currency", "band", *_OWNER)


class Booked(NamedTuple):
    """A total, or what keeps it from being one."""

    day: int
    total: RequestTotal
    beyond: int | None  # the first sum of money that is more than 64 bits hold
    loose: dict[str, int]  # by meter, the quantity that no price holds for


def count(log: Reading, first: int, last: int) -> None:
    """(Re)make `counted` for the days first..last. What `doubts` asks is counted here too, in the same pass."""
    sums = "".join(f", sum({meter}) as {meter}" for meter in log.mapped.meters)
    log.connection.execute(
        f"""create or replace temp table counted as
        select day, {", ".join((*DIMENSIONS, *log.mapped.tag_columns))}, segment,
            closed_later is null as is_last, count(*) as requests,
            count(*) filter (closed_later is null) as operations, count(id) as with_id,
            count(nullif(id, '{NONE}')) as says_id, count(nullif(operation, '{NONE}')) as says_operation,
            count(*) filter (missing) as missing, count(*) filter (known) as costed{sums}
        from kept left join (select staged_row, true as closed_later from earlier) using (staged_row)
        where day between $first and $last group by all""",
        {"first": first, "last": last},
    )


def booked(log: Reading) -> Iterator[Booked]:
    """The totals of `counted`, in the order of their keys."""
    meters = log.mapped.meters
    pools: dict[tuple[str, ...], Pool] = {}
    answer = log.connection.execute(_booked(log.mapped))
    while rows := answer.fetchmany(_FETCH):
        for row in rows:
            place = row[1:8]
            pool = pools.get(place) or pools.setdefault(place, Pool(*place))
            total = RequestTotal._make((pool, *row[8:18], _tags(log.mapped.tags, row[20:])))
            yield Booked(row[0], total, row[18], _loose(meters, row[19]))


def _loose(meters: Sequence[str], quantities: Sequence[Any] | None) -> dict[str, int]:
    return {meter: n for meter, n in zip(meters, quantities, strict=True) if n} if quantities else {}


def _tags(names: Sequence[str], values: Sequence[str | None]) -> str | None:
    """The tags that a request has, as the ledger writes them; None where it has none."""
    said = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    return json.dumps(said, sort_keys=True, separators=(",", ":")) if said else None


def _booked(mapped: Mapped) -> str:
    """One row a total. Its JSON is written here: what it is made of takes Python ten times as long to fetch."""
    meters, tags = mapped.meters, "".join(f", {name}" for name in mapped.tag_columns)
    sums = "".join(
        f", coalesce(sum({m}), 0) as {m}, coalesce(sum({m} * price_{m}), 0)::hugeint as millionths_{m}"
        f", coalesce(sum({m}) filter (price_{m} is null), 0) as loose_{m}"
        for m in meters
    )
    costs = "".join(f", case when loose_{m} = 0 then rounded(millionths_{m}) end as cost_{m}" for m in meters)
    whole = " + ".join(["0::hugeint", *(f"cost_{m}" for m in meters)])
    said = ", ".join(
        f"""case when {m} > 0 then '"{m}":[' || {m} || ',' || coalesce(cost_{m}::varchar, 'null') || ']' end"""
        for m in meters
    )
    beyond = ", ".join(
        f"case when {cost} > {BIGINT} then {cost} end" for cost in (*_each("cost_", meters), "list_cost")
    )
    loose = " or ".join(["false", *(f"{name} > 0" for name in _each("loose_", meters))])
    return f"""
        with summed as (
            select day, {", ".join(_POOL)}, coalesce(currency, '{NONE}') as currency,
                coalesce(band, '{NONE}') as band, {", ".join(_OWNER)}{tags}, is_last,
                sum(requests)::bigint as requests, sum(operations)::bigint as operations{sums}
            from counted left join (select * exclude (provider, model) from segment) on no = segment group by all),
        costed as (select *{costs} from summed),
        added as (select *, {whole} as list_cost from costed)
        select day, {", ".join(_KEYS)}, requests, operations,
            case when list_cost <= {BIGINT} then list_cost::bigint end,
            '{{' || concat_ws(',', {said or "null"}) || '}}', coalesce({beyond}),
            case when {loose} then [{", ".join(_each("loose_", meters))}] end{tags}
        from added order by {", ".join(str(i) for i in range(1, len(_KEYS) + 2))}{tags}, is_last"""


def _each(prefix: str, meters: Sequence[str]) -> list[str]:
    return [prefix + meter for meter in meters]
