"""Trace: the shares of one customer, or of one line, without splitting the whole day again.

The cover tells log rows apart by place, environment and actor, not by customer: it is made of rows that are *merged*
over customers and features. Whom a group names, with the weights of a split over all of them, is looked up only in
the groups that lead to what is asked for. The shares are those that `allocate` gives when it traces the whole.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from llm_finops.core.allocate.groups import Group, Owners, owners_of
from llm_finops.core.allocate.ladder import Ladder, Share, in_log
from llm_finops.core.allocate.log import Owner, actor_of, owner_of, with_meters
from llm_finops.core.allocate.notes import Notes
from llm_finops.core.allocate.ready import Ready
from llm_finops.core.allocate.spreads import Spreads
from llm_finops.core.allocate.wanted import facts_of_line
from llm_finops.core.allocate.weigh import LIST_COST, weigh
from llm_finops.core.records import NONE, UNALLOCATED, Pool, RequestTotal, key_bytes
from llm_finops.core.rules import Facts
from llm_finops.core.settings import Settings

# The requests of a source in these pools: all that they name, each as it was booked.
Details = Callable[[str, Collection[Pool]], Iterable[RequestTotal]]

_Place = tuple[Pool, str, str, str]  # pool, band, environment, actor: what tells log rows apart in the cover, and more


class _Named:
    """Whom the requests of a group name: sums only, for they are many."""

    def __init__(self) -> None:
        self.quantities: defaultdict[Owner, int] = defaultdict(int)
        self.costs: defaultdict[Owner, int] = defaultdict(int)

    def owners(self, group: Group, named: bool) -> Owners:
        """As the group of single requests has them; what all go by can be seen from the merged ones."""
        _, by = weigh([row.measure for row in group.rows if not named or row.owner.customer != NONE])
        of = self.costs if by == LIST_COST else self.quantities
        return owners_of({owner: of[owner] for owner in of if not named or owner.customer != NONE}, by)


_ByMeter = dict[str, _Named]


class Asked(NamedTuple):
    """Whose shares, or those of which line; None: of all. `seen`: by source, the pools whose requests name him."""

    customer: str | None = None
    line_id: str | None = None
    seen: Mapping[str, Collection[Pool]] = {}


class Tracer:
    """An account's day, ready to be asked; it may be kept, for nothing of it changes."""

    def __init__(self, day: Ready, spreads: Spreads, settings: Settings) -> None:
        """`day` made of merged log rows."""
        self._day, self._spreads, self._scale = day, spreads, settings.uncovered == "scale"

    def shares(self, asked: Asked, details: Details) -> list[Share]:
        """The shares that are asked for, in the order of their key bytes."""
        met: dict[int, Group] = {}

        def note(group: Group, named: bool, facts: Facts) -> None:
            if self._leads(asked, group, named, facts):
                met[id(group)] = group

        self._walk(asked, note)
        found = self._named(met.values(), details)

        def told(group: Group, named: bool, _: Facts) -> Owners | None:
            return found[id(group)].owners(group, named) if id(group) in found else None

        return sorted(self._walk(asked, told), key=key_bytes)

    def _walk(self, asked: Asked, told: Callable[[Group, bool, Facts], Owners | None]) -> list[Share]:
        book, covered = self._day.book, self._day.covered
        unsaid = Notes("", "")  # what is to be noted was noted when the day was booked
        ladder = Ladder(
            book, covered, self._spreads, unsaid, scale=self._scale, trace=True, told=told, only=asked.customer
        )
        for line, pieces in self._day.plan.pieces(asked.line_id):
            ladder.take(line, pieces)
        for line in self._day.apart:
            if asked.line_id in {None, line.line_id}:
                ladder.exclude(line, facts_of_line(line, book.reads_tags))
        return ladder.shares

    def _leads(self, asked: Asked, group: Group, named: bool, facts: Facts) -> bool:
        """Whether a part of a piece of these facts may come to the customer by way of the group."""
        if asked.customer is None:
            return True
        seen = asked.seen.get(group.log, ())
        return any(
            row.pool in seen
            or (not named and row.owner.customer == NONE and self._falls_to(asked.customer, facts, row.owner))
            for row in group.rows
        )

    def _falls_to(self, customer: str, facts: Facts, nobody: Owner) -> bool:
        facts = in_log(facts, nobody.environment, nobody.tags)
        rule = self._day.book.owner(facts)
        if rule is not None:
            return rule.customer == customer
        return customer == UNALLOCATED or self._day.book.spread(facts) is not None

    def _named(self, groups: Iterable[Group], details: Details) -> dict[int, _Named]:
        """By group, whom each of its requests names; each source is read once."""
        at: defaultdict[str, defaultdict[_Place, _ByMeter]] = defaultdict(lambda: defaultdict(dict))
        pools: defaultdict[str, set[Pool]] = defaultdict(set)
        found = {}
        for group in groups:
            found[id(group)] = rows = _Named()
            for row in group.rows:
                at[group.log][row.pool, row.context_band, row.owner.environment, row.actor][row.meter] = rows
                pools[group.log].add(row.pool)
        for log, of in sorted(pools.items()):
            self._put(log, details(log, of), at[log])
        return found

    def _put(self, log: str, totals: Iterable[RequestTotal], at: Mapping[_Place, _ByMeter]) -> None:
        source = self._day.book.source(log)
        for total, meters in with_meters(totals):
            owner = owner_of(total, self._day.book)
            asked = at.get((total.pool, total.context_band, owner.environment, actor_of(total, source)), {})
            for meter, rows in asked.items():
                quantity, cost = meters.get(meter, (0, None))
                if quantity > 0:
                    rows.quantities[owner] += quantity
                    rows.costs[owner] += cost or 0
