"""The day's request logs as the cover reads them: one row a pool, owner and meter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from llm_finops.core.allocate.weigh import Measure
from llm_finops.core.meters import UNSPECIFIED, is_cache_write
from llm_finops.core.records import ANY, NONE, Pool, RequestTotal
from llm_finops.core.rules import Rulebook, read_object, read_objects
from llm_finops.core.settings import RequestSource

_TOGETHER = 500

# Where usage, lines and logs meet, within an account.
DIMENSIONS = ("provider", "project", "api_key", "model", "service_tier")


class Owner(NamedTuple):
    """Whom a logged request names; a customer of `(none)` is nobody."""

    customer: str
    feature: str
    environment: str
    tags: str = "{}"  # JSON, where a rule of the day reads any


class LogRow(NamedTuple):
    """Whole units of one meter that a log saw for one owner, with their booked list cost."""

    place: tuple[str, ...]  # by DIMENSIONS, ids; (any) where the source does not map it
    context_band: str
    meter: str
    owner: Owner
    actor: str  # (none) where the source does not map it, or says nothing
    measure: Measure
    pool: Pool  # as it was booked


@dataclass(frozen=True, slots=True)
class Log:
    """One source's rows for the account and day."""

    name: str
    mapped: frozenset[str]
    rows: tuple[LogRow, ...]
    actors: bool  # it maps them
    lives_unsaid: bool  # its cache writes never say how long the entry lives, so they stand for every life

    def meter(self, meter: str) -> str:
        """The meter under which this log and the provider's usage meet."""
        return UNSPECIFIED if self.lives_unsaid and is_cache_write(meter) else meter


def read_logs(account: str, totals: Mapping[str, Sequence[RequestTotal]], book: Rulebook) -> list[Log]:
    """The logs that speak of the account: the one that maps most dimensions first, then by name."""
    logs = [_log(account, book.source(name), rows, book) for name, rows in totals.items()]
    return sorted(
        (log for log in logs if log.rows), key=lambda log: (-len(log.mapped), not log.actors, log.name.encode())
    )


def _log(account: str, source: RequestSource, totals: Sequence[RequestTotal], book: Rulebook) -> Log:
    rows = tuple(row for total in totals if total.pool.account == account for row in _rows(total, source, book))
    written = {row.meter for row in rows if is_cache_write(row.meter)}
    return Log(source.name, source.mapped, rows, "actor" in source.columns, lives_unsaid=written == {UNSPECIFIED})


def _rows(total: RequestTotal, source: RequestSource, book: Rulebook) -> Iterator[LogRow]:
    pool = total.pool
    project, api_key = book.ids(total, source.mapped)
    model = pool.model if "model" in source.mapped else ANY
    tier = pool.service_tier if "service_tier" in source.mapped else ANY
    actor = actor_of(total, source)
    owner = owner_of(total, book)
    for meter, (quantity, cost) in read_object(total.meters).items():
        if quantity > 0:
            place = (pool.provider, project, api_key, model, tier)
            yield LogRow(place, total.context_band, meter, owner, actor, Measure(quantity, cost, pool.currency), pool)


def with_meters(totals: Iterable[RequestTotal]) -> Iterator[tuple[RequestTotal, dict[str, Any]]]:
    """Requests with their meters, many read at once: few enough to be gone before Python's collector looks at them."""
    rest = iter(totals)
    while some := list(islice(rest, _TOGETHER)):
        yield from zip(some, read_objects([total.meters for total in some]), strict=True)


def owner_of(total: RequestTotal, book: Rulebook) -> Owner:
    """Whom logged requests name."""
    tags = total.tags if total.tags and book.reads_tags else "{}"
    return Owner(total.customer or NONE, total.feature or NONE, total.environment or NONE, tags)


def actor_of(total: RequestTotal, source: RequestSource) -> str:
    """Who made logged requests, where the source says so."""
    return total.actor or NONE if "actor" in source.columns else NONE
