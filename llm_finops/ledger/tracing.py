"""An account's day as its allocations were made of it, ready to be asked for the shares of a customer or of a line."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from llm_finops.core.allocate import Share, Tracer
from llm_finops.core.allocate.alike import merged
from llm_finops.core.allocate.ready import ready
from llm_finops.core.allocate.spreads import Spreads
from llm_finops.core.allocate.tracing import Asked
from llm_finops.core.records import CostLine, Pool, RequestTotal
from llm_finops.core.settings import from_rows
from llm_finops.ledger import datasets as d
from llm_finops.ledger.alike import read_alike, read_details
from llm_finops.ledger.facts import read_pools, read_records
from llm_finops.ledger.kept import Kept
from llm_finops.ledger.ledger import Ledger
from llm_finops.ledger.schema import FACTS, POOLS
from llm_finops.ledger.versions import Key

_CUSTOMERS = 4  # whose shares of a day are kept


class Recorded:
    """Reads the inputs of one version, as they were when it was made."""

    def __init__(self, ledger: Ledger, version_id: int) -> None:
        self.ledger = ledger
        self.inputs = ledger.inputs(version_id)

    def version(self, dataset: d.Dataset[d.Row], scope: str, period: str) -> int:
        """The version that was used; 0: there was none."""
        return self.inputs.get(Key(dataset.name, scope, period), 0)

    def read(self, dataset: d.Dataset[d.Row], scope: str, period: str) -> list[d.Row]:
        """The rows that were used; [] where there were none."""
        version_id = self.version(dataset, scope, period)
        if not version_id:
            return []
        with self.ledger.reading() as connection:
            return self.ledger.records(connection, dataset, version_id)

    def of_customer(self, dataset: d.Dataset[Any], version_id: int, customer: str) -> list[Any]:
        """Those rows of a version that name the customer."""
        with self.ledger.reading() as connection:
            return read_records(connection, dataset, version_id, customer)

    def speaks_of(self, requests: Key, account: str) -> bool:
        """Whether logged requests that were used are of the account."""
        rows, pools = FACTS[d.REQUEST_TOTALS.table], sa.select(POOLS.c.pool_id).where(POOLS.c.account == account)
        query = sa.select(rows.c.pool_id).where(
            rows.c.version_id == self.inputs.get(requests, 0), rows.c.pool_id.in_(pools)
        )
        with self.ledger.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None


class _Kept(NamedTuple):
    tracer: Tracer
    lines: tuple[CostLine, ...]
    of_customers: Kept  # a table that is turned over or sorted is asked for again


class Traced:
    """What a version of an account's allocations came by; the most of it is kept for whoever asks next."""

    def __init__(self, ledger: Ledger, account: str, day: str, version_id: int) -> None:
        """`version_id`: of allocations."""
        self.recorded = Recorded(ledger, version_id)
        self._account, self._day = account, day
        # Inputs are noted afresh where other versions give the same allocations, so they are part of the key.
        used = frozenset(self.recorded.inputs.items())
        self._kept = ledger.kept.get((version_id, used), self._make)

    @property
    def lines(self) -> tuple[CostLine, ...]:
        """The account's lines, as they were read."""
        return self._kept.lines

    def of_line(self, line_id: str) -> list[Share]:
        """Whom a line was split among: the shares add up to it."""
        return self._kept.tracer.shares(Asked(line_id=line_id), self._details)

    def of_customer(self, customer: str) -> list[Share]:
        """The parts of lines that the customer was given."""
        return self._kept.of_customers.get(customer, lambda: self._of_customer(customer))

    def _of_customer(self, customer: str) -> list[Share]:
        seen = {}
        with self.recorded.ledger.reading() as connection:
            for at, used in self.recorded.inputs.items():
                if at.dataset == d.REQUEST_TOTALS.name:
                    seen[at.scope] = set(read_pools(connection, d.REQUEST_TOTALS, used, customer).values())
        return self._kept.tracer.shares(Asked(customer, seen=seen), self._details)

    def _details(self, source: str, pools: Collection[Pool] | None = None) -> Iterator[RequestTotal]:
        with self.recorded.ledger.reading() as connection:
            yield from read_details(connection, self.recorded.version(d.REQUEST_TOTALS, source, self._day), pools)

    def _make(self) -> _Kept:
        recorded, account, day = self.recorded, self._account, self._day
        settings = from_rows(recorded.read(d.SETTINGS, "*", "*"))
        lanes = ((d.COST_LINES, day), (d.ESTIMATES, day), (d.TRUE_UPS, day[:7]))
        lines = [line for dataset, period in lanes for line in recorded.read(dataset, account, period)]
        usage = recorded.read(d.PRICED_USAGE, account, day)
        names = {known.name: recorded.read(d.NAMES, known.name, "*") for known in settings.accounts}
        sources = [source.name for source in settings.requests]
        with recorded.ledger.reading() as connection:
            used = {name: recorded.version(d.REQUEST_TOTALS, name, day) for name in sources}
            logged = {name: merged(read_alike(connection, at, account)) for name, at in used.items()}
        done = ready(day, account, lines, usage, logged, settings, names)
        spreads = Spreads(lambda: {name: self._details(name) for name in sources}, done.book)
        return _Kept(Tracer(done, spreads, settings), tuple(lines), Kept(_CUSTOMERS))
