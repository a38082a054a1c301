"""A final day whose new reading has lost more than half is held: a report that comes short is no restatement.

What was booked stays, and the day is red until a later reading is within bounds again, or a person accepts it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from llm_finops.core.money import nano_text
from llm_finops.core.records import CostLine, PricedUsage, Usage
from llm_finops.ledger import Held
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.outcome import Outcome
from llm_finops.pipeline.reading import Reading
from llm_finops.pipeline.work import key

_MINOR_SHARE = 100


def measured(dataset: d.Dataset[Any], rows: Iterable[Any]) -> Counter[str]:
    """How much a day is: of usage the quantity by meter; of costs the nano-units by currency, credits not set off."""
    return _usage(rows) if dataset is d.USAGE else _costs(rows)


def shrunk(
    before: Mapping[str, int], after: Mapping[str, int], minor: Collection[str] = ()
) -> tuple[str, int, int] | None:
    """(what, before, after) of the greatest part that has lost more than half of itself; None where none has.

    `minor` are parts too small to hold a day for.
    """
    lost = [(was, what) for what, was in before.items() if 2 * after.get(what, 0) < was and what not in minor]
    if not lost:
        return None
    was, what = max(lost)
    return what, was, after.get(what, 0)


def minor_meters(priced: Iterable[PricedUsage]) -> frozenset[str]:
    """The meters of a day that are worth less than a hundredth of it at list; one without a price may be worth much."""
    worth: Counter[tuple[str, str]] = Counter()
    whole: Counter[str] = Counter()
    unpriced = set()
    for row in priced:
        if row.list_cost_nano is None:
            unpriced.add(row.meter)
            continue
        worth[row.meter, row.currency] += row.list_cost_nano
        whole[row.currency] += row.list_cost_nano
    major = {meter for (meter, currency), nano in worth.items() if _MINOR_SHARE * nano >= whole[currency]}
    return frozenset({meter for meter, _ in worth} - major - unpriced)


def held_instead(reading: Reading, day: str, rows: Sequence[Any]) -> Outcome | None:
    """Hold a day instead of booking it; None where there is nothing to hold against it."""
    if day in reading.vetted or day not in reading.final_before:
        return None
    work, account, dataset = reading.work, reading.account, reading.dataset
    gather = work.ledger.gather()
    minor = minor_meters(gather.read(d.PRICED_USAGE, account, day)) if dataset is d.USAGE else ()
    found = shrunk(measured(dataset, gather.read(dataset, account, day)), measured(dataset, rows), minor)
    if found is None:
        return None
    what, before, after = found
    stands = gather.inputs[key(dataset, account, day)]
    reading.hold(Held(reading.load_id, dataset.name, account, day, stands, what, before, after))
    said = f"{shown(dataset, what, after)} where {shown(dataset, what, before)} is booked"
    why = (
        f"load {reading.load_id} is held: it says {said}, less than half, of a day that was final. What is booked "
        f"stays. If it is right, `llm-finops accept {reading.load_id}` books it; if not, there is nothing to do: the "
        "next reading that is whole again counts"
    )
    return Outcome(account, ok=False, why=why)


def shown(dataset: d.Dataset[Any], what: str, amount: int) -> str:
    """An amount in words: money with its currency, a quantity with its meter."""
    return f"{amount} {what}" if dataset is d.USAGE else f"{nano_text(amount)} {what}"


def _usage(rows: Iterable[Usage]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row.meter] += row.quantity
    return found


def _costs(rows: Iterable[CostLine]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row.currency] += max(abs(row.amount_nano), abs(row.billed_nano))
    return found
