"""Who caused which cost: for each day and provider, exact, in grains (a millionth of a nano-dollar).

Made from the requests alone, for tests to hold the pipeline's figures against. Of a request that no log and no rule
speaks of, nobody can know the owner; it stands here as unallocated.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from llm_finops.demo.keys import INTERNAL, STAGING
from llm_finops.demo.prices import METERS, price
from llm_finops.demo.world import Request, requests_of

UNALLOCATED, NONE = "(unallocated)", "(none)"


class Owner(NamedTuple):
    """To whom a request's cost belongs, as far as log and rules can tell, and how that is found out."""

    customer: str
    feature: str
    environment: str
    cost_class: str
    method: str


def owner_of(request: Request) -> Owner:
    """The owner of a request's cost."""
    stream = request.stream
    if request.logged and request.customer:
        return Owner(request.customer, stream.feature, stream.environment, "cogs", "request_log")
    if stream.customer == INTERNAL and stream.environment == STAGING:
        return Owner(INTERNAL, NONE, STAGING, "opex", "rule")
    if stream.customer:
        return Owner(stream.customer, stream.feature, stream.environment, "cogs", "rule")
    return Owner(UNALLOCATED, NONE, stream.environment, "cogs", "unallocated")


def cost_of(request: Request, day: date) -> int:
    """What the provider charges for a request, in grains."""
    provider, model, tier = request.stream.provider, request.model, request.tier
    charged = ((tokens, meter) for tokens, meter in zip(request.tokens, METERS, strict=True) if tokens)
    return sum(tokens * price(provider, model, tier, meter, day) for tokens, meter in charged)


def cost_by_owner(day: date, provider: str) -> Counter[Owner]:
    """The day's cost at a provider by owner, in grains."""
    costs: Counter[Owner] = Counter()
    for request in requests_of(day):
        if request.stream.provider == provider:
            costs[owner_of(request)] += cost_of(request, day)
    return costs


def cost_by_key(day: date, provider: str) -> Counter[tuple[str, str | None, bool]]:
    """The day's cost by project, key (None: the console) and whether it was logged, in grains."""
    costs: Counter[tuple[str, str | None, bool]] = Counter()
    for request in requests_of(day):
        if request.stream.provider == provider:
            costs[request.stream.project.id, request.key_id, request.logged] += cost_of(request, day)
    return costs


def cost_by_customer(day: date, provider: str) -> Counter[str]:
    """The day's cost by customer, `internal` and `(unallocated)` among them, in grains."""
    return _summed((owner.customer, cost) for owner, cost in cost_by_owner(day, provider).items())


def cost_by_method(day: date, provider: str) -> Counter[str]:
    """The day's cost by how its owner is found, in grains."""
    return _summed((owner.method, cost) for owner, cost in cost_by_owner(day, provider).items())


def _summed(costs: Iterable[tuple[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name, cost in costs:
        total[name] += cost
    return total
