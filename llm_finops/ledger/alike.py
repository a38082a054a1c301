"""The requests of a day as a trace reads them: added up where the cover does not tell them apart, and single pools."""

from collections.abc import Collection, Iterator

import sqlalchemy as sa

from llm_finops.core.allocate.alike import SOME as SOME_CUSTOMER
from llm_finops.core.allocate.alike import TAGGED, Alike
from llm_finops.core.records import NONE, Pool, RequestTotal
from llm_finops.ledger.datasets import REQUEST_TOTALS
from llm_finops.ledger.facts import read_pools
from llm_finops.ledger.schema import FACTS

_ROWS = FACTS["request_totals"]
# Texts, not parameters: PostgreSQL takes no two parameters for the same expression in SELECT and GROUP BY.
_CUSTOMER: sa.ColumnElement[str] = sa.literal_column(
    f"case when customer in ('', '{NONE}') then '{NONE}' else '{SOME_CUSTOMER}' end"
)
_TAGS: sa.ColumnElement[str] = sa.literal_column(
    "case when tags is null or tags in ('', '{}') then '{}' "
    f"when customer in ('', '{NONE}') then tags else '{TAGGED}' end"
)


_READ = ("pool_id", "context_band", "customer", "feature", "environment", "actor", "list_cost_nano", "meters", "tags")

_TOGETHER = 500  # rows that are fetched at once


def read_alike(connection: sa.Connection, version_id: int, account: str) -> Iterator[Alike]:
    """The requests of an account, by what the cover tells apart."""
    keys = (_ROWS.c.pool_id, _ROWS.c.context_band, _ROWS.c.environment, _ROWS.c.actor, _CUSTOMER, _TAGS)
    pools = {
        pool_id: pool
        for pool_id, pool in read_pools(connection, REQUEST_TOTALS, version_id).items()
        if pool.account == account
    }
    query = sa.select(*keys, sa.func.aggregate_strings(_ROWS.c.meters, ","))
    query = query.where(_ROWS.c.version_id == version_id, _ROWS.c.pool_id.in_(pools)).group_by(*keys)
    for pool_id, band, environment, actor, customer, tags, meters in connection.execute(query):
        yield Alike(pools[pool_id], band, environment, actor, customer, tags, meters)


def read_details(
    connection: sa.Connection, version_id: int, pools: Collection[Pool] | None = None
) -> Iterator[RequestTotal]:
    """The requests in these pools, or all; their counts, which no trace looks at, are not read."""
    of = read_pools(connection, REQUEST_TOTALS, version_id) if pools is None else {pool.pool_id: pool for pool in pools}
    query = sa.select(*(_ROWS.c[name] for name in _READ)).where(_ROWS.c.version_id == version_id)
    if pools is not None:
        query = query.where(_ROWS.c.pool_id.in_(of))
    for some in connection.execute(query).partitions(_TOGETHER):
        for pool_id, band, customer, feature, environment, actor, *rest in some:
            yield RequestTotal(of[pool_id], band, customer, feature, environment, actor, NONE, 0, 0, *rest)
