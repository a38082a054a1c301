"""Refine: which usage rows a cost line covers, and its split over them by their list cost."""

from collections import defaultdict
from collections.abc import Sequence

from llm_finops.core.allocate.weigh import NOTHING, Measure, weigh
from llm_finops.core.meters import OTHER, UNITS, UNSPECIFIED, family_of, is_cache_write, is_family
from llm_finops.core.money import split
from llm_finops.core.records import ANY, INVOICED, NONE, CostLine, PricedUsage

_NAMED = ("project", "api_key", "model", "service_tier", "context_band")


class Refinery:
    """Matches the lines of an account and day with its usage rows."""

    def __init__(self, usage: Sequence[PricedUsage], lines: Sequence[CostLine]) -> None:
        """`usage` in the order of its key bytes; rows without quantity are left out of every split."""
        self._usage = usage
        self._by: dict[tuple[str, ...], dict[tuple[str, ...], list[int]]] = {}
        self._named: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        self._tiers: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for line in lines:
            if line.basis != INVOICED:  # a true-up meets what the line it corrects has met
                self._named[_scope(line)].add(line.meter)
                self._tiers[_of_any_tier(line)].add(line.service_tier)

    def pieces(self, line: CostLine) -> tuple[list[tuple[int, int]], str]:
        """(usage row, nano-units) of each row the line covers, and what the weights were.

        No rows and NOTHING where no usage stands for the line.
        """
        left_out = self._tiers[_of_any_tier(line)] if line.service_tier == ANY else set()
        found = ((at, self._usage[at]) for at in self._at(line))
        rows = [at for at, row in found if self.covers(line, row.meter) and row.service_tier not in left_out]
        measures = [
            Measure(row.quantity, row.list_cost_nano, row.currency) for row in map(self._usage.__getitem__, rows)
        ]
        weights, by = weigh(measures)
        if by == NOTHING:
            return [], NOTHING
        return list(zip(rows, split(line.amount_nano, weights), strict=True)), by

    def covers(self, line: CostLine, meter: str) -> bool:
        """Whether the line's meter is this one, or a family that has it and leaves it to no other line."""
        if line.meter in {ANY, meter}:
            return True
        family = is_family(line.meter) and family_of(meter) == line.meter
        lives = line.meter == UNSPECIFIED and is_cache_write(meter)
        return (family or lives) and not self._left_out(line, meter)

    def meters(self, line: CostLine) -> tuple[str, ...]:
        """The meters the line stands for; none where it names no meter, or a label nobody knows."""
        if line.meter in {ANY, NONE, OTHER}:
            return ()
        return tuple(sorted(meter for meter in UNITS if self.covers(line, meter))) or (line.meter,)

    def _left_out(self, line: CostLine, meter: str) -> bool:
        others = self._named[_scope(line)] - {line.meter}
        return meter in others or (is_cache_write(meter) and UNSPECIFIED in others)

    def _at(self, line: CostLine) -> list[int]:
        names = tuple(name for name in _NAMED if getattr(line, name) != ANY)
        if names not in self._by:
            index: dict[tuple[str, ...], list[int]] = {}
            for at, row in enumerate(self._usage):
                if row.quantity > 0:
                    index.setdefault(tuple(getattr(row, name) for name in names), []).append(at)
            self._by[names] = index
        return self._by[names].get(tuple(getattr(line, name) for name in names), [])


def _of_any_tier(line: CostLine) -> tuple[str, ...]:
    """Where a line without a tier leaves a tier to the line that names it: "input" beside "input, batch"."""
    return (line.project, line.api_key, line.model, line.meter)


def _scope(line: CostLine) -> tuple[str, ...]:
    """Where a family leaves a meter to the line that names it."""
    return (line.project, line.api_key, line.model, line.service_tier)
