"""What to say of a price that is not known: what was asked, what the book knows instead, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

from llm_finops.core.price.book import PriceBook, is_in_force
from llm_finops.core.price.errors import UnknownPrice
from llm_finops.core.records import BEGINNING, FOREVER, Price

_SHOWN = 6
_DO = "give its price in a price file, or map its name to a known one in [models]"


def require_known(book: PriceBook, provider: str, model: str, tier: str, at: str) -> None:
    """UnknownPrice unless some meter of the model has a price in this tier at this time."""
    rows = book.rows_for([(provider, model)])
    if not rows:
        raise UnknownPrice(f"no price for {provider} {model}: {_no_name(book, provider, model)}; {_DO}")
    known = {row.service_tier for row in rows if is_in_force(row, at)}
    if tier not in known:
        raise UnknownPrice(
            f"no {tier} price for {provider} {model} at {at}: tiers known then are {_list(known) or 'none'}"
            f"{_since(tier, (row for row in rows if row.service_tier == tier))}; another tier's price is never taken, "
            "so give this one in a price file"
        )


def no_meter(rows: Iterable[Price], tier: str, at: str, meter: str) -> UnknownPrice:
    """The error for a meter without a price, of a model (its rows) and tier that have others at this time."""
    of_tier = [row for row in rows if row.service_tier == tier]
    now = [row for row in of_tier if is_in_force(row, at)]
    since = _since(meter, (row for row in of_tier if row.meter == meter))
    return UnknownPrice(
        f"no price of {meter} for {now[0].provider} {now[0].model} ({tier}) at {at}: meters priced then are "
        f"{_list({row.meter for row in now})}{since}; give it in a price file"
    )


def _no_name(book: PriceBook, provider: str, model: str) -> str:
    if provider not in book.providers():
        close = get_close_matches(provider.lower(), book.providers(), _SHOWN, 0.5) or book.providers()
        return f"the book has no provider {provider!r}; it has {_list(close)}"
    close = get_close_matches(model.lower(), book.models(provider), _SHOWN)
    return "the provider has no model of that name in the book" + (f"; nearest are {', '.join(close)}" if close else "")


def _since(what: str, rows: Iterable[Price]) -> str:
    """When the price that was asked for is known, if ever."""
    spans = sorted({(row.valid_from, row.valid_until) for row in rows})
    if not spans:
        return ""
    start, end = spans[0][0], max(until for _, until in spans)
    since = "the beginning" if start == BEGINNING else start[:10]
    return f"; {what} is known from {since} {'on' if end == FOREVER else f'until {end[:10]}'}"


def _list(names: Iterable[str]) -> str:
    every = sorted(names)
    return ", ".join(every[:40]) + (", ..." if len(every) > 40 else "")
