"""Gather what explains a customer's day: the very versions that its margins and allocations were made of."""

from collections.abc import Mapping
from typing import Any

from llm_finops.core.allocate import Share
from llm_finops.core.explain import Explanation, explain
from llm_finops.core.price import PriceBook
from llm_finops.core.records import SPREAD, Allocation, CostLine
from llm_finops.ledger import datasets as d
from llm_finops.ledger.ledger import Ledger
from llm_finops.ledger.tracing import Recorded, Traced
from llm_finops.ledger.versions import Key

Load = dict[str, Any]


def explain_customer(ledger: Ledger, customer: str, day: str, seq: int | None = None) -> tuple[Explanation, list[Load]]:
    """The tree of a customer's day, now or as of a commit, and the loads its figures came by, with their hashes."""
    margins = _read_of(ledger, d.MARGINS, "*", day, customer, seq)
    shares: list[Share] = []
    lines: dict[str, CostLine] = {}
    given: list[Allocation] = []
    sources = _told_by_margins(ledger, customer, day, seq)
    books = _Books(ledger)
    by_account: dict[str, PriceBook] = {}
    for at, version_id in sorted(ledger.heads(d.ALLOCATIONS, seq=seq).items()):
        if at.period != day:
            continue
        traced = Traced(ledger, at.scope, day, version_id)
        booked = traced.recorded.of_customer(d.ALLOCATIONS, version_id, customer)
        given += booked
        shares += traced.of_customer(customer)
        lines |= {line.line_id: line for line in traced.lines}
        if methods := {allocation.method for allocation in booked}:
            sources |= _told_by_account(traced.recorded, at, spread=SPREAD in methods)
            by_account[at.scope] = books.behind(traced.recorded, frozenset(line.provider for line in traced.lines))
    outcomes = _read_of(ledger, d.REQUEST_COSTS, "*", day, customer, seq)
    return explain(day, customer, margins, given, shares, lines, by_account, outcomes), _loads(ledger, sources)


def _read_of(
    ledger: Ledger, dataset: d.Dataset[d.Row], scope: str, day: str, customer: str, seq: int | None
) -> list[d.Row]:
    """The customer's rows of a day; [] where it has none."""
    version_id = ledger.heads(dataset, scope, seq).get(Key(dataset.name, scope, day))
    return [] if version_id is None else Recorded(ledger, version_id).of_customer(dataset, version_id, customer)


def traced_shares(ledger: Ledger, line: CostLine, day: str, seq: int | None = None) -> list[Share]:
    """The shares of a line, reckoned from what its account's allocations were made of; [] where it has none."""
    account = line.account
    version_id = ledger.heads(d.ALLOCATIONS, account, seq).get(Key(d.ALLOCATIONS.name, account, day))
    if version_id is None:
        return []
    return Traced(ledger, account, day, version_id).of_line(line.line_id)


def _told_by_margins(ledger: Ledger, customer: str, day: str, seq: int | None) -> dict[Key, int]:
    """Of what the day's margins were made of, the revenue and the requests that name the customer."""
    version_id = ledger.heads(d.MARGINS, "*", seq).get(Key(d.MARGINS.name, "*", day))
    if version_id is None:
        return {}
    recorded = Recorded(ledger, version_id)
    told = {dataset.name: dataset for dataset in (d.REVENUE, d.REQUEST_TOTALS)}
    return {
        at: used
        for at, used in recorded.inputs.items()
        if at.dataset in told and recorded.of_customer(told[at.dataset], used, customer)
    }


def _told_by_account(recorded: Recorded, of: Key, *, spread: bool) -> dict[Key, int]:
    """What an account's allocations were made of: not the names of others, nor, unless it `spread`, their requests."""

    def tells(at: Key) -> bool:
        if at.dataset == d.NAMES.name:
            return at.scope == of.scope
        if at.dataset == d.REQUEST_TOTALS.name and not spread:
            return recorded.speaks_of(at, of.scope)
        return True

    return {at: used for at, used in recorded.inputs.items() if tells(at)}


class _Books:
    """The price books behind weights, each kept a while, and of no more providers than are asked for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def behind(self, recorded: Recorded, providers: frozenset[str]) -> PriceBook:
        """The book that the usage was priced by; where an account has none, as a cost file's, that of the requests."""
        prices = 0
        for dataset in (d.PRICED_USAGE, d.REQUEST_TOTALS):
            for at, used in sorted(recorded.inputs.items()):
                if used and at.dataset == dataset.name:
                    prices = prices or self._ledger.inputs(used).get(Key(d.PRICES.name, "*", "*"), 0)
        return self._ledger.kept.get((d.PRICES.name, prices, providers), lambda: self._build(prices, providers))

    def _build(self, prices: int, providers: frozenset[str]) -> PriceBook:
        with self._ledger.reading() as connection:
            rows = self._ledger.records(connection, d.PRICES, prices) if prices else []
        return PriceBook([row for row in rows if row.provider in providers])


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
