"""Gather what explains a customer's day: the very versions that its margins and allocations were made of."""

from collections.abc import Mapping
from typing import Any

from llm_finops.core.allocate import Share, allocate
from llm_finops.core.explain import Explanation, explain
from llm_finops.core.price import PriceBook
from llm_finops.core.records import SPREAD, Allocation, CostLine
from llm_finops.core.settings import Settings, from_rows
from llm_finops.ledger import datasets as d
from llm_finops.ledger.ledger import Ledger
from llm_finops.ledger.versions import Key

Load = dict[str, Any]


class _Recorded:
    """Reads the inputs of one version, as they were when it was made."""

    def __init__(self, ledger: Ledger, version_id: int) -> None:
        self._ledger = ledger
        self.inputs = ledger.inputs(version_id)

    def read(self, dataset: d.Dataset[d.Row], scope: str, period: str) -> list[d.Row]:
        version_id = self.inputs.get(Key(dataset.name, scope, period), 0)
        if not version_id:
            return []
        with self._ledger.reading() as connection:
            return self._ledger.records(connection, dataset, version_id)


def explain_customer(ledger: Ledger, customer: str, day: str, seq: int | None = None) -> tuple[Explanation, list[Load]]:
    """The tree of a customer's day, now or as of a commit, and the loads its figures came by, with their hashes."""
    margins = ledger.read(d.MARGINS, "*", day, seq)
    shares: list[Share] = []
    lines: dict[str, CostLine] = {}
    given: list[Allocation] = []
    sources = _told_by_margins(ledger, customer, day, seq)
    books = _Books(ledger)
    by_account: dict[str, PriceBook] = {}
    for at, version_id in sorted(ledger.heads(d.ALLOCATIONS, seq=seq).items()):
        if at.period != day:
            continue
        recorded = _Recorded(ledger, version_id)
        booked = ledger.read(d.ALLOCATIONS, at.scope, day, seq)
        given += booked
        traced, of_account = _traced(recorded, at.scope, day)
        shares += traced
        lines |= {line.line_id: line for line in of_account}
        if methods := {allocation.method for allocation in booked if allocation.customer == customer}:
            sources |= _told_by_account(recorded, at, spread=SPREAD in methods)
            by_account[at.scope] = books.behind(recorded, frozenset(line.provider for line in of_account))
    outcomes = ledger.read(d.REQUEST_COSTS, "*", day, seq)
    return explain(day, customer, margins, given, shares, lines, by_account, outcomes), _loads(ledger, sources)


def traced_shares(ledger: Ledger, account: str, day: str, seq: int | None = None) -> list[Share]:
    """The shares of an account's day, reckoned from what its allocations were made of; [] where it has none."""
    version_id = ledger.heads(d.ALLOCATIONS, account, seq).get(Key(d.ALLOCATIONS.name, account, day))
    if version_id is None:
        return []
    return list(_traced(_Recorded(ledger, version_id), account, day)[0])


def _told_by_margins(ledger: Ledger, customer: str, day: str, seq: int | None) -> dict[Key, int]:
    """Of what the day's margins were made of, the revenue and the requests that name the customer."""
    version_id = ledger.heads(d.MARGINS, "*", seq).get(Key(d.MARGINS.name, "*", day))
    if version_id is None:
        return {}
    recorded = _Recorded(ledger, version_id)
    found = {}
    for dataset in (d.REVENUE, d.REQUEST_TOTALS):
        for at, used in recorded.inputs.items():
            rows: list[Any] = recorded.read(dataset, at.scope, day) if at.dataset == dataset.name else []
            if any(row.customer == customer for row in rows):
                found[at] = used
    return found


def _told_by_account(recorded: _Recorded, of: Key, *, spread: bool) -> dict[Key, int]:
    """What an account's allocations were made of: not the names of others, nor, unless it `spread`, their requests."""

    def tells(at: Key) -> bool:
        if at.dataset == d.NAMES.name:
            return at.scope == of.scope
        if at.dataset == d.REQUEST_TOTALS.name and not spread:
            rows = recorded.read(d.REQUEST_TOTALS, at.scope, of.period)
            return any(row.pool.account == of.scope for row in rows)
        return True

    return {at: used for at, used in recorded.inputs.items() if tells(at)}


def _traced(recorded: _Recorded, account: str, day: str) -> tuple[list[Share], list[CostLine]]:
    settings = _settings(recorded)
    lanes = ((d.COST_LINES, day), (d.ESTIMATES, day), (d.TRUE_UPS, day[:7]))
    lines = [line for dataset, period in lanes for line in recorded.read(dataset, account, period)]
    usage = recorded.read(d.PRICED_USAGE, account, day)
    totals = {source.name: recorded.read(d.REQUEST_TOTALS, source.name, day) for source in settings.requests}
    names = {known.name: recorded.read(d.NAMES, known.name, "*") for known in settings.accounts}
    done = allocate(day, account, lines, usage, totals, settings=settings, names=names, trace=True)
    return done.shares, lines


def _settings(recorded: _Recorded) -> Settings:
    return from_rows(recorded.read(d.SETTINGS, "*", "*"))


class _Books:
    """The price books behind weights, each built once, and of no more providers than are asked for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._built: dict[tuple[int, frozenset[str]], PriceBook] = {}

    def behind(self, recorded: _Recorded, providers: frozenset[str]) -> PriceBook:
        """The book that the usage was priced by; where an account has none, as a cost file's, that of the requests."""
        prices = 0
        for dataset in (d.PRICED_USAGE, d.REQUEST_TOTALS):
            for at, used in sorted(recorded.inputs.items()):
                if used and at.dataset == dataset.name:
                    prices = prices or self._ledger.inputs(used).get(Key(d.PRICES.name, "*", "*"), 0)
        of = (prices, providers)
        if of not in self._built:
            with self._ledger.reading() as connection:
                rows = self._ledger.records(connection, d.PRICES, prices) if prices else []
            self._built[of] = PriceBook([row for row in rows if row.provider in providers])
        return self._built[of]


def _loads(ledger: Ledger, sources: Mapping[Key, int]) -> list[Load]:
    """The newest load of each source: of what was read whole, when, and with which content."""
    found = []
    for at, version_id in sorted(sources.items()):
        versions = [version_id, *_behind(ledger, at.dataset, version_id)]
        loads = [ledger.journals.loads_of(version) for version in versions if version]
        found += [{"scope": at.scope, "period": at.period, **of[-1]} for of in loads if of]
    return found


def _behind(ledger: Ledger, dataset: str, version_id: int) -> list[int]:
    """Of priced usage, the usage it was priced from."""
    if dataset != d.PRICED_USAGE.name or not version_id:
        return []
    return [used for at, used in ledger.inputs(version_id).items() if at.dataset == d.USAGE.name]
