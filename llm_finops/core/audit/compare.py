"""Compare: what a charge implies, beside the book; where one charge is for several prices, which of them is off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from llm_finops.core.audit.booked import Booked, booked
from llm_finops.core.audit.matching import Charge, Key, Place
from llm_finops.core.audit.reasons import AT_LIST, EXACT, PER, UNKNOWN, Reason, Seen, factor, of_price
from llm_finops.core.derived import DIFFERS, MATCHED, NOT_COMPARABLE, UNPRICED
from llm_finops.core.money import Money
from llm_finops.core.price import PriceBook
from llm_finops.core.records import NONE

TOO_LITTLE = "too little to tell"
_SURE = (NOT_COMPARABLE, MATCHED, UNPRICED, DIFFERS)


class Compared(NamedTuple):
    """A charge beside the book. `expected` is at the book's prices, in nano; None: it has none, or not for all."""

    key: Key
    seen: Seen
    expected: Fraction | None
    state: str
    reason: Reason
    prices: tuple[Booked, ...]
    listed: int | None  # the whole charge at list, as the provider itself says


@dataclass(frozen=True)
class Comparer:
    """Compares the charges of one day."""

    book: PriceBook
    day: str
    grain: Mapping[str, int]

    def compare(self, key: Key, charge: Charge) -> list[Compared]:
        """The charge as one, or as the part that is off or unpriced and the rest, taken at the book's prices."""
        model = (key.provider, key.model)
        prices = {
            place: booked(self.book, model, place, self.day, tier_untold=charge.tier_untold) for place in charge.used
        }
        unpriced = [place for place, found in prices.items() if found.price is None]
        whole = self._whole(key, charge, prices)
        if len(prices) == 1 or not self._is_of_its_usage(charge):
            return [whole]
        if len(unpriced) == 1:
            return self._parted(key, charge, prices, unpriced[0]) or [whole]
        if whole.state == DIFFERS and whole.reason == UNKNOWN:
            parted = [self._parted(key, charge, prices, place) for place in prices]
            named = [parts for parts in parted if parts and parts[0].state == DIFFERS and parts[0].reason != UNKNOWN]
            loose = whole.expected is not None and factor(whole.seen, whole.expected)
            return named[0] if len(named) == 1 else [whole._replace(reason=loose or UNKNOWN)]
        return [whole]

    def _whole(self, key: Key, charge: Charge, prices: Mapping[Place, Booked]) -> Compared:
        used = sum(charge.used.values())
        seen = self._seen(key, charge, charge.billed, charge.given or Fraction(used))
        found = tuple(prices.values())

        def compared(state: str, code: str, expected: Fraction | None = None, by: Seen = seen) -> Compared:
            return Compared(key, by, expected, state, Reason(code, ""), found, charge.listed)

        if any(of.price is None for of in found):
            alone = len(found) == 1
            return compared(UNPRICED if alone else NOT_COMPARABLE, NONE if alone else "partly unpriced")
        if any(of.price and of.price.currency != key.currency for of in found):
            return compared(NOT_COMPARABLE, "billed in another currency")
        at_book, low, high = (self._sum(charge, prices, which) for which in ("price", "low", "high"))
        by_usage = self._seen(key, charge, charge.billed, Fraction(used))
        for by in (seen, by_usage):
            expected = at_book * by.quantity / used
            if by.is_near(expected):
                return compared(MATCHED, NONE, expected, by)
        scale = seen.quantity / used
        expected = at_book * scale
        if seen.is_small(expected):
            return compared(NOT_COMPARABLE, TOO_LITTLE, expected)
        if low * scale - seen.slack <= charge.billed <= high * scale + seen.slack and low < high:
            return compared(NOT_COMPARABLE, next(of.why for of in found if of.why), expected)
        if charge.billed < 0:
            return compared(NOT_COMPARABLE, "credited", expected)
        if len(found) > 1 and not self._is_of_its_usage(charge):
            return compared(NOT_COMPARABLE, "the bill is for another quantity than the usage report's", expected)
        at_list = bool(charge.listed) and seen.is_near(Fraction(charge.listed or 0))
        reason = self._reason(key, prices, seen, expected, at_list=at_list)
        if reason == UNKNOWN and at_list:
            reason = AT_LIST
        return compared(DIFFERS, NONE, expected)._replace(reason=reason)

    def _reason(
        self, key: Key, prices: Mapping[Place, Booked], seen: Seen, expected: Fraction, *, at_list: bool
    ) -> Reason:
        ((place, found), *others) = prices.items()
        if others or found.price is None:
            return factor(seen, expected, EXACT) or UNKNOWN
        model = (key.provider, key.model)
        return of_price(seen, self.book, model, place, found.price, self.day, at_list=at_list)

    def _parted(self, key: Key, charge: Charge, prices: Mapping[Place, Booked], off: Place) -> list[Compared]:
        """One place with what the others, at the book's prices, leave of the bill; [] where they leave nothing."""
        others = {place: found for place, found in prices.items() if place != off}
        rest = Charge(lines=charge.lines, given=None, listed=None)
        for place in others:
            rest.used[place] = charge.used[place]
        if any(found.price is None or found.price.currency != key.currency for found in others.values()):
            return []
        rest.billed = round(self._sum(rest, others, "price"))
        alone = Charge(charge.billed - rest.billed, charge.lines, given=None, listed=None)
        alone.used[off] = charge.used[off]
        if alone.billed <= 0:
            return []
        named = key._replace(service_tier=off.service_tier, context_band=off.context_band, meter=off.meter)
        left = self._whole(key, rest, others)._replace(
            state=NOT_COMPARABLE, reason=Reason("taken at the book's prices, to find the price of the rest", "")
        )
        return [self._whole(named, alone, {off: prices[off]}), left]

    def _sum(self, charge: Charge, prices: Mapping[Place, Booked], which: str) -> Fraction:
        """The usage at the book's prices, unrounded, in nano-units."""
        nano = 0
        for place, quantity in charge.used.items():
            found = prices[place]
            price = found.price.price_nano if found.price else 0
            nano += quantity * {"price": price, "low": found.low, "high": found.high}[which]
        return Fraction(nano, PER)

    def _seen(self, key: Key, charge: Charge, billed: int, quantity: Fraction) -> Seen:
        digit, minor = self.grain.get(key.currency, 1), Money.of_minor(1, key.currency).nano
        return Seen(billed, quantity, max(charge.lines * digit, minor))

    def _is_of_its_usage(self, charge: Charge) -> bool:
        used = sum(charge.used.values())
        return not charge.given or abs(charge.given - used) * 200 <= used


def merged(parts: Iterable[Compared]) -> list[Compared]:
    """One of each key: a price found inside a charge for several may be charged by itself elsewhere."""
    found: dict[Key, Compared] = {}
    for part in parts:
        found[part.key] = _both(found[part.key], part) if part.key in found else part
    return list(found.values())


def _both(one: Compared, other: Compared) -> Compared:
    sure = max((one, other), key=lambda part: (_SURE.index(part.state), part.seen.billed, part.reason))
    a, b = one.seen, other.seen
    seen = Seen(a.billed + b.billed, a.quantity + b.quantity, a.slack + b.slack)
    expected = one.expected + other.expected if one.expected is not None and other.expected is not None else None
    return sure._replace(seen=seen, expected=expected, listed=None)
