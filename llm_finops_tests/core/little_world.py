"""A made-up day whose truth is known for each request, in exact fractions of a nano-unit.

`Day` holds the requests; `usage`, `lines` and `totals` are what a provider and a request log would say of
them, each at its own grain, and `truth` who caused what. It shares no arithmetic with the code it tests.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from llm_finops.core.allocate import Allocated, allocate
from llm_finops.core.records import ANY, NONE, REPORTED, USAGE, CostLine, Name, Pool, PricedUsage, RequestTotal
from llm_finops.core.settings import RequestSource, Settings

DAY = "2026-11-20"
OPENAI, ANTHROPIC = "openai", "anthropic"
WHOLE = ("project", "api_key", "model", "service_tier")
FAMILY = {"input_uncached": "input", "input_cache_read": "input_cache_read", "output": "output"}

# Nano-units per million tokens; batch is half of it.
LIST = {
    "m1": {"input_uncached": 1_250_000_000, "input_cache_read": 125_000_000, "output": 10_000_000_000},
    "m2": {"input_uncached": 250_000_000, "input_cache_read": 25_000_000, "output": 2_000_000_000},
    "m3": {"input_uncached": 3_000_000_000, "input_cache_read": 300_000_000, "output": 15_000_000_000},
}


@dataclass(frozen=True)
class Request:
    project: str
    api_key: str
    model: str
    tier: str
    customer: str
    feature: str
    environment: str
    meters: Mapping[str, int]

    @property
    def place(self) -> dict[str, str]:
        return dict(zip(WHOLE, (self.project, self.api_key, self.model, self.tier), strict=True))


def at_list(_model: str, _meter: str) -> Fraction:
    """Nothing off."""
    return Fraction(1)


def every(_request: Request) -> bool:
    """All requests."""
    return True


@dataclass
class Day:
    """A day of one account. `contract` is the part of the list price that is billed, by model and meter."""

    account: str
    requests: list[Request]
    contract: Callable[[str, str], Fraction] = at_list
    price_at: Callable[[str, str], Fraction] = at_list  # what the price book knows of the contract

    def billed(self, request: Request, meter: str) -> Fraction:
        """What the provider charges for one meter of a request, in nano-units, unrounded."""
        return self._list(request, meter) * self.contract(request.model, meter)

    def _list(self, request: Request, meter: str) -> Fraction:
        return Fraction(request.meters[meter] * LIST[request.model][meter], 10**6) / (
            2 if request.tier == "batch" else 1
        )

    def usage(self) -> list[PricedUsage]:
        """What the provider's usage report says, priced."""
        quantity: defaultdict[tuple[str, ...], int] = defaultdict(int)
        cost: defaultdict[tuple[str, ...], Fraction] = defaultdict(Fraction)
        for r in self.requests:
            for meter, count in r.meters.items():
                key = (r.project, r.api_key, NONE, r.model, r.tier, NONE, meter)
                quantity[key] += count
                cost[key] += self._list(r, meter) * self.price_at(r.model, meter)
        made = PricedUsage._make
        return [
            made((self.account, self.account, *key, "tokens", quantity[key], round(cost[key]), "USD"))
            for key in quantity
        ]

    def lines(self, by: Collection[str], meter_on_bill: Mapping[str, str] | None = None) -> list[CostLine]:
        """The bill, by these dimensions and the meters' names on it."""
        sums: defaultdict[tuple[str, ...], Fraction] = defaultdict(Fraction)
        for r in self.requests:
            for meter in r.meters:
                key = (*(value if name in by else ANY for name, value in r.place.items()),)
                sums[*key, (meter_on_bill or {}).get(meter, meter)] += self.billed(r, meter)
        names = (*WHOLE, "meter")
        return [line(self.account, round(nano), **dict(zip(names, key, strict=True))) for key, nano in sums.items()]

    def totals(self, mapped: Collection[str], of: Callable[[Request], bool] = every) -> list[RequestTotal]:
        """What a log that maps these dimensions has of the requests it saw."""
        sums: defaultdict[tuple[tuple[str, ...], ...], list[Request]] = defaultdict(list)
        for r in filter(of, self.requests):
            place = tuple(value if name in mapped else NONE for name, value in r.place.items())
            sums[place, (r.customer, r.feature, r.environment)].append(r)
        return [self._total(place, owner, found) for (place, owner), found in sums.items()]

    def _total(self, place: tuple[str, ...], owner: tuple[str, ...], found: list[Request]) -> RequestTotal:
        meters: dict[str, tuple[int, int]] = {}
        for meter in FAMILY:
            cost = sum((self._list(r, meter) * self.price_at(r.model, meter) for r in found), Fraction(0))
            meters[meter] = (sum(r.meters[meter] for r in found), round(cost))
        customer, feature, environment = owner
        known = dict(zip(WHOLE, place, strict=True))
        return total(self.account, customer, meters, feature=feature, environment=environment, **known)

    def truth(self, of: Callable[[Request], bool] = every) -> dict[str, Fraction]:
        """What each customer's requests really cost."""
        owed: defaultdict[str, Fraction] = defaultdict(Fraction)
        for r in filter(of, self.requests):
            owed[r.customer] += sum((self.billed(r, meter) for meter in r.meters), Fraction(0))
        return dict(owed)


def line(account: str, nano: int, **fields: Any) -> CostLine:
    """A cost line of the day, of usage unless `fields` say otherwise; its id says what it is of."""
    place = {name: fields.get(name, ANY) for name in (*WHOLE, "context_band", "meter")}
    said = {
        "line_id": "/".join([*place.values(), fields.get("basis", REPORTED)]),
        "line_item": f"{place['model']}, {place['meter']}",
        "quantity": None,
        "unit": None,
        "charge_category": USAGE,
        "charge_class": NONE,
        "basis": REPORTED,
        "currency": "USD",
        "billed_nano": nano,
        "provider_list_nano": None,
        "amount_text": str(nano),
        "tags": "{}",
        "period_from": DAY,
        "period_until": "2026-11-21",
        "invoice_line_id": None,
    }
    known: dict[str, Any] = {**said, **place, **fields}
    return CostLine(account=account, provider=account, amount_nano=nano, **known)


def usage(account: str, quantity: int, cost: int | None = None, **known: str) -> PricedUsage:
    """One usage row; `(none)` where nothing is said."""
    names = ("project", "api_key", "actor", "model", "service_tier", "context_band")
    place = [known.get(name, NONE) for name in names]
    meter, unit = known.get("meter", "output"), known.get("unit", "tokens")
    currency = known.get("currency", NONE if cost is None else "USD")
    return PricedUsage._make((account, account, *place, meter, unit, quantity, cost, currency))


def total(account: str, customer: str, meters: Mapping[str, tuple[int, int | None]], **known: str) -> RequestTotal:
    """One row of a request log: {meter: (quantity, list cost)}; `(none)` where nothing is said."""
    costs = [cost for _, cost in meters.values()]
    whole = None if None in costs else sum(cost or 0 for cost in costs)
    place = [known.get(name, NONE) for name in WHOLE]
    pool = Pool._make((account, account, *place, known.get("currency", NONE if whole is None else "USD")))
    owner = (customer, known.get("feature", "chat"), known.get("environment", NONE), known.get("actor", NONE))
    counted = (known.get("status", "ok"), 1, 1, whole, json.dumps(meters))
    return RequestTotal._make((pool, known.get("context_band", NONE), *owner, *counted, known.get("tags")))


def source(name: str, *mapped: str) -> RequestSource:
    """A request source that maps these dimensions."""
    return RequestSource(name, {dimension: dimension for dimension in mapped})


def run(
    account: str,
    lines: Iterable[CostLine],
    usage: Iterable[PricedUsage],
    totals: Mapping[str, list[RequestTotal]] | None = None,
    settings: Settings | None = None,
    *,
    names: Iterable[Name] = (),
    trace: bool = False,
) -> Allocated:
    """Allocate the day; a log called `log` that maps everything unless settings say otherwise."""
    known = settings or Settings(requests=(source("log", *WHOLE),))
    named = {account: tuple(names)}
    return allocate(DAY, account, list(lines), list(usage), totals or {}, settings=known, names=named, trace=trace)


def costs(done: Allocated, *fields: str) -> dict[tuple[str, ...], int]:
    """The allocated nano-units by these columns of the allocations (or of their pool)."""
    sums: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for row in done.allocations:
        found = {**row.pool._asdict(), **row._asdict()}
        sums[tuple(str(found[name]) for name in fields)] += row.cost_nano
    return dict(sums)


def made_up(account: str, seed: int, count: int = 400, batch: Callable[[str], bool] | None = None) -> Day:
    """A day of requests: ten customers of weights 1..10, four features, three models, keys k0..k4 in three projects."""
    random_ = random.Random(seed)
    customers = [f"c{n}" for n in range(1, 11)]
    requests = []
    for _ in range(count):
        customer = random_.choices(customers, weights=range(1, 11))[0]
        key = random_.choice(["k0", "k1", "k2", "k3", "k4"])
        tokens = {name: random_.randrange(1, 50_000) for name in FAMILY}
        tier = "batch" if (batch(customer) if batch else random_.random() < 0.2) else "standard"
        project, model = {"k0": "p0", "k3": "p0", "k1": "p1", "k4": "p1", "k2": "p2"}[key], random_.choice(list(LIST))
        requests.append(Request(project, key, model, tier, customer, f"f{random_.randrange(4)}", NONE, tokens))
    return Day(account, requests)
