"""Outcomes: of the cost that request logs gave to a customer, what failed and what was tried again.

A request whose status is no success `failed`, for good; where a later request of its operation followed, it was
`retried`. A success that a later one followed is `earlier`: a step of several, or an answer that was thrown away, which
no log tells apart. Where the log says too little, it is `unknown`, never productive.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from llm_finops.core.derived import EARLIER, FAILED, OUTCOMES, PRODUCTIVE, RETRIED, UNKNOWN, RequestCost
from llm_finops.core.money import split
from llm_finops.core.records import COGS, NONE, REQUEST_LOG, Allocation, Name, RequestTotal, key_bytes
from llm_finops.core.rules import Rulebook, read_object
from llm_finops.core.settings import Settings

_SUCCESS = re.compile(
    r"ok|success|successful|succeeded|complete|completed|done|finished|2\d\d|status_code_ok", re.ASCII
)

_Owner = tuple[str, str]  # customer, feature


@dataclass
class _Weights:
    """What requests of each outcome weigh: list cost; where any has none, quantity; where there is none, requests."""

    cost: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    quantity: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    requests: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    unpriced: bool = False

    def add(self, outcome: str, total: RequestTotal) -> None:
        """One total more."""
        self.cost[outcome] += total.list_cost_nano or 0
        self.unpriced |= total.list_cost_nano is None
        self.quantity[outcome] += sum(quantity for quantity, _ in read_object(total.meters).values())
        self.requests[outcome] += total.requests

    def of(self) -> list[int]:
        """By outcome, in the order of OUTCOMES; all of it unknown where no request stands for the cost."""
        for weights in (self.quantity if self.unpriced else self.cost, self.quantity, self.requests):
            if any(weights.values()):
                return [weights[outcome] for outcome in OUTCOMES]
        return [int(outcome == UNKNOWN) for outcome in OUTCOMES]


def request_costs(
    day: str,
    allocations: Iterable[Allocation],
    totals: Mapping[str, Sequence[RequestTotal]],
    *,
    settings: Settings,
    names: Mapping[str, Sequence[Name]],
) -> list[RequestCost]:
    """One row a customer, feature, currency and outcome; the parts add up to the margins row, to the last unit.

    `totals` by source, `names` by account, of all accounts. Costs are cogs found by request log, each account's and
    model's split over the requests that it stands for by their list cost. Sorted; no row of nothing.
    """
    costs, charged = _costs(allocations)
    weights: defaultdict[tuple[str, str, _Owner], _Weights] = defaultdict(_Weights)
    requests: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for total in Rulebook(day, settings, names).customers_requests(totals):
        owner, outcome = (total.customer, total.feature or NONE), outcome_of(total)
        for model in {total.pool.model, NONE}:
            weights[total.pool.account, model, owner].add(outcome, total)
        requests[*owner, _currency(total, charged), outcome] += total.requests
    nano: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for (account, model, owner, currency), cost in sorted(costs.items()):
        known = weights.get((account, model, owner)) or weights.get((account, NONE, owner)) or _Weights()
        for outcome, share in zip(OUTCOMES, split(cost, known.of()), strict=True):
            nano[*owner, currency, outcome] += share
    rows = [RequestCost(*key, requests.get(key, 0), nano.get(key, 0)) for key in nano.keys() | requests.keys()]
    return sorted((row for row in rows if row.requests or row.cost_nano), key=key_bytes)


def outcome_of(total: RequestTotal) -> str:
    """What became of the requests of a total. Of one that holds last and earlier requests alike, it is not known."""
    last, earlier = total.operations == total.requests, total.operations == 0
    status = total.status.lower()
    if status in {"", NONE} or not (last or earlier):
        return UNKNOWN
    if _SUCCESS.fullmatch(status):
        return PRODUCTIVE if last else EARLIER
    return FAILED if last else RETRIED


_Costs = dict[tuple[str, str, _Owner, str], int]
_Charged = Mapping[tuple[str, ...], Mapping[str, int]]


def _costs(allocations: Iterable[Allocation]) -> tuple[_Costs, _Charged]:
    """What logs found, by account, model, owner and currency; and how much anybody is charged in each currency."""
    costs: defaultdict[tuple[str, str, _Owner, str], int] = defaultdict(int)
    charged: defaultdict[tuple[str, ...], defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in allocations:
        charged[(row.pool.account,)][row.currency] += abs(row.cost_nano)
        if row.method == REQUEST_LOG:
            charged[row.pool.account, row.customer, row.feature][row.currency] += abs(row.cost_nano)
            if row.cost_class == COGS:
                costs[row.pool.account, row.pool.model, (row.customer, row.feature), row.currency] += row.cost_nano
    return costs, charged


def _currency(total: RequestTotal, charged: _Charged) -> str:
    """As the margins count requests: in what they, or else their account, are charged in, mostly."""
    account = total.pool.account
    found = charged.get((account, total.customer, total.feature or NONE)) or charged.get((account,))
    return min(found, key=lambda code: (-found[code], code)) if found else total.pool.currency
