"""Since when: the first day of the run of days on which a price differs, and the last on which it matched."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from llm_finops.core.derived import DIFFERS, MATCHED, ImpliedPrice

_KEYS = 7  # provider, model, tier, band, meter, unit, currency


class First(NamedTuple):
    """A price that differs: on which day first, and until when the bill was as the book has it (None: never seen)."""

    price: ImpliedPrice
    day: str
    matched_on: str | None


def first_seen(by_day: Mapping[str, Sequence[ImpliedPrice]], day: str) -> list[First]:
    """Each price that differs on a day, with the first day of its run; `by_day` holds one account's rows.

    Days that say nothing of a price (no use of it, or too little) neither end a run nor begin one.
    """
    earlier = sorted((at for at in by_day if at < day), reverse=True)
    found = []
    for price in sorted(row for row in by_day.get(day, ()) if row.state == DIFFERS):
        first, matched = day, None
        for at in earlier:
            states = {row.state for row in by_day[at] if row[:_KEYS] == price[:_KEYS]}
            if DIFFERS in states:
                first = at
            elif MATCHED in states:
                matched = at
                break
        found.append(First(price, first, matched))
    return found
