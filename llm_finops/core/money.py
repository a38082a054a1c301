"""Money: an exact decimal amount of one currency, booked as whole nano-units (1e-9).

No float ever enters: amounts come as text (or Decimal, int) from the provider, and a constructor
names the unit (`of` major units, `of_minor` cents), so that nobody reads cents as dollars.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)

NANO = 1_000_000_000
BIGINT = 2**63 - 1  # what a signed 64-bit column holds

# A private context: the shared one rounds at 28 digits, and changing it would change everyone's arithmetic.
_EXACT = Context(prec=400, traps=[InvalidOperation, DivisionByZero, Overflow])
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_DIGITS_MAX = 60

# ISO 4217: the currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


class MoneyError(ValueError):
    """An amount or currency that cannot be booked exactly."""


def exact(value: object) -> Decimal:
    """The number a provider wrote, exactly: text, int or Decimal; never a float, NaN or infinity.

    Raises MoneyError with what was seen. Thousands separators, underscores, spaces, currency signs
    and non-ASCII digits are refused rather than guessed at.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise MoneyError(f"expected a decimal number as text, saw {value!r} ({type(value).__name__})")
    text = str(value) if not isinstance(value, int) or abs(value) < 10**_DIGITS_MAX else "too many digits"
    if len(text) > _DIGITS_MAX + 40 or not _NUMBER.fullmatch(text):
        raise MoneyError(f"expected a decimal number such as 12.50, saw {text[:80]!r}")
    number = _EXACT.create_decimal(text)
    if number and abs(number.adjusted()) > _DIGITS_MAX:
        raise MoneyError(f"expected an amount of at most {_DIGITS_MAX} digits, saw {text[:80]!r}")
    return number


def currency_code(text: object) -> str:
    """A currency as ISO 4217 writes it: providers send `usd`, the ledger holds `USD`."""
    code = text.upper() if isinstance(text, str) else ""
    if not _CURRENCY.fullmatch(code):
        raise MoneyError(f"expected a three-letter currency code, saw {text!r}")
    return code


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares of `amount` by largest remainder; they add up to it, to the last unit.

    A mirrored amount gets the mirrored shares, weight 0 gets 0, and ties go to the earlier weight:
    so callers sort by the bytes of their rows' key first. ValueError unless all weights are >= 0
    and one is above.
    """
    total, size = sum(weights), abs(amount)
    if total <= 0 or min(weights) < 0:
        raise ValueError(f"split needs weights of at least 0, one of them above; saw {list(weights)[:8]}")
    shares, rests = [], []
    for weight in weights:
        share, rest = divmod(size * weight, total)
        shares.append(share)
        rests.append(rest)
    missing = size - sum(shares)
    if missing:
        for i in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:missing]:
            shares[i] += 1
    return shares if amount >= 0 else [-share for share in shares]


def round_half_even(numerator: int, denominator: int) -> int:
    """Numerator / denominator as a whole number, halves to the even neighbour. The denominator is above 0."""
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        whole += 1
    return whole


def fits(nano: int) -> int:
    """The same number, if a 64-bit column holds it; MoneyError otherwise (never a wrap)."""
    if not -BIGINT <= nano <= BIGINT:
        raise MoneyError(f"{nano} nano-units do not fit a 64-bit column (9.2e9 units at most)")
    return nano


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount of one currency. Adding two currencies raises; nothing rounds but `.nano`."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise MoneyError(f"Money takes a finite Decimal, not {self.amount!r}; use Money.of or Money.of_minor")
        currency_code(self.currency)

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> "Money":
        """Major units: Money.of("4", "USD") is four dollars."""
        return cls(exact(amount), currency_code(currency))

    @classmethod
    def of_minor(cls, amount: str | int | Decimal, currency: str) -> "Money":
        """Minor units, fractions allowed: Money.of_minor("123.45", "USD") is $1.2345; yen have none."""
        code = currency_code(currency)
        return cls(exact(amount).scaleb(-_MINOR_DIGITS.get(code, 2), _EXACT), code)

    @classmethod
    def of_nano(cls, nano: int, currency: str) -> "Money":
        """As the ledger books it: whole nano-units."""
        return cls(Decimal(nano).scaleb(-9, _EXACT), currency_code(currency))

    @property
    def nano(self) -> int:
        """Whole nano-units, finer digits rounded half-even; MoneyError where 64 bits do not hold it."""
        scaled = self.amount.scaleb(9, _EXACT)
        return fits(int(scaled.to_integral_value(ROUND_HALF_EVEN, _EXACT)))

    def split(self, weights: Sequence[int]) -> "list[Money]":
        """Shares by largest remainder that add up to the whole; ties to the earlier weight.

        The unit is the nano, or the amount's own last digit where that is finer. ValueError as `split`.
        """
        exponent = min(-9, int(self.amount.as_tuple().exponent))
        units = int(self.amount.scaleb(-exponent, _EXACT))
        return [Money(Decimal(share).scaleb(exponent, _EXACT), self.currency) for share in split(units, weights)]

    def __add__(self, other: "Money") -> "Money":
        return Money(_EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(_EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(self.amount.copy_negate(), self.currency)

    def _same(self, other: "Money") -> Decimal:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise MoneyError(f"cannot combine {self} with {other!r}: convert at a dated rate first")
        return other.amount

    def __str__(self) -> str:
        return f"{decimal_text(self.amount)} {self.currency}"


def decimal_text(amount: Decimal) -> str:
    """A plain decimal without exponent or trailing zeros: 0.054399, 4, -1.5."""
    with localcontext(_EXACT):
        text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def nano_text(nano: int) -> str:
    """Whole nano-units as plain decimal units: 54399000 is 0.054399."""
    return decimal_text(Decimal(nano).scaleb(-9, _EXACT))


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero of it where there are none."""
    result = Money(Decimal(0), currency)
    for amount in amounts:
        result += amount
    return result
