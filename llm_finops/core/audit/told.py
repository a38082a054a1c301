"""What an audit books: a row a charge, a finding where book and bill part, a price to paste where there is none."""

from collections.abc import Iterable
from fractions import Fraction

from llm_finops.core.audit.compare import Compared
from llm_finops.core.audit.reasons import PER
from llm_finops.core.derived import DIFFERS, UNPRICED, ImpliedPrice
from llm_finops.core.money import BIGINT, nano_text, round_half_even
from llm_finops.core.price import is_contract
from llm_finops.core.records import ANY, NONE, STANDARD, Finding, Price, key_bytes

PRICE_DIFFERS = "price differs from bill"
PRICE_IMPLIED = "price implied by bill"
_COLUMNS = "provider,model,service_tier,context_band,meter,price_per_million,currency,from,until"


def row(part: Compared) -> ImpliedPrice:
    """The row of a compared charge."""
    return ImpliedPrice(
        *part.key,
        quantity=_whole(part.seen.quantity) or 0,
        billed_nano=part.seen.billed,
        expected_nano=None if part.expected is None else _whole(part.expected),
        implied_price_nano=_whole(part.seen.implied),
        list_price_nano=_one(part, contract=False) or _said_at_list(part),
        contract_price_nano=_one(part, contract=True),
        state=part.state,
        reason=part.reason.code,
    )


def findings(day: str, account: str, compared: Iterable[Compared]) -> list[Finding]:
    """What is off, by how much, and why it may be; sorted."""
    found = []
    for part in compared:
        if part.state == DIFFERS and part.expected is not None:
            amount = part.seen.billed - (_whole(part.expected) or 0)
            found.append(
                Finding(day, account, PRICE_DIFFERS, subject(row(part)), part.key.currency, amount, _said(part))
            )
        elif part.state == UNPRICED and part.seen.billed > part.seen.slack:
            detail = (
                f"the bill implies {_tidy(part)}; if it is right, in a file of [prices] with the columns {_COLUMNS} "
                f"(one of its own, if yours has others: paths takes several): {_line(day, part)}"
            )
            told = (PRICE_IMPLIED, subject(row(part)), part.key.currency, part.seen.billed, detail)
            found.append(Finding(day, account, *told))
    return sorted(found, key=key_bytes)


def subject(implied: ImpliedPrice) -> str:
    """Provider, model, tier and meter, and the band where there is one."""
    band = [] if implied.context_band in {NONE, ANY} else [implied.context_band]
    return " ".join([implied.provider, implied.model, implied.service_tier, *band, implied.meter])


def _said(part: Compared) -> str:
    whole = (part.expected or Fraction(0)) * PER / part.seen.quantity
    book = nano_text(_whole(whole) or 0)
    known = next((of.price for of in part.prices if of.price), None)
    of = "contract" if known and is_contract(known) else "list"
    of = of if len(part.prices) == 1 else "book, for the same mix"
    return f"the bill implies {_tidy(part)}, {of}: {book}; {part.reason.words}"


def _tidy(part: Compared) -> str:
    return f"{nano_text(part.seen.tidy)} {part.key.currency} a million {part.key.unit}"


def _line(day: str, part: Compared) -> str:
    """As a price file of `_COLUMNS` has it; until is open."""
    key = part.key
    tier = STANDARD if key.service_tier in {NONE, ANY} else key.service_tier
    band = "" if key.context_band in {NONE, ANY} else key.context_band
    return ",".join([key.provider, key.model, tier, band, key.meter, nano_text(part.seen.tidy), key.currency, day, ""])


def _one(part: Compared, *, contract: bool) -> int | None:
    """The one price of the book, if it is of this kind and in the currency of the bill."""
    prices: set[Price | None] = {of.price for of in part.prices}
    amounts = {price.price_nano for price in prices if price and price.currency == part.key.currency}
    kinds = {is_contract(price) for price in prices if price}
    return amounts.pop() if len(amounts) == 1 and None not in prices and kinds == {contract} else None


def _said_at_list(part: Compared) -> int | None:
    """The list price as the provider's own bill has it."""
    if part.listed is None or len(part.prices) > 1:
        return None
    return _whole(part.listed * PER / part.seen.quantity)


def _whole(number: Fraction) -> int | None:
    """Rounded half-even; None where 64 bits do not hold it."""
    found = round_half_even(number.numerator, number.denominator)
    return found if abs(found) <= BIGINT else None
