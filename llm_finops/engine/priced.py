"""The view `kept`: staged rows that count, each with its segment of the price book and its exact list cost."""

from collections.abc import Sequence

from llm_finops.core.money import BIGINT
from llm_finops.core.records import NONE, STANDARD, Price
from llm_finops.engine.contract import PriceLookup
from llm_finops.engine.mark import prepare
from llm_finops.engine.reading import Reading
from llm_finops.engine.segments import Segment, segments

# A log that maps no tier is priced at the standard one, with a finding.
TIER = f"case when service_tier = '{NONE}' then '{STANDARD}' else service_tier end"


def price_rows(log: Reading, prices: Sequence[Price] | PriceLookup, *, wide: bool = False) -> None:
    """Make the table `segment`, those of `mark` (empty), and the views `kept` and `too_dear` over the staged rows.

    `wide`: reckon in 128 bits even where 64 are enough; the answer is the same.
    """
    pairs = log.rows("select distinct provider, model from staged where reason is null order by all")
    rows = prices(pairs) if callable(prices) else prices
    named = set(pairs)
    found = segments([price for price in rows if (price.provider, price.model) in named], log.mapped.meters)
    _create(log, found)
    prepare(log)
    for statement in _views(log, wide=wide or not _fits_64_bits(log, found)):
        log.connection.execute(statement)


def _create(log: Reading, found: Sequence[Segment]) -> None:
    types = {
        **dict.fromkeys(("provider", "model", "tier"), "varchar"),
        **dict.fromkeys(("from_micros", "until_micros"), "bigint"),
        **dict.fromkeys(("low", "high"), "hugeint"),
        **dict.fromkeys(("band", "currency"), "varchar"),
        **{f"price_{meter}": "bigint" for meter in log.mapped.meters},
    }
    columns = list(zip(*((*s[:-1], *s.prices) for s in found), strict=True)) or [()] * len(types)
    # As lists, a column each: a price book has thousands of rows, and one insert a row takes a millisecond.
    log.connection.execute(
        "create table segment as select generate_subscripts($provider::varchar[], 1)::integer as no, "
        + ", ".join(f"unnest(${name}::{kind}[]) as {name}" for name, kind in types.items()),
        {name: list(column) for name, column in zip(types, columns, strict=True)},
    )


def _fits_64_bits(log: Reading, found: Sequence[Segment]) -> bool:
    """Whether no request of this log can come to more than 64 bits hold, were each meter's most at its dearest."""
    meters = log.mapped.meters
    most = ", ".join(["0", *(f"coalesce(max({meter}), 0)" for meter in meters)])
    ((_, *quantities),) = log.rows(f"select {most} from staged where reason is null")
    dearest = [max((abs(segment.prices[i] or 0) for segment in found), default=0) for i in range(len(meters))]
    worst = sum(int(n) * max(price, 1) for n, price in zip(quantities, dearest, strict=True))
    return worst <= BIGINT


def _views(log: Reading, *, wide: bool) -> tuple[str, str]:
    mapped, number = log.mapped, "hugeint" if wide else "bigint"
    whole_input = " + ".join([f"0::{number}", *(f"coalesce({meter}, 0)" for meter in mapped.inputs)])
    millionths = " + ".join(
        [f"0::{number}", *(f"coalesce({meter}::{number} * price_{meter}, 0)" for meter in mapped.meters)]
    )
    known = " and ".join(
        [
            "no is not null and not missing",
            *(f"(coalesce({meter}, 0) = 0 or price_{meter} is not null)" for meter in mapped.meters),
        ]
    )
    rounded = "rounded(millionths)" if wide else "half_even(millionths, 1000000)"
    kept = f"""create temp view kept as
        with counted as (
            select *, {TIER} as tier, {whole_input} as whole_input
            from staged anti join dropped using (staged_row) where reason is null),
        met as (
            select counted.*, no as segment, currency, {known} as known, {millionths} as millionths
            from counted left join segment as s
                on s.provider = counted.provider and s.model = counted.model and s.tier = counted.tier
                and moment >= from_micros and moment < until_micros and whole_input > low and whole_input <= high)
        select *, case when known then {rounded} end as list_cost from met"""
    dear = f"from kept where rounded(millionths) > {BIGINT}" if wide else "from staged where false"
    return kept, f"create temp view too_dear as select staged_row, day {dear}"
