"""Why a bill and the book part: what of the book, multiplied or taken from elsewhere, is the price the bill implies."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from llm_finops.core.audit.matching import Place
from llm_finops.core.meters import UNITS
from llm_finops.core.money import nano_text, round_half_even
from llm_finops.core.price import PriceBook, is_contract
from llm_finops.core.records import Price

SHARE = Fraction(1, 200)  # half a per cent: reports of usage and of cost are not always of one moment
PER = 10**6
EXACT = Fraction(1, 20_000)  # of a charge for several prices: a mix of right and wrong ones may come near a factor
_FACTORS = (100, 1_000, 1_000_000)
_MEANS = {100: "cents for dollars", 1_000: "per thousand for per million", 1_000_000: "per one for per million"}


class Reason(NamedTuple):
    """A short name to group by, and a sentence."""

    code: str
    words: str


UNKNOWN = Reason(
    "unknown",
    "nothing in the book explains it: see the provider's price page and your contract, and date the new price",
)
AT_LIST = Reason("list price", "the bill is at the provider's own list price: no contract is applied to it")
FREE = Reason("not charged", "the bill charges nothing for it: free of charge, or credited")


@dataclass(frozen=True)
class Seen:
    """What is billed for a quantity, and how far off it may be read: a unit of each line's last digit, a minor unit."""

    billed: int
    quantity: Fraction
    slack: int

    def is_near(self, expected: Fraction, share: Fraction = SHARE) -> bool:
        """Whether the bill is that amount, within half a per cent."""
        return abs(self.billed - expected) <= share * abs(expected)

    def is_small(self, expected: Fraction) -> bool:
        """Whether the difference says nothing: no more than the amounts' own digits, or a minor unit."""
        return abs(self.billed - expected) <= self.slack

    def is_at(self, price_nano: int) -> bool:
        """Whether the bill is the quantity at this price."""
        expected = price_nano * self.quantity / PER
        return self.is_near(expected) or (self.slack < abs(expected) / 10 and self.is_small(expected))

    @property
    def implied(self) -> Fraction:
        """The price a million that the bill implies, in nano-units."""
        return self.billed * PER / self.quantity

    @property
    def tidy(self) -> int:
        """The implied price with no more digits than the bill's own precision bears out, in nano-units."""
        implied, room = self.implied, Fraction(self.slack * PER) / self.quantity
        for digits in range(10):
            unit = int(10 ** (9 - digits))
            near = round_half_even(implied.numerator, implied.denominator * unit) * unit
            if abs(near - implied) <= min(room, abs(implied) / 1000):
                return near
        return round_half_even(implied.numerator, implied.denominator)


def factor(
    seen: Seen, expected: Fraction, share: Fraction = SHARE, factors: tuple[int, ...] = _FACTORS
) -> Reason | None:
    """A unit mistaken: the book's price is so many times the bill's, or the other way round."""
    for times in factors:
        what = f" ({_MEANS[times]}?)" if times in _MEANS else ""
        if seen.is_near(expected / times, share):
            return Reason(f"factor {times}", f"the book's price is {times:,} times the bill's{what}")
        if seen.is_near(expected * times, share):
            return Reason(f"factor 1/{times}", f"the bill's price is {times:,} times the book's{what}")
    return None


def of_price(
    seen: Seen, book: PriceBook, model: tuple[str, str], place: Place, price: Price, day: str, *, at_list: bool = False
) -> Reason:
    """The likely reason for one price of the book; UNKNOWN where there is none.

    `at_list`: the provider itself says that it bills its list price. Beside a contract that goes before any price that
    merely fits, but not before a unit mistaken in the contract.
    """
    if not seen.billed:
        return FREE
    expected = price.price_nano * seen.quantity / PER
    elsewhere = _elsewhere(seen, book, model, place, price, f"{day}T00:00:00Z")
    if at_list and is_contract(price):
        return factor(seen, expected) or AT_LIST
    # A tenth is what reading from a cache costs, too: that is looked for first.
    return factor(seen, expected) or next(elsewhere, None) or factor(seen, expected, factors=(10,)) or UNKNOWN


def _elsewhere(
    seen: Seen, book: PriceBook, model: tuple[str, str], place: Place, price: Price, at: str
) -> Iterator[Reason]:
    """Prices of the same model that fit: of another date, tier, length of context or meter."""
    rows = [row for row in book.rows_for([model]) if row.currency == price.currency and seen.is_at(row.price_nano)]
    of_tier = [row for row in rows if row.service_tier == price.service_tier]
    same = [row for row in of_tier if (row.meter, row.context_band) == (price.meter, price.context_band)]
    if is_contract(price) and any(not is_contract(row) for row in same):
        yield AT_LIST  # the list knows the price from before or after the contract
    for row in sorted((row for row in same if row.valid_until <= at), key=lambda row: row.valid_until, reverse=True):
        yield Reason("earlier price", f"the bill has the book's price of before {row.valid_until[:10]}{_of(row)}")
    for row in sorted((row for row in same if row.valid_from > at), key=lambda row: row.valid_from):
        yield Reason("later price", f"the bill has the price that the book knows from {row.valid_from[:10]}{_of(row)}")
    now = [row for row in rows if row.valid_from <= at < row.valid_until]
    for row in now:
        if row.meter == price.meter and row.service_tier != price.service_tier:
            yield Reason(f"tier {row.service_tier}", f"it is the price of the tier {row.service_tier}")
    for row in now:
        if (row.meter, row.service_tier) == (price.meter, price.service_tier) and row != price:
            yield Reason(f"band {row.context_band}", f"it is the price of a context of {row.context_band}")
    for row in now:
        if row.service_tier == price.service_tier and row.meter != price.meter and UNITS[row.meter] == place.unit:
            yield Reason(f"meter {row.meter}", f"it is the price of {row.meter}")


def _of(row: Price) -> str:
    return f", {nano_text(row.price_nano)} a million" + (" by contract" if is_contract(row) else "")


def constant(found: list[tuple[Seen, Fraction]]) -> Reason | None:
    """One rate off or on everything that is billed: of two charges or more, none of them at the book's price."""
    whole = sum((expected for _, expected in found), Fraction(0))
    billed = sum(seen.billed for seen, _ in found)
    if len(found) < 2 or whole <= 0 or billed <= 0:
        return None
    rate = Fraction(billed) / whole
    if not all(seen.is_near(rate * expected) or seen.is_small(rate * expected) for seen, expected in found):
        return None
    off = round_half_even(*((1 - rate) * 1000).as_integer_ratio())
    percent = f"{abs(off) // 10}.{abs(off) % 10}".removesuffix(".0")
    kind, done = ("discount", "below") if off > 0 else ("surcharge", "above")
    words = f"everything billed that day is {percent} % {done} the book's prices: a {kind} the book does not know"
    return Reason(f"{kind} {percent} %", words)
