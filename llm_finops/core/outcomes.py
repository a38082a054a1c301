"""Outcomes: of the cost that request logs gave to a customer, what failed and what was tried again.

A request whose status is a failure `failed`, for good; where a later request of its operation followed, it was
`retried`. A success that a later one followed is `earlier`: a step of several, or an answer that was thrown away, which
no log tells apart. Where the log says too little, or a word that is known for neither, it is `unknown`, never
productive and never failed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from llm_finops.core.charged import Charged
from llm_finops.core.derived import EARLIER, FAILED, OUTCOMES, PRODUCTIVE, RETRIED, UNKNOWN, RequestCost
from llm_finops.core.money import split
from llm_finops.core.records import COGS, NONE, REQUEST_LOG, Allocation, Name, RequestTotal, key_bytes
from llm_finops.core.rules import Rulebook, read_object
from llm_finops.core.settings import Settings

_SAID = r"(?:(?:span_?)?status(?:[_ ]?code)?[._: ]+)?"  # OpenTelemetry: STATUS_CODE_OK, StatusCode.ERROR
_SUCCESSES = (
    r"ok|success|successful|succeeded|completed?|done|finished|true",
    r"stop|stop_sequence|end_turn|tool_use|tool_calls|function_call",  # a provider's reasons to finish
    r"2\d\d(?:\.0+)?(?:\s.*)?",
)
_FAILURES = (
    r"(?!no_?error)\w*errors?|errored|err|exception|fail(?:ed|ures?)?|false|retr(?:y|ied)|not[_ ](?:ok|found)",
    r"time[_ -]?(?:d[_ -]?)?out|\w*timeout|deadline[_ ]exceeded|expired|cancel(?:l?ed|lation)?|abort(?:ed)?",
    r"\w*rate[_ -]?limit(?:s|ed)?(?:_exceeded)?|too[_ ]many[_ ]requests|throttled|overloaded|unavailable",
    r"resource[_ ]exhausted|refused|rejected|denied|[3-5]\d\d(?:\.0+)?",
)
_SUCCESS = re.compile(f"{_SAID}(?:{'|'.join(_SUCCESSES)})", re.ASCII | re.DOTALL)
_FAILURE = re.compile(rf"{_SAID}(?:{'|'.join(_FAILURES)})(?:[\W_].*)?", re.ASCII | re.DOTALL)

_Owner = tuple[str, str]  # customer, feature


@dataclass
class _Weights:
    """What requests of each outcome weigh: list cost; where any has none or currencies differ, quantity; else requests.

    As every split of the ladder: list costs of several currencies are never added, and a row of no quantity weighs
    nothing.
    """

    cost: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    quantity: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    requests: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    currencies: set[str] = field(default_factory=set)
    unpriced: bool = False

    def add(self, outcome: str, total: RequestTotal) -> None:
        """One total more."""
        self.requests[outcome] += total.requests
        quantity = sum(quantity for quantity, _ in read_object(total.meters).values())
        if not quantity:
            return
        self.quantity[outcome] += quantity
        self.cost[outcome] += total.list_cost_nano or 0
        self.unpriced |= total.list_cost_nano is None
        if total.list_cost_nano:
            self.currencies.add(total.pool.currency)

    def of(self) -> list[int]:
        """By outcome, in the order of OUTCOMES; all of it unknown where no request stands for the cost."""
        is_one_money = not self.unpriced and len(self.currencies) == 1
        for weights in (self.cost if is_one_money else self.quantity, self.quantity, self.requests):
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
    model's split over the requests that it stands for by their list cost, or quantity. Sorted; no row of nothing.
    """
    shares = list(allocations)
    costs, charged = _costs(shares), Charged(shares)
    weights: defaultdict[tuple[str, str, _Owner], _Weights] = defaultdict(_Weights)
    requests: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for total in Rulebook(day, settings, names).customers_requests(totals):
        owner, outcome = (total.customer, total.feature or NONE), outcome_of(total)
        for model in {total.pool.model, NONE}:
            weights[total.pool.account, model, owner].add(outcome, total)
        requests[*owner, charged.currency_of(total), outcome] += total.requests
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
    status = total.status.strip().lower()
    if not (last or earlier):
        return UNKNOWN
    if _SUCCESS.fullmatch(status):
        return PRODUCTIVE if last else EARLIER
    if _FAILURE.fullmatch(status):
        return FAILED if last else RETRIED
    return UNKNOWN


def _costs(allocations: Iterable[Allocation]) -> dict[tuple[str, str, _Owner, str], int]:
    """What logs found for customers, by account, model, owner and currency."""
    costs: defaultdict[tuple[str, str, _Owner, str], int] = defaultdict(int)
    for row in allocations:
        if row.method == REQUEST_LOG and row.cost_class == COGS:
            costs[row.pool.account, row.pool.model, (row.customer, row.feature), row.currency] += row.cost_nano
    return costs
