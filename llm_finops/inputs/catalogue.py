"""List prices of every provider: the catalogue of the installed genai-prices package, as rows of the price book.

A row is there only for what the catalogue itself says, from the day it says it:

- A tier (batch, flex, priority, fast) has the prices that the catalogue names for that tier, from the date it names
  them; a meter it names none for is not in the tier. Tools are charged per call in every tier it names at all.
- A meter without a price of its own has the one of the wider kind it belongs to, as the catalogue reckons: cached
  input that of input, 5-minute cache writes that of cache writes, images that of tokens. Not so 1-hour cache writes
  and audio: both cost more than the wider kind, and where the catalogue lacks their price it is not known.
- A provider that resells another's models (Azure, Google) has the other's standard prices for those it does not list.
- Left out: models priced by the time of day (some of deepseek's), and models with a charge that no meter of ours
  tells apart (a fee a request, reasoning at another price than output). A price file can give them.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from llm_finops.core.records import STANDARD, Price
from llm_finops.inputs.catalogue_names import ModelNames
from llm_finops.inputs.catalogue_prices import Span, spans

if TYPE_CHECKING:
    from genai_prices.types import Provider

_CURRENCY = "USD"  # the catalogue has no other


def seed() -> tuple[list[Price], list[str]]:
    """The catalogue's prices, sorted, and a message for each that is finer than the book and was rounded.

    Names of models are exact, or stand for dated snapshots (see core.price.names). No network, no clock.
    """
    from genai_prices.data import providers

    source = f"list:genai-prices {version('genai-prices')}"
    listed = {provider.id: _Listed(provider) for provider in providers}
    rows = [
        Price(provider, name, *span[:3], _CURRENCY, *span[3:], source)
        for provider, of in listed.items()
        for name, span in (*of.prices(), *of.resold([listed[other] for other in of.resells]))
    ]
    return sorted(rows), sorted({message for of in listed.values() for message in of.rounded})


class _Listed:
    """What the catalogue lists of a provider."""

    def __init__(self, provider: "Provider") -> None:
        self.resells = provider.fallback_model_providers or ()
        self.names = ModelNames(provider)
        self.rounded: list[str] = []
        self._spans: list[tuple[list[str], list[Span]]] = []
        for number, model in enumerate(provider.models):
            found, rounded = spans(model)
            self._spans.append((self.names.of(number), found))
            self.rounded += [f"{provider.id} {model.id} {message}" for message in rounded]

    def prices(self) -> Iterator[tuple[str, Span]]:
        """Each name with each of its prices."""
        for names, of_model in self._spans:
            yield from ((name, span) for name in names for span in of_model)

    def resold(self, others: Sequence["_Listed"]) -> Iterator[tuple[str, Span]]:
        """The standard prices of other providers' models, under names that mean none of this one's."""
        known = {name.lower() for names, _ in self._spans for name in names}
        for other in others:
            found = [
                (name, span)
                for name, span in other.prices()
                if span.tier == STANDARD and name.lower() not in known and self.names.find(name) is None
            ]
            yield from found
            known |= {name.lower() for name, _ in found}
