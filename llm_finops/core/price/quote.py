"""What one request costs, exactly: for people at a command line, unrounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from llm_finops.core.meters import family_of
from llm_finops.core.money import decimal_text, nano_text
from llm_finops.core.price.bands import holds
from llm_finops.core.price.book import PriceBook
from llm_finops.core.price.errors import UnknownPrice
from llm_finops.core.price.unknown import no_meter, require_known
from llm_finops.core.records import NONE, Price

_EXPONENT = -15  # nano-units a million: 1e-9 x 1e-6


@dataclass(frozen=True, slots=True)
class Quote:
    """The exact cost of each meter of a request and its sum, in units of the currency, with the prices used."""

    currency: str  # (none) where nothing was asked for
    total: Decimal
    meters: dict[str, Decimal]
    prices: dict[str, Price]

    def text(self, amount: Decimal) -> str:
        """An amount as plain decimal text, every digit of it."""
        return decimal_text(amount)

    def rate(self, price: Price) -> str:
        """A price in units of its currency per million, as plain decimal text."""
        return nano_text(price.price_nano)

    def as_json(self) -> dict[str, object]:
        """For scripts: amounts as decimal strings, and which price was used for each meter."""
        prices = {
            meter: {**price._asdict(), "price_per_million": self.rate(price)} for meter, price in self.prices.items()
        }
        meters = {meter: self.text(amount) for meter, amount in self.meters.items()}
        return {"currency": self.currency, "total": self.text(self.total), "meters": meters, "prices": prices}


def quote(book: PriceBook, provider: str, model: str, tier: str, at: str, meters: Mapping[str, int]) -> Quote:
    """Price the meters of one request at an instant (2026-09-01T00:00:00Z), unrounded, in the band of its whole input.

    Raises UnknownPrice, saying what is known instead, for a model or tier that is unknown then, for a meter with a
    quantity but no price, and where prices are in more than one currency.
    """
    require_known(book, provider, model, tier, at)
    total = sum(quantity for meter, quantity in meters.items() if family_of(meter) == "input")
    prices, exact = {}, {}
    for meter, quantity in meters.items():
        in_force = book.in_force(provider, model, tier, meter, at)
        price = next((row for row in in_force if holds(row.context_band, total)), None)
        if price is not None:
            prices[meter], exact[meter] = price, quantity * price.price_nano
        elif quantity:
            raise no_meter(book.rows_for([(provider, model)]), tier, at, meter)
    currencies = sorted({price.currency for price in prices.values()}) or [NONE]
    if len(currencies) > 1:
        said = ", ".join(f"{meter} in {price.currency}" for meter, price in prices.items())
        raise UnknownPrice(f"no total for {provider} {model} ({tier}) at {at}: {said}; price it in one currency")
    amounts = {meter: _amount(number) for meter, number in exact.items()}
    return Quote(currencies[0], _amount(sum(exact.values())), amounts, prices)


def _amount(millionths: int) -> Decimal:
    """Millionths of a nano-unit as units: exact, whatever the precision of the decimal context."""
    sign, digits, _ = Decimal(millionths).as_tuple()
    return Decimal((sign, digits, _EXPONENT))
