"""Gather what explains a customer's day: the very versions that its margins and allocations were made of."""

from typing import Any

from llm_finops.core.allocate import Share, allocate
from llm_finops.core.explain import Explanation, explain
from llm_finops.core.price import PriceBook
from llm_finops.core.records import Allocation, CostLine
from llm_finops.core.settings import Settings, from_rows
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.work import key

Load = dict[str, Any]


class _Recorded:
    """Reads the inputs of one version, as they were when it was made."""

    def __init__(self, ledger: Ledger, version_id: int) -> None:
        self._ledger = ledger
        self.inputs = ledger.inputs(version_id)

    def read(self, dataset: d.Dataset[d.Row], scope: str, period: str) -> list[d.Row]:
        version_id = self.inputs.get(key(dataset, scope, period), 0)
        if not version_id:
            return []
        with self._ledger.reading() as connection:
            return self._ledger.records(connection, dataset, version_id)


def explain_customer(ledger: Ledger, customer: str, day: str) -> tuple[Explanation, list[Load]]:
    """The tree of a customer's day, and the loads its lines and requests came by, with their content hashes."""
    margins = ledger.read(d.MARGINS, "*", day)
    shares: list[Share] = []
    lines: dict[str, CostLine] = {}
    given: list[Allocation] = []
    loads: list[Load] = []
    book = PriceBook(())
    for at, version_id in sorted(ledger.heads(d.ALLOCATIONS).items()):
        if at.period != day:
            continue
        recorded = _Recorded(ledger, version_id)
        given += ledger.read(d.ALLOCATIONS, at.scope, day)
        traced, of_account = _traced(recorded, at.scope, day)
        shares += traced
        lines |= {line.line_id: line for line in of_account}
        loads += _loads(ledger, recorded)
        book = _book(ledger, recorded, at.scope, day) or book
    return explain(day, customer, margins, given, shares, lines, book), loads


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


def _book(ledger: Ledger, recorded: _Recorded, account: str, day: str) -> PriceBook | None:
    priced = recorded.inputs.get(key(d.PRICED_USAGE, account, day), 0)
    return PriceBook(_Recorded(ledger, priced).read(d.PRICES, "*", "*")) if priced else None


def _loads(ledger: Ledger, recorded: _Recorded) -> list[Load]:
    """The newest load of each source: of what was read whole, when, and with which content."""
    found = []
    for at, version_id in sorted(recorded.inputs.items()):
        versions = [version_id, *_behind(ledger, at.dataset, version_id)]
        loads = [ledger.journals.loads_of(version) for version in versions if version]
        found += [{"scope": at.scope, "period": at.period, **of[-1]} for of in loads if of]
    return found


def _behind(ledger: Ledger, dataset: str, version_id: int) -> list[int]:
    """Of priced usage, the usage it was priced from."""
    if dataset != d.PRICED_USAGE.name or not version_id:
        return []
    return [used for at, used in ledger.inputs(version_id).items() if at.dataset == d.USAGE.name]
