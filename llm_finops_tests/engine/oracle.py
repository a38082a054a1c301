"""The same reckoning in plain Python with Fractions, a request at a time: what the engine must equal."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

from llm_finops.core.records import ALL, NONE, Pool, Price, RequestQuantile, RequestTotal
from llm_finops_tests.engine.made import ACCOUNTS, Row

METERS = ("input_cache_read", "input_uncached", "output")


@dataclass
class Expected:
    """What a day must give."""

    totals: list[RequestTotal] = field(default_factory=list)
    quantiles: list[RequestQuantile] = field(default_factory=list)
    rows: int = 0
    duplicates: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)


@dataclass
class Request:
    at: datetime
    id: str | None
    operation: str | None
    account: str
    provider: str
    project: str
    model: str
    tier: str
    customer: str
    feature: str
    status: str
    meters: dict[str, int | None]
    text: bytes = b""
    closes: bool = True
    prices: dict[str, Price] = field(default_factory=dict)
    currency: str = NONE
    band: str = NONE
    cost: int | None = None


def expect(rows: Sequence[Row], prices: Sequence[Price], aliases: Mapping[str, str]) -> dict[str, Expected]:
    found: dict[str, Expected] = defaultdict(Expected)
    good: dict[str, list[Request]] = defaultdict(list)
    for row in rows:
        at = datetime.fromisoformat(str(row["ts"])).astimezone(UTC)
        day = found[at.date().isoformat()]
        day.rows += 1
        if reason := _fault(row):
            day.quarantined[reason] += 1
        else:
            good[at.date().isoformat()].append(_request(row, at, aliases))
    for day_, requests in good.items():
        kept = _without_repeats(requests, found[day_])
        for request in kept:
            _price(request, prices)
        dear = [r for r in kept if round(sum((_cost(r, m) for m in r.prices), Fraction(0))) >= 2**63]
        found[day_].quarantined += Counter({"list cost beyond 64 bits": len(dear)} if dear else {})
        kept = [request for request in kept if request not in dear]
        _close(kept)
        found[day_].totals = _totals(kept)
        found[day_].quantiles = _quantiles(kept)
    return found


def _number(text: str | None) -> int | None:
    return None if not text else int(text) if text.isascii() and text.isdigit() and int(text) < 2**63 else -1


def _fault(row: Row) -> str | None:
    for name, ours in (("cached", "input_cache_read"), ("prompt", "input_total"), ("completion", "output")):
        if _number(row[name]) == -1:
            return f"{ours} is not a whole number from 0 to 2^63-1"
    prompt = _number(row["prompt"])
    if prompt is not None and prompt < (_number(row["cached"]) or 0):
        return "input_total is less than its parts"
    return None


def _request(row: Row, at: datetime, aliases: Mapping[str, str]) -> Request:
    said = {name: value if value and value.strip() else None for name, value in row.items()}
    prompt, cached = _number(row["prompt"]), _number(row["cached"])
    model, provider = said["model"] or NONE, said["provider"] or NONE
    request = Request(
        at=at,
        id=said["request_id"],
        operation=said["op"],
        account=ACCOUNTS.get(provider, NONE),
        provider=provider,
        project=said["project"] or NONE,
        model=aliases.get(model, model),
        tier=said["tier"] if said["tier"] not in {None, "default", "auto"} else "standard",
        customer=said["customer"] or NONE,
        feature=said["feature"] or NONE,
        status=said["status"] or NONE,
        meters={
            "input_cache_read": cached,
            "input_uncached": None if prompt is None else prompt - (cached or 0),
            "output": _number(row["completion"]),
        },
    )
    request.text = json.dumps(_fields(request), separators=(",", ":"), ensure_ascii=False).encode()
    return request


def _fields(r: Request) -> dict[str, object]:
    moment = (r.at - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)
    return {
        "moment": moment,
        "id": r.id,
        "operation": r.operation,
        "account": r.account,
        "provider": r.provider,
        "project": r.project,
        "api_key": NONE,
        "model": r.model,
        "service_tier": r.tier,
        "customer": r.customer,
        "feature": r.feature,
        "environment": NONE,
        "actor": NONE,
        "status": r.status,
        **r.meters,
    }


def _without_repeats(requests: Sequence[Request], day: Expected) -> list[Request]:
    kept = [request for request in requests if request.id is None]
    groups: dict[tuple[str, str, str], list[Request]] = defaultdict(list)
    for request in requests:
        if request.id is not None:
            groups[request.account, request.provider, request.id].append(request)
    for group in groups.values():
        versions = {request.text: request for request in group}
        best = max(versions.values(), key=lambda r: (r.at, r.text))
        day.duplicates += len(group) - len(versions)
        if len(versions) > 1:
            day.quarantined["conflict"] += len(versions) - 1
        kept.append(best)
    return kept


def _holds(price: Price, request: Request, meter: str) -> bool:
    key = (price.provider, price.model, price.service_tier, price.meter)
    start, end = datetime.fromisoformat(price.valid_from), datetime.fromisoformat(price.valid_until)
    if key != (request.provider, request.model, request.tier, meter) or not start <= request.at < end:
        return False
    total = sum(request.meters[m] or 0 for m in ("input_cache_read", "input_uncached"))
    return {NONE: True, "0-200": total <= 200, "200-": total > 200}[price.context_band]


def _price(request: Request, prices: Sequence[Price]) -> None:
    for meter in METERS:
        for price in prices:
            if _holds(price, request, meter):
                request.prices[meter] = price
    lead = next((request.prices[m] for m in ("input_uncached", *METERS) if m in request.prices), None)
    if lead:
        request.currency, request.band = lead.currency, lead.context_band
        request.prices = {m: p for m, p in request.prices.items() if p.currency == lead.currency}
        said = [m for m in METERS if request.meters[m]]
        missing = request.meters["input_uncached"] is None or request.meters["output"] is None
        if not missing and all(m in request.prices for m in said):
            request.cost = round(sum((_cost(request, m) for m in said), Fraction(0)))


def _cost(request: Request, meter: str) -> Fraction:
    return Fraction((request.meters[meter] or 0) * request.prices[meter].price_nano, 1_000_000)


def _close(kept: Sequence[Request]) -> None:
    last: dict[str, Request] = {}
    for request in sorted(kept, key=lambda r: (r.at, (r.id or "").encode(), r.account, r.provider, r.text)):
        if request.operation is not None:
            if request.operation in last:
                last[request.operation].closes = False
            last[request.operation] = request


def _totals(kept: Sequence[Request]) -> list[RequestTotal]:
    groups: dict[tuple[object, ...], list[Request]] = defaultdict(list)
    for r in kept:
        pool = Pool(r.account, r.provider, r.project, NONE, r.model, r.tier, r.currency)
        groups[pool, r.band, r.customer, r.feature, NONE, NONE, r.status, r.closes].append(r)
    found = []
    for (*key, _), group in groups.items():
        meters: dict[str, list[int | None]] = {}
        for meter in METERS:
            if quantity := sum(r.meters[meter] or 0 for r in group):
                whole = all(meter in r.prices for r in group if r.meters[meter])
                meters[meter] = [quantity, None]
                if whole:
                    meters[meter][1] = round(sum((_cost(r, meter) for r in group if r.meters[meter]), Fraction(0)))
        costs = [cost for _, cost in meters.values()]
        total = None if None in costs else sum(cost for cost in costs if cost is not None)
        closed = sum(r.closes for r in group)
        text = json.dumps(meters, sort_keys=True, separators=(",", ":"))
        found.append(RequestTotal(*key, len(group), closed, total, text))  # type: ignore[arg-type, call-arg]
    return sorted(found, key=lambda t: (*t.pool, *t[1:7], t.operations))


def _quantiles(kept: Sequence[Request]) -> list[RequestQuantile]:
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for r in kept:
        if r.cost is not None:
            for grouping, key in (("all", ALL), ("customer", r.customer), ("feature", r.feature), ("model", r.model)):
                groups[grouping, key, r.currency].append(r.cost)
    return sorted(RequestQuantile(*key, len(costs), *_ranks(sorted(costs))) for key, costs in groups.items())


def _ranks(costs: Sequence[int]) -> tuple[int, int, int, int]:
    p50, p95, p99 = (costs[-(-q * len(costs) // 100) - 1] for q in (50, 95, 99))
    return p50, p95, p99, costs[-1]
