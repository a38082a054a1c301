"""Match: the usage that a charge of the bill is for, whatever project or key, so that its price can be reckoned."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from llm_finops.core.allocate.refine import Refinery
from llm_finops.core.meters import UNITS, family_of
from llm_finops.core.money import Money
from llm_finops.core.records import ANY, REPORTED, USAGE, CostLine, PricedUsage, key_bytes

_PREFIXES = {"": 1, "milli": 10**3, "micro": 10**6, "nano": 10**9}


class Place(NamedTuple):
    """What has one price in the book."""

    service_tier: str
    context_band: str
    meter: str
    unit: str


class Key(NamedTuple):
    """What is charged together; `(any)` where it is several."""

    provider: str
    model: str
    service_tier: str
    context_band: str
    meter: str
    unit: str
    currency: str


@dataclass
class Charge:
    """What the bill says of a key: so much, in so many lines, for these quantities."""

    billed: int = 0
    lines: int = 0
    used: defaultdict[Place, int] = field(default_factory=lambda: defaultdict(int))  # by the usage report
    given: Fraction | None = Fraction(0)  # the bill's own quantity; None where it does not give all of it
    listed: int | None = 0  # what the provider says it would be at list; None where it does not say
    tier_untold: bool = False  # some line does not name the tier of what it covers


def charges(usage: Sequence[PricedUsage], lines: Iterable[CostLine]) -> dict[Key, Charge]:
    """The day's reported usage charges by what they are for; a charge for several models is left out."""
    usage = sorted(usage, key=key_bytes)
    known = [line for line in lines if line.basis == REPORTED and line.charge_category == USAGE]
    found: dict[Key, Charge] = {}
    for rows, of in _groups(usage, sorted(known, key=key_bytes)):
        used = _used([usage[at] for at in rows], of)
        key = _key([usage[at] for at in rows], of, used)
        if key is not None:
            _add(found.setdefault(key, Charge()), used, of, key.unit)
    return found


def grain(lines: Iterable[CostLine]) -> dict[str, int]:
    """By currency, nano-units of the last digit that the day's amounts are given to; at most a minor unit (cent)."""
    found: dict[str, int] = {}
    for line in lines:
        digit = found.setdefault(line.currency, Money.of_minor(1, line.currency).nano)
        while line.billed_nano % digit:
            digit //= 10
        found[line.currency] = digit
    return found


def _groups(usage: Sequence[PricedUsage], lines: Sequence[CostLine]) -> list[tuple[list[int], list[CostLine]]]:
    """Lines together with all the usage they cover: lines that share some of it are one charge."""
    refinery = Refinery(usage, lines)
    of_row: dict[int, int] = {}
    groups: dict[int, tuple[set[int], list[CostLine]]] = {}
    for number, line in enumerate(lines):
        rows, mine = {at for at, _ in refinery.pieces(line)[0]}, [line]
        for other in sorted({of_row[at] for at in rows if at in of_row}):
            met, theirs = groups.pop(other)
            rows |= met
            mine = [*theirs, *mine]
        groups[number] = (rows, mine)
        of_row |= dict.fromkeys(rows, number)
    return [(sorted(rows), mine) for rows, mine in groups.values()]


def _used(rows: Sequence[PricedUsage], lines: Sequence[CostLine]) -> dict[Place, int]:
    used: defaultdict[Place, int] = defaultdict(int)
    for row in rows:
        used[Place(row.service_tier, row.context_band, row.meter, row.unit)] += row.quantity
    if not rows and len(lines) == 1 and lines[0].meter in UNITS and lines[0].model != ANY:
        # No usage report tells of it, and the bill itself says how much there was.
        line, unit = lines[0], UNITS[lines[0].meter]
        if whole := _given(line, unit):
            used[Place(line.service_tier, line.context_band, line.meter, unit)] = int(whole)
    return {place: quantity for place, quantity in used.items() if quantity > 0}


def _key(rows: Sequence[PricedUsage], lines: Sequence[CostLine], used: dict[Place, int]) -> Key | None:
    models = {(row.provider, row.model) for row in rows} or {(line.provider, line.model) for line in lines}
    currencies, units = {line.currency for line in lines}, {place.unit for place in used}
    if len(models) != 1 or len(currencies) != 1 or len(units) != 1:
        return None
    tier, band = _common(place.service_tier for place in used), _common(place.context_band for place in used)
    meter = _common(place.meter for place in used)
    meter = _common(family_of(place.meter) for place in used) if meter == ANY else meter
    return Key(*models.pop(), tier, band, meter, units.pop(), currencies.pop())


def _common(values: Iterable[str]) -> str:
    found = set(values)
    return found.pop() if len(found) == 1 else ANY


def _add(charge: Charge, used: dict[Place, int], lines: Sequence[CostLine], unit: str) -> None:
    for place, quantity in used.items():
        charge.used[place] += quantity
    for line in lines:
        charge.billed += line.billed_nano
        charge.lines += 1
        charge.tier_untold |= line.service_tier == ANY
        given = _given(line, unit)
        charge.given = None if given is None or charge.given is None else charge.given + given
        listed = line.provider_list_nano
        charge.listed = None if listed is None or charge.listed is None else charge.listed + listed


def _given(line: CostLine, unit: str) -> Fraction | None:
    """The bill's own quantity in the meter's unit; None where it gives none, or one of something else."""
    if line.quantity is None or line.unit is None or line.quantity < 0 or line.billed_nano < 0:
        return None
    times = _PREFIXES.get(line.unit.removesuffix(unit)) if line.unit.endswith(unit) else None
    return None if times is None else Fraction(line.quantity, times)
