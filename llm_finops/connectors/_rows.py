"""From what a provider wrote to rows of the ledger: what every provider's rows have in common."""

import hashlib
from collections.abc import Iterable, Mapping

from llm_finops.connectors._fields import Unreadable, day_after, shown
from llm_finops.connectors._pulling import Answer
from llm_finops.core import meters
from llm_finops.core.money import BIGINT, Money, MoneyError, exact
from llm_finops.core.records import ANY, NONE, REPORTED, USAGE, CostLine, Usage, key_bytes


def add_up(rows: Iterable[Usage]) -> list[Usage]:
    """Rows of the same key as one; rows of nothing are left out. Unreadable if a sum does not fit 64 bits."""
    sums: dict[Usage, int] = {}
    for row in rows:
        if row.quantity:
            key = row._replace(quantity=0)
            sums[key] = sums.get(key, 0) + row.quantity
    for key, quantity in sums.items():
        if quantity > BIGINT:
            raise Unreadable(f"{quantity} {key.meter} of {key.model} do not fit a 64-bit column")
    return [key._replace(quantity=quantity) for key, quantity in sums.items()]


def fit(total: int, parts: Mapping[str, int]) -> tuple[dict[str, int], int, int]:
    """Take parts out of a total, in turn: (those that fit, what is left of the total, what did not fit).

    A provider's breakdown can contradict its own total. The total holds: a part that does not fit stays in it.
    """
    taken: dict[str, int] = {}
    left, beyond = total, 0
    for name, quantity in parts.items():
        if quantity <= left:
            taken[name] = quantity
            left -= quantity
        else:
            beyond += quantity - left
    return taken, left, beyond


def money(amount: object, currency: object, what: str, *, minor: bool = False) -> Money:
    """An amount as the provider wrote it, in dollars or (`minor`) cents. Unreadable where it is no exact number."""
    make = Money.of_minor if minor else Money.of
    try:
        found = make(amount, currency)  # type: ignore[arg-type]  # whatever JSON holds: Money refuses what is wrong
        _ = found.nano
    except MoneyError as error:
        raise Unreadable(f"the amount of {what} cannot be booked: {error}") from None
    return found


def cost_line(answer: Answer, amount: Money, text: str) -> CostLine:
    """A line that knows no more than what was charged: everything else is (any), for `_replace` to say."""
    return CostLine(
        line_id="",
        account=answer.account,
        provider=answer.provider,
        project=ANY,
        api_key=ANY,
        model=ANY,
        service_tier=ANY,
        context_band=ANY,
        line_item=NONE,
        meter=meters.OTHER,
        quantity=None,
        unit=None,
        charge_category=USAGE,
        charge_class=NONE,
        basis=REPORTED,
        currency=amount.currency,
        amount_nano=amount.nano,
        billed_nano=amount.nano,
        provider_list_nano=None,
        amount_text=text,
        tags="{}",
        period_from=answer.day,
        period_until=day_after(answer.day),
        invoice_line_id=None,
    )


def quantity(value: object, unit: str, times: int = 1) -> tuple[int, str]:
    """A quantity as a whole number of a unit, or of a thousandth ... of it. Unreadable where 64 bits do not hold it."""
    too_large = Unreadable(f"a quantity of {shown(value)} {unit} does not fit a 64-bit column")
    try:
        number = exact(value)
    except MoneyError:
        raise Unreadable(f"expected a quantity in {unit}, saw {shown(value)}") from None
    if number.adjusted() > 18 or len(number.as_tuple().digits) > 24:  # so that the arithmetic below is exact
        raise too_large
    whole, whole_unit = meters.whole(number * times, unit)
    if abs(whole) > BIGINT:
        raise too_large
    return whole, whole_unit


def numbered(lines: Iterable[tuple[tuple[object, ...], CostLine]]) -> list[CostLine]:
    """Give each line its id, from the provider's own natural key: the same in every pull, whatever the amount.

    Lines of one key are numbered in the order of the bytes of all the rest they hold.
    """
    seen: dict[bytes, int] = {}
    found = []
    for key, line in sorted(((key_bytes(key), line) for key, line in lines), key=lambda kl: (kl[0], key_bytes(kl[1]))):
        seen[key] = seen.get(key, -1) + 1
        natural = key_bytes((line.account, line.period_from, key.decode(), seen[key]))
        found.append(line._replace(line_id=hashlib.sha256(natural).hexdigest()[:32]))
    return found
