"""Spread: what a day's customers weigh, by usage, evenly, or by fixed shares."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from llm_finops.core.allocate.weigh import QUANTITY, Measure, weigh
from llm_finops.core.records import NONE, RequestTotal
from llm_finops.core.rules import Rulebook, read_object
from llm_finops.core.settings import Spread


class Weighed(NamedTuple):
    """Customers in the order of their bytes with their weights, and what the weights are."""

    customers: list[str]
    weights: list[int]
    by: str


class Spreads:
    """The weights of each spread, from the day's requests of all accounts; worked out when first asked for."""

    def __init__(self, totals: Callable[[], Mapping[str, Iterable[RequestTotal]]], book: Rulebook) -> None:
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
        weights, _, by = self._sums(currency, is_exact=False)
        if by == QUANTITY:
            _, weights, by = self._sums(currency, is_exact=True)
        return _weighed(weights, by)

    def _sums(self, currency: str, *, is_exact: bool) -> tuple[Mapping[str, int], Mapping[str, int], str]:
        """By customer list cost and quantity, and by which of them `weigh` goes.

        It asks of quantities only whether there are any: unless they are wanted `is_exact`, few are read.
        """
        costs: defaultdict[str, int] = defaultdict(int)
        quantities: defaultdict[str, int] = defaultdict(int)
        known: defaultdict[tuple[str, bool], int] = defaultdict(int)
        for total in self._book.customers_requests(self._totals()):
            cost = total.list_cost_nano
            if total.pool.currency not in {currency, NONE}:
                continue
            quantity = 1 if not is_exact and _is_used(total.meters) else _quantity(total)
            if quantity:
                costs[total.customer] += cost or 0
                quantities[total.customer] += quantity
                known[total.pool.currency, cost is None] += cost or 0
        _, by = weigh([Measure(1, None if is_unpriced else cost, of) for (of, is_unpriced), cost in known.items()])
        return costs, quantities, by


def _quantity(total: RequestTotal) -> int:
    return sum(int(meter[0]) for meter in read_object(total.meters).values())


# A meter's name, and a quantity that begins with another digit than 0.
_USED = re.compile(r'[^\\]": ?\[[1-9]', re.ASCII)


def _is_used(meters: str) -> bool:
    """Whether it can be seen at a glance that there is a quantity; no quantity is below 0 then."""
    return "-" not in meters and _USED.search(meters) is not None


def _weighed(weights: Mapping[str, int], by: str) -> Weighed:
    customers = sorted((name for name, weight in weights.items() if weight > 0), key=str.encode)
    return Weighed(customers, [weights[name] for name in customers], by)
