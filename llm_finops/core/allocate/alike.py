"""Log rows that the cover does not tell apart, added up: it asks whether they name anybody, not whom."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from llm_finops.core.records import NONE, Pool, RequestTotal
from llm_finops.core.rules import read_objects

SOME = "(some)"  # customers, whoever they are
TAGGED = '{"":""}'  # tags, whatever they say


class Alike(NamedTuple):
    """Requests of one pool, band, environment and actor: those of `SOME` customers, or those that name nobody.

    Of the latter the tags are told apart, for their rules may be asked.
    """

    pool: Pool
    context_band: str
    environment: str
    actor: str
    customer: str  # SOME or (none)
    tags: str
    meters: str  # those of the rows, by commas

    def totals(self) -> list[RequestTotal]:
        """Their quantities and list costs; what has no price is by itself, so that both are known of the rest."""
        priced: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        unpriced: defaultdict[str, int] = defaultdict(int)
        for row in read_objects([self.meters]):
            for meter, (quantity, cost) in row.items():
                if quantity <= 0:
                    continue
                if cost is None:
                    unpriced[meter] += quantity
                else:
                    sums = priced[meter]
                    sums[0] += quantity
                    sums[1] += cost
        both = ({meter: [quantity, None] for meter, quantity in unpriced.items()}, priced)
        return [self._total(meters) for meters in both if meters]

    def _total(self, meters: object) -> RequestTotal:
        named = (self.customer, NONE, self.environment, self.actor, NONE)
        return RequestTotal(self.pool, self.context_band, *named, 0, 0, None, json.dumps(meters), self.tags)


def merged(rows: Iterable[Alike]) -> list[RequestTotal]:
    """Few rows that stand for many in the cover."""
    return [total for row in rows for total in row.totals()]
