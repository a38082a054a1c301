"""What a request log may explain: usage rows, and lines that no usage row stands for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from llm_finops.core.allocate.refine import Refinery
from llm_finops.core.meters import UNITS
from llm_finops.core.records import ANY, INVOICED, CostLine, PricedUsage, key_bytes
from llm_finops.core.rules import Facts


class Wanted(NamedTuple):
    """A quantity that somebody must have used."""

    facts: Facts
    context_band: str
    meters: tuple[str, ...]  # the logged meters it may consist of
    unit: str  # tokens, ...; a currency where only money is known
    quantity: int  # whole units; nano-units of the currency where only money is known
    by_money: bool = False
    turn: int = 0  # usage, then lines, then true-ups of no line: who comes later moves nobody who came before

    @property
    def of_line(self) -> bool:
        """Whether a line asks, which no usage row stands for."""
        return self.turn > 0


def of_usage(row: PricedUsage) -> Wanted:
    """What a usage row asks of the logs."""
    facts = Facts(row.account, row.provider, row.project, row.api_key, row.actor, row.model, row.service_tier)
    return Wanted(facts, row.context_band, (row.meter,), row.unit, row.quantity)


def facts_of_line(line: CostLine, tags: bool) -> Facts:
    """What a line knows of itself; its tags only where a rule reads any."""
    place = (line.account, line.provider, line.project, line.api_key, ANY, line.model, line.service_tier)
    return Facts(*place, tags=line.tags if tags else "{}")


LineKey = tuple[Facts, str, str, str]


def key_of_line(line: CostLine, tags: bool) -> LineKey:
    """Lines of one key ask together, so that a true-up meets what the line it corrects has met."""
    return (facts_of_line(line, tags), line.context_band, line.meter, line.currency)


def of_lines(lines: Iterable[CostLine], refinery: Refinery, tags: bool) -> dict[LineKey, Wanted]:
    """What lines without usage ask of the logs, by key in the order of its bytes; nothing where no meter is named."""
    together: defaultdict[LineKey, list[CostLine]] = defaultdict(list)
    for line in lines:
        if refinery.meters(line):
            together[key_of_line(line, tags)].append(line)
    return {key: _asked(key, together[key], refinery) for key in sorted(together, key=key_bytes)}


def _asked(key: LineKey, lines: Sequence[CostLine], refinery: Refinery) -> Wanted:
    facts, band, _, currency = key
    first = [line for line in lines if line.basis != INVOICED] or lines
    meters, turn = refinery.meters(lines[0]), 2 if first is lines else 1
    unit = UNITS.get(meters[0])
    counted = [line.quantity for line in first if line.quantity is not None and line.unit == unit]
    quantity = _larger_side(counted)
    if unit and quantity and len(counted) == len(first):
        return Wanted(facts, band, meters, unit, quantity, turn=turn)
    money = _larger_side([line.amount_nano for line in first])
    return Wanted(facts, band, meters, currency, money, by_money=True, turn=turn)


def _larger_side(amounts: Sequence[int]) -> int:
    """Lines are never netted: a line and its mirror ask for what the line alone asks for."""
    return max(sum(a for a in amounts if a > 0), -sum(a for a in amounts if a < 0))
