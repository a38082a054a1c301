"""Weights: list cost where it is known, else quantity. The one rule for every split of the ladder."""

from collections.abc import Sequence
from typing import NamedTuple

LIST_COST, QUANTITY, NOTHING = "list cost", "quantity", "nothing"


class Measure(NamedTuple):
    """What a row weighs: whole units, and its list cost in nano-units (None = unpriced) of a currency."""

    quantity: int
    cost: int | None
    currency: str


def weigh(rows: Sequence[Measure]) -> tuple[list[int], str]:
    """Weights of the rows, and by what they are: list cost, quantity, or nothing (no row has any).

    If any is unpriced, all are 0 or the currencies differ, all go by quantity: a mix of both would give
    the unpriced nothing. A row of quantity 0 weighs nothing and disturbs nobody.
    """
    used = [row for row in rows if row.quantity]
    known = [row.cost for row in used if row.cost is not None]
    if len(known) == len(used) and any(known) and len({row.currency for row in used if row.cost}) == 1:
        return [(row.cost or 0) if row.quantity else 0 for row in rows], LIST_COST
    return ([row.quantity for row in rows], QUANTITY) if used else ([0] * len(rows), NOTHING)
