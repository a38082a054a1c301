"""Spread: what a day's customers weigh, by usage, evenly, or by fixed shares."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
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
        weights, by = _weights(rows)
        summed: defaultdict[str, int] = defaultdict(int)
        for total, weight in zip(rows, weights, strict=True):
            summed[total.customer] += weight
        return _weighed(summed, by)


def _weights(rows: Sequence[RequestTotal]) -> tuple[list[int], str]:
    """As `weigh` has them. Where all goes by list cost, it is enough that there is a quantity: few are read."""
    weights, by = weigh([_measure(total, 1 if _is_used(total.meters) else _quantity(total)) for total in rows])
    return weigh([_measure(total, _quantity(total)) for total in rows]) if by == QUANTITY else (weights, by)


def _measure(total: RequestTotal, quantity: int) -> Measure:
    return Measure(quantity, total.list_cost_nano, total.pool.currency)


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
