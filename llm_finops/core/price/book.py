"""The price book: dated prices, resolved so that at most one holds for anything at any time.

A row holds for a request where provider, model, service tier and meter are equal, the instant is in
[valid_from, valid_until), and the request's whole input (every `input_*` meter) is in the band: low < input <= high.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import combinations

from llm_finops.core.meters import UNSPECIFIED, family_of
from llm_finops.core.price.bands import band_bounds, band_label, holds, meets
from llm_finops.core.price.errors import PriceBookError
from llm_finops.core.price.names import spellings
from llm_finops.core.records import NONE, STANDARD, Price

_CONTRACT = "contract:"
_DEFAULT_LIFE = f"{UNSPECIFIED}_5m"  # what a cache write is that does not say its life
_INSTANT_CHARACTERS = len("2026-01-01T00:00:00Z")

_Key = tuple[str, str, str, str]


class PriceBook:
    """Prices of every provider, a company's own before the list's. Immutable; built from rows in any order.

    `.rows` are the given rows with list rows cut where a contract row of the same name, tier and meter holds:
    disjoint, sorted, and a book of them is the same book. What an engine joins is `.rows_for` the names it met.
    Names are compared without regard to case, as providers do. PriceBookError where two rows of one kind overlap.
    """

    def __init__(self, rows: Iterable[Price]) -> None:
        self.rows: list[Price] = sorted(row for group in _grouped(rows).values() for row in _settled(group))
        self._by_name: dict[tuple[str, str], list[Price]] = defaultdict(list)
        for row in self.rows:
            self._by_name[row.provider, row.model.lower()].append(row)
        self._resolved: dict[tuple[str, str], dict[tuple[str, str], list[Price]]] = {}

    def find(self, provider: str, model: str, tier: str, band: str, meter: str, at: str) -> Price | None:
        """The price of a meter at an instant (2026-09-01T00:00:00Z) for usage of a band, or None: unpriced.

        A band meets by its low end; `(none)` meets the lowest. The tier `(none)` is priced as standard.
        What a caller should say of either can be seen from the price's own band and tier.
        """
        rows = self.in_force(provider, model, STANDARD if tier == NONE else tier, meter, at)
        return next((row for row in rows if meets(row.context_band, band)), None)

    def in_force(self, provider: str, model: str, tier: str, meter: str, at: str) -> list[Price]:
        """The prices of a meter at an instant, one a context band."""
        return [row for row in self._of(provider, model).get((tier, meter), ()) if is_in_force(row, at)]

    def band(self, provider: str, model: str, tier: str, at: str, input_total: int) -> str:
        """The band of a request by its whole input; `(none)` where its input has one price, or none is known.

        Uncached input decides, else the other meters, input first and by name.
        """
        meters = sorted((meter for of, meter in self._of(provider, model) if of == tier), key=_rank)
        rows = (row for meter in meters for row in self.in_force(provider, model, tier, meter, at))
        return next((row.context_band for row in rows if holds(row.context_band, input_total)), NONE)

    def rows_for(self, pairs: Iterable[tuple[str, str]]) -> list[Price]:
        """The rows that hold for these (provider, model) names, under these very names: for an exact join.

        A snapshot gets the rows of its pattern, and a cache write that does not say its life has the price of the
        default one, 5 minutes, where it has none of its own. Sorted; an unknown name has no row.
        """
        found = [self._of(*pair) for pair in set(pairs)]
        return sorted(row for of_model in found for rows in of_model.values() for row in rows)

    def models(self, provider: str) -> list[str]:
        """The names, snapshot patterns included, that the book has at a provider; sorted."""
        return sorted({row.model for (of, _), rows in self._by_name.items() if of == provider for row in rows})

    def providers(self) -> list[str]:
        """The providers the book has prices of; sorted."""
        return sorted({provider for provider, _ in self._by_name})

    def _of(self, provider: str, model: str) -> dict[tuple[str, str], list[Price]]:
        """Rows by (tier, meter) under a name, contract before list and the exact name before its pattern."""
        if (provider, model) not in self._resolved:
            by_meter: dict[tuple[str, str], list[Price]] = defaultdict(list)
            for row in self._resolve(provider, model):
                by_meter[row.service_tier, row.meter].append(row)
            self._resolved[provider, model] = dict(by_meter)
        return self._resolved[provider, model]

    def _resolve(self, provider: str, model: str) -> list[Price]:
        found = [_parted(self._by_name.get((provider, name), ())) for name in spellings(model)]
        # A list that knows the very name says all it knows there: of two of its models it prices one.
        listed: list[Price] = next((rows for _, rows in found if rows), [])
        named = [[row._replace(model=model) for row in rows] for rows in (*(own for own, _ in found), listed)]
        rows = _overlay(named)
        unsaid = [row._replace(meter=UNSPECIFIED) for row in rows if row.meter == _DEFAULT_LIFE]
        return _overlay([rows, unsaid])


def is_contract(price: Price) -> bool:
    """Whether the price is the company's own."""
    return price.source.startswith(_CONTRACT)


def is_in_force(price: Price, at: str) -> bool:
    """Whether a price holds at an instant."""
    return price.valid_from <= _second(at) < price.valid_until


def overlapping(rows: Iterable[Price]) -> tuple[Price, Price] | None:
    """Two rows that hold for one thing at one time, whatever they say, the first such pair; or None."""
    for group in _grouped(rows).values():
        for one, other in combinations(sorted(group), 2):
            if _cut(one, other) != [one]:
                return one, other
    return None


def _grouped(rows: Iterable[Price]) -> dict[_Key, list[Price]]:
    groups: dict[_Key, list[Price]] = defaultdict(list)
    for row in set(rows):
        groups[_key(row)].append(row)
    return groups


def _settled(group: list[Price]) -> list[Price]:
    """The rows of one name, tier and meter, the list's cut around the contract's."""
    if len(group) == 1:
        return group
    own, listed = _parted(sorted(group))
    if two := overlapping(own) or overlapping(listed):
        raise PriceBookError(f"two prices hold at once: {_said(two[0])}; {_said(two[1])}; end one or drop it")
    return _overlay([own, listed]) if own else listed


def _parted(rows: Iterable[Price]) -> tuple[list[Price], list[Price]]:
    own: list[Price] = []
    listed: list[Price] = []
    for row in rows:
        (own if is_contract(row) else listed).append(row)
    return own, listed


def _overlay(layers: Sequence[Iterable[Price]]) -> list[Price]:
    """Rows of all layers, each cut where a row of an earlier layer holds for the same."""
    kept: dict[_Key, list[Price]] = defaultdict(list)
    for layer in layers:
        fresh: list[Price] = []
        for row in layer:
            parts = [row]
            for above in kept.get(_key(row), ()):
                parts = [rest for part in parts for rest in _cut(part, above)]
            fresh += parts
        for part in fresh:
            kept[_key(part)].append(part)
    return [row for rows in kept.values() for row in rows]


def _cut(row: Price, by: Price) -> list[Price]:
    """What of a row's time and band lies outside another's."""
    start, end = max(row.valid_from, by.valid_from), min(row.valid_until, by.valid_until)
    (bottom, top), (low, high) = band_bounds(row.context_band), band_bounds(by.context_band)
    low, high = max(low, bottom), min(high, top)
    if start >= end or low >= high:
        return [row]
    times = [(row.valid_from, start, bottom, top), (end, row.valid_until, bottom, top)]
    bands = [(start, end, bottom, low), (start, end, high, top)]
    return [
        row._replace(valid_from=since, valid_until=until, context_band=band_label(least, most))
        for since, until, least, most in (*times, *bands)
        if since < until and least < most
    ]


def _key(row: Price) -> _Key:
    return row.provider, row.model.lower(), row.service_tier, row.meter


def _rank(meter: str) -> tuple[bool, bool, bytes]:
    return family_of(meter) != "input", meter != "input_uncached", meter.encode()


def _second(at: str) -> str:
    """An instant as the book writes it; prices change at whole seconds only, so a fraction decides nothing."""
    if len(at) == _INSTANT_CHARACTERS and at.endswith("Z"):
        return at
    moment = datetime.fromisoformat(at)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _said(price: Price) -> str:
    known = f"{price.provider} {price.model} {price.service_tier} {price.context_band} {price.meter}"
    return f"{known} from {price.valid_from} until {price.valid_until} ({price.source})"
