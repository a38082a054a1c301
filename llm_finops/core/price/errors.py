"""What can go wrong with prices."""


class PriceError(Exception):
    """Something cannot be priced; the message says what was seen, what was expected, and what to do."""


class PriceBookError(PriceError):
    """The rows of a price book contradict each other, or one cannot be read."""


class UnknownPrice(PriceError):
    """No price is known for this provider, model, tier and meter at that time."""
