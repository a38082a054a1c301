"""Spread: what a day's customers weigh, by usage, evenly, or by fixed shares."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from llm_finops.core.allocate.weigh import Measure, weigh
from llm_finops.core.records import NONE, RequestTotal
from llm_finops.core.rules import Rulebook, read_objects
from llm_finops.core.settings import Spread


class Weighed(NamedTuple):
    """Customers in the order of their bytes with their weights, and what the weights are."""

    customers: list[str]
    weights: list[int]
    by: str


class Spreads:
    """The weights of each spread, from the day's requests of all accounts; worked out when first asked for."""

    def __init__(self, totals: Callable[[], Mapping[str, Sequence[RequestTotal]]], book: Rulebook) -> None:
        """`totals` by source, read when first asked for."""
        self._totals, self._book = totals, book
        self._weighed: dict[tuple[str, str], Weighed] = {}

    def weights(self, spread: Spread, currency: str) -> Weighed:
        """Who takes what part; no customers where the day has none that weighs anything."""
        if (spread.name, currency) not in self._weighed:
            self._weighed[spread.name, currency] = self._weigh(spread, currency)
        return self._weighed[spread.name, currency]

    def _weigh(self, spread: Spread, currency: str) -> Weighed:
        if isinstance(spread.by, Mapping):
            return _weighed(dict(spread.by), "share")
        if spread.by == "even":
            return _weighed({total.customer: 1 for total in self._book.customers_requests(self._totals())}, "even")
        rows = [
            total for total in self._book.customers_requests(self._totals()) if total.pool.currency in {currency, NONE}
        ]
        meters = read_objects(",".join(total.meters for total in rows))
        weights, by = weigh([_measure(total, of) for total, of in zip(rows, meters, strict=True)])
        summed: defaultdict[str, int] = defaultdict(int)
        for total, weight in zip(rows, weights, strict=True):
            summed[total.customer] += weight
        return _weighed(summed, by)


def _measure(total: RequestTotal, meters: Mapping[str, Any]) -> Measure:
    quantity = sum(int(meter[0]) for meter in meters.values())
    return Measure(quantity, total.list_cost_nano, total.pool.currency)


def _weighed(weights: Mapping[str, int], by: str) -> Weighed:
    customers = sorted((name for name, weight in weights.items() if weight > 0), key=str.encode)
    return Weighed(customers, [weights[name] for name in customers], by)
