"""What really happened at the company, request by request: the truth that everything else is made from.

A day is a pure function of the seed and its date, so that tomorrow's window agrees with today's wherever they overlap.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from llm_finops.demo.company import CUSTOMERS, OPENED
from llm_finops.demo.keys import ANTHROPIC, BATCH, OPENAI, STANDARD
from llm_finops.demo.streams import STREAMS, Stream

SEED = 1815
DAY_MS = 86_400_000

# By weekday, Monday first; by hour of the day (UTC), in shares.
_WEEKDAY = (1020, 1060, 1080, 1050, 980, 720, 680)
_HOURS = (2, 1, 1, 1, 2, 3, 6, 12, 20, 26, 28, 26, 22, 27, 30, 28, 25, 20, 14, 10, 8, 6, 4, 3)
_NIGHT = (10, 30, 40, 25, 8, 2, *([0] * 17), 3)
_LATE = 30  # per mille of requests that a provider reports only when the day is settled
_LAG_MS = {OPENAI: 30 * 60_000, ANTHROPIC: 5 * 60_000}
_SETTLE = {OPENAI: timedelta(hours=24), ANTHROPIC: timedelta(hours=6)}  # after the day's end


class Window(NamedTuple):
    """The days up to `until`, that one included."""

    until: date
    days: int = 90

    @property
    def first(self) -> date:
        """The first day."""
        return self.until - timedelta(days=self.days - 1)

    def dates(self) -> Iterator[date]:
        """The days in order."""
        return (self.first + timedelta(days=n) for n in range(self.days))


class Request(NamedTuple):
    """One request and everything about it, what the providers and the log never say included.

    `tokens` are by prices.METERS and disjoint. `customer` is whom it served, None where nobody was.
    """

    id: str
    at_ms: int  # since 1970, UTC
    stream: Stream
    model: str
    tier: str
    customer: str | None
    operation: str
    status: str  # ok, retried (failed, and made again) or error (failed for good)
    tokens: tuple[int, int, int, int, int]
    logged: bool
    late: bool

    @property
    def key_id(self) -> str | None:
        """The id of the key it was made with; None in the provider's console."""
        return self.stream.key.id if self.stream.key else None


@lru_cache(maxsize=8)
def requests_of(day: date, seed: int = SEED) -> tuple[Request, ...]:
    """All requests of a UTC day at both providers, in order of their time; none before the company opened."""
    if day < OPENED:
        return ()
    made = [request for stream in STREAMS for request in _requests(stream, day, seed)]
    return tuple(sorted(made, key=lambda request: (request.at_ms, request.id)))


def settled_at(provider: str, day: date) -> datetime:
    """From when on the provider's answer for a day no longer changes."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) + _SETTLE[provider]


def visible(request: Request, now: datetime) -> bool:
    """Whether the provider's usage and costs hold the request yet."""
    provider = request.stream.provider
    if request.late:
        return now >= settled_at(provider, datetime.fromtimestamp(request.at_ms // 1000, UTC).date())
    return request.at_ms + _LAG_MS[provider] <= int(now.timestamp()) * 1000


def _requests(stream: Stream, day: date, seed: int) -> Iterator[Request]:
    rng = Random(f"{seed} {day.isoformat()} {stream.name}")  # noqa: S311  (a made-up world is meant to be guessable)
    customers, weights = _served(stream, day)
    hours = list(accumulate(_NIGHT if stream.batch >= 500 else _HOURS))
    midnight = (day - date(1970, 1, 1)).days * DAY_MS
    place = f"{stream.name}_{day:%y%m%d}"
    number = 0
    for n in range(_operations(stream, day, rng)):
        operation = f"op_{place}_{n:04d}"
        customer = customers[_pick(rng, weights)] if customers else stream.customer
        at = midnight + _pick(rng, hours) * 3_600_000 + int(rng.random() * 3_500_000)
        tier = BATCH if _by_chance(rng, stream.batch) else STANDARD
        for step in range(1 + int(rng.random() * stream.steps)):
            for status in _statuses(rng):
                model, tokens = _work(stream, rng, status, step)
                logged, late = _by_chance(rng, stream.logged), _by_chance(rng, _LATE)
                name = f"req_{place}_{number:05d}"
                yield Request(name, at, stream, model, tier, customer, operation, status, tokens, logged, late)
                at = min(at + 1_000 + int(rng.random() * 9_000), midnight + DAY_MS - 1)
                number += 1


def _served(stream: Stream, day: date) -> tuple[list[str], list[int]]:
    """Who may be served, with weights summed up; each customer grows busier and quieter in its own time."""
    if stream.customer or not stream.served:
        return [], []
    able = [customer for customer in CUSTOMERS if stream.feature in customer.plan.features]
    weights = []
    for customer in able:
        phase = (day.toordinal() + 17 * CUSTOMERS.index(customer)) % 56
        weights.append(customer.weight * (900 + 8 * min(phase, 56 - phase)))
    return [customer.id for customer in able], list(accumulate(weights))


def _operations(stream: Stream, day: date, rng: Random) -> int:
    age = min((day - OPENED).days, 800)
    grown = 700 + age * 400 // 800
    weekday = _WEEKDAY[day.weekday()] if stream.served else 1000
    return stream.operations * grown * weekday * (940 + int(rng.random() * 120)) // 10**9


def _statuses(rng: Random) -> tuple[str, ...]:
    """What becomes of one step: nearly always ok; else made again, once or twice, or given up."""
    chance = rng.random()
    if chance < 0.955:
        return ("ok",)
    if chance < 0.985:
        return ("retried", "ok")
    return ("retried", "retried", "ok") if chance < 0.99 else ("error",)


def _work(stream: Stream, rng: Random, status: str, step: int) -> tuple[str, tuple[int, int, int, int, int]]:
    """The model and tokens by meter. Half of the failed requests were charged for their input, none for output."""
    model = _model(stream, int(rng.random() * 1000))
    prompt, output = _size(rng, stream.prompt) * (10 + 3 * step) // 10, _size(rng, stream.output)
    read = _part(rng, prompt, stream.cached) // 128 * 128
    written = _part(rng, prompt - read, stream.written)
    if status != "ok":
        output = 0
        if rng.random() < 0.5:
            return model, (0, 0, 0, 0, 0)
    long_lived = written if rng.random() < 0.2 else 0
    return model, (prompt - read - written, read, written - long_lived, long_lived, output)


def _model(stream: Stream, chance: int) -> str:
    for model, share in stream.models:
        chance -= share
        if chance < 0:
            return model
    raise ValueError(f"the models of {stream.name} have shares of less than 1000 per mille")


def _size(rng: Random, bounds: tuple[int, int]) -> int:
    low, high = bounds
    chance = rng.random()
    return low + int((high - low) * chance * chance * chance)


def _part(rng: Random, whole: int, per_mille: int) -> int:
    """A share around so many per mille; nothing is drawn where there is none."""
    return whole * min(int(per_mille * 2 * rng.random()), 950) // 1000 if per_mille else 0


def _by_chance(rng: Random, per_mille: int) -> bool:
    return per_mille > 0 and (per_mille >= 1000 or rng.random() * 1000 < per_mille)


def _pick(rng: Random, summed: list[int]) -> int:
    return bisect_right(summed, rng.random() * summed[-1])
