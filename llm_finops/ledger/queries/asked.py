"""What a page was asked to show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """A period, a currency, and filters. Days are inclusive (UTC, ISO); None: not filtered.

    The currency is always one: amounts of two are never added. A filter that a fact knows nothing of does not apply
    to it, and each query says which do.
    """

    first: str
    last: str
    currency: str
    provider: str | None = None
    environment: str | None = None
    customer: str | None = None
    feature: str | None = None
