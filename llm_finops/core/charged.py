"""Charged: which currency logged requests are charged in, so that whoever counts them counts them beside their cost."""

from collections import defaultdict
from collections.abc import Iterable

from llm_finops.core.records import NONE, REQUEST_LOG, Allocation, RequestTotal

_Amounts = defaultdict[str, int]


class Charged:
    """What accounts, and the owners that their logs name, are charged in each currency."""

    def __init__(self, allocations: Iterable[Allocation]) -> None:
        self._amounts: defaultdict[tuple[str, ...], _Amounts] = defaultdict(lambda: defaultdict(int))
        for row in allocations:
            self._amounts[(row.pool.account,)][row.currency] += abs(row.cost_nano)
            if row.method == REQUEST_LOG:
                self._amounts[row.pool.account, row.customer, row.feature][row.currency] += abs(row.cost_nano)

    def currency_of(self, total: RequestTotal) -> str:
        """What these requests, or else their account, are charged in, mostly; without a charge, what prices them."""
        account = total.pool.account
        own = self._amounts.get((account, total.customer, total.feature or NONE))
        found = own or self._amounts.get((account,))
        return min(found, key=lambda code: (-found[code], code)) if found else total.pool.currency
