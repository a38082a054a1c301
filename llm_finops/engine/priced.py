"""The view `kept`: staged rows that count, each with its segment of the price book and its exact list cost."""

from collections.abc import Sequence

from llm_finops.core.records import NONE, STANDARD, Price
from llm_finops.engine.contract import PriceLookup
from llm_finops.engine.mark import prepare
from llm_finops.engine.reading import Reading
from llm_finops.engine.segments import segments

# A log that maps no tier is priced at the standard one, with a finding.
TIER = f"case when service_tier = '{NONE}' then '{STANDARD}' else service_tier end"


def price_rows(log: Reading, prices: Sequence[Price] | PriceLookup) -> None:
    """Make the table `segment`, those of `mark` (empty), and the view `kept` over the staged rows."""
    pairs = log.rows("select distinct provider, model from staged where reason is null order by all")
    rows = prices(pairs) if callable(prices) else prices
    named = set(pairs)
    wanted = [price for price in rows if (price.provider, price.model) in named]
    _create(log)
    found = [(no, *s[:-1], *s.prices) for no, s in enumerate(segments(wanted, log.mapped.meters))]
    if found:
        log.connection.executemany(f"insert into segment values ({', '.join('?' * len(found[0]))})", found)


def _create(log: Reading) -> None:
    meters = log.mapped.meters
    prices = "".join(f", price_{meter} bigint" for meter in meters)
    log.connection.execute(
        "create table segment (no integer, provider varchar, model varchar, tier varchar, from_micros bigint, "
        f"until_micros bigint, low hugeint, high hugeint, band varchar, currency varchar{prices})"
    )
    prepare(log)
    log.connection.execute(_kept(log))


def _kept(log: Reading) -> str:
    mapped = log.mapped
    whole_input = " + ".join(["0::hugeint", *(f"coalesce({meter}, 0)" for meter in mapped.inputs)])
    millionths = " + ".join(
        ["0::hugeint", *(f"coalesce({meter}::hugeint * price_{meter}, 0)" for meter in mapped.meters)]
    )
    known = " and ".join(
        [
            "no is not null and not missing",
            *(f"(coalesce({meter}, 0) = 0 or price_{meter} is not null)" for meter in mapped.meters),
        ]
    )
    return f"""create temp view kept as
        with counted as (
            select *, {TIER} as tier, {whole_input} as whole_input
            from staged anti join dropped using (staged_row) where reason is null),
        met as (
            select counted.*, no as segment, currency, {known} as known, {millionths} as millionths
            from counted left join segment as s
                on s.provider = counted.provider and s.model = counted.model and s.tier = counted.tier
                and moment >= from_micros and moment < until_micros and whole_input > low and whole_input <= high)
        select *, case when known then rounded(millionths) end as list_cost from met"""
