"""Cover: who used each usage row, in whole units and without money.

Each log in turn covers what the earlier ones left. Log rows and usage rows meet on what the log maps; in
each group covered = min(logged, left), split over the group's rows by what each has left.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from llm_finops.core.allocate.groups import Group, group_of, subject, words
from llm_finops.core.allocate.log import DIMENSIONS, Log, LogRow
from llm_finops.core.allocate.notes import Notes
from llm_finops.core.allocate.wanted import Wanted
from llm_finops.core.meters import UNITS
from llm_finops.core.money import nano_text, split
from llm_finops.core.records import ALL, ANY, COGS, NONE, PRODUCTION
from llm_finops.core.rules import Rulebook, sees

Place = tuple[tuple[str, ...], str, str]  # what is known by the group's dimensions, band, environment


@dataclass(slots=True)
class Cover:
    """For each wanted row: what each group covers of it, and what nobody does."""

    claims: list[list[tuple[int, Group]]]
    left: list[int]


def cover(wanted: Sequence[Wanted], logs: Sequence[Log], book: Rulebook, notes: Notes) -> Cover:
    """Cover the wanted rows (in the order of their key bytes) by the logs in turn."""
    done = Cover([[] for _ in wanted], [row.quantity for row in wanted])
    for log in logs:
        _Pass(log, wanted, book, notes).run(done)
    return done


class _Pattern(NamedTuple):
    """By what log rows and wanted rows meet; they are met in this order."""

    turn: int
    unnamed: int  # dimensions that are not known
    names: tuple[str, ...]
    meters: tuple[str, ...]
    currency: str  # where only money is known


class _Pass:
    """One log over what the earlier left."""

    def __init__(self, log: Log, wanted: Sequence[Wanted], book: Rulebook, notes: Notes) -> None:
        self._log, self._wanted, self._book, self._notes = log, wanted, book, notes
        logged = {row.owner.environment for row in log.rows} - {NONE, PRODUCTION}
        self._speaks = [self._environment(row, logged) for row in wanted]
        apart = [
            (row.turn, speaks) for row, speaks in zip(wanted, self._speaks, strict=True) if speaks not in {None, ALL}
        ]
        self._apart = {turn: {speaks for of, speaks in apart if of <= turn} for turn in (0, 1, 2)}
        self._banded = _banded(log, [row for row in wanted if not row.of_line])
        self._by_meter: defaultdict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(log.rows):
            self._by_meter[log.meter(row.meter)].append(at)

    def run(self, done: Cover) -> None:
        """Cover, pattern by pattern: usage first, then lines, those that know most first."""
        spent: set[int] = set()
        patterns: defaultdict[_Pattern, list[int]] = defaultdict(list)
        for at, row in enumerate(self._wanted):
            if self._speaks[at] is not None and row.quantity > 0:
                patterns[self._pattern(row)].append(at)
        for pattern, rows in sorted(patterns.items()):
            self._meet(pattern, rows, done, spent)
        for at, logged in enumerate(self._log.rows):
            if at not in spent:
                self._unreported(logged)

    def _pattern(self, row: Wanted) -> _Pattern:
        names = tuple(name for name in DIMENSIONS if name in self._log.mapped and getattr(row.facts, name) != ANY)
        meters = tuple(sorted({self._log.meter(meter) for meter in row.meters}))
        return _Pattern(row.turn, len(DIMENSIONS) - len(names), names, meters, row.unit if row.by_money else "")

    def _environment(self, row: Wanted, logged: set[str]) -> str | None:
        """Of which environment the log rows must be: ALL that are not set apart; None: a rule goes first.

        A rule goes before a log that cannot see what it speaks of. Production is where everything is that
        nothing sets apart, so a rule that only says so changes nothing.
        """
        owner, label = self._book.owner(row.facts), self._book.label_rule(row.facts)
        if label is not None and not sees(self._log.mapped, label):
            if label.environment in logged:
                return label.environment
            if label.environment != PRODUCTION or label.cost_class not in {None, COGS}:
                return None
        return None if owner is not None and not sees(self._log.mapped, owner) else ALL

    def _meet(self, pattern: _Pattern, rows: list[int], done: Cover, spent: set[int]) -> None:
        places: defaultdict[Place, list[int]] = defaultdict(list)
        for at in rows:
            row = self._wanted[at]
            values = tuple(getattr(row.facts, name) for name in pattern.names)
            banded = not row.of_line and (row.facts.provider, row.facts.model) in self._banded
            places[values, _low_end(row.context_band) if banded else ALL, self._speaks[at] or ALL].append(at)
        logged: defaultdict[Place, list[int]] = defaultdict(list)
        columns = [DIMENSIONS.index(name) for name in pattern.names]
        for at in (at for meter in pattern.meters for at in self._by_meter[meter] if at not in spent):
            place = self._place(self._log.rows[at], columns, pattern.turn)
            if place in places:
                logged[place].append(at)
        for place, found in logged.items():
            group = group_of(
                self._log.name,
                dict(zip(pattern.names, place[0], strict=True)),
                [self._log.rows[at] for at in found],
                pattern.currency,
            )
            if group.logged:
                spent.update(found)
                self._claim(group, places[place], done)

    def _place(self, row: LogRow, columns: Sequence[int], turn: int) -> Place:
        banded = turn == 0 and (row.place[0], row.place[3]) in self._banded
        band = _low_end(row.context_band) if banded else ALL
        environment = row.owner.environment if row.owner.environment in self._apart[turn] else ALL
        return tuple(row.place[at] for at in columns), band, environment

    def _claim(self, group: Group, rows: list[int], done: Cover) -> None:
        left = [done.left[at] for at in rows]
        room = sum(left)
        asked = self._wanted[rows[0]]
        if group.logged > room and not asked.by_money:
            detail = f"{words(group.known)}: logged {group.logged}, {room} left to cover"
            self._notes.add("log above usage", group.subject, asked.unit, group.logged - room, detail)
        self._note_tiers(group, rows)
        if not room:
            return
        for at, quantity in zip(rows, split(min(group.logged, room), left), strict=True):
            done.claims[at].append((quantity, group))
            done.left[at] -= quantity

    def _note_tiers(self, group: Group, rows: list[int]) -> None:
        tiers = {self._wanted[at].facts.service_tier for at in rows}
        if "service_tier" not in self._log.mapped and len(tiers) > 1:
            detail = f"{words(group.known)}: usage has the tiers {', '.join(sorted(tiers))}, the log names none"
            self._notes.add("tier not logged", group.subject, group.unit, group.logged, detail)

    def _unreported(self, row: LogRow) -> None:
        known = dict(zip(DIMENSIONS, row.place, strict=True))
        cost = "unpriced" if row.measure.cost is None else f"{nano_text(row.measure.cost)} {row.measure.currency}"
        of = subject(self._log.name, known["model"], {row.meter})
        detail = f"{words(known)}: {row.measure.quantity} logged ({cost} at list), no usage or cost line meets it"
        self._notes.add("logged, not reported", of, UNITS.get(row.meter, ""), row.measure.quantity, detail)


def _banded(log: Log, usage: Sequence[Wanted]) -> set[tuple[str, str]]:
    """The models whose usage names its context bands, and whose log names no other: only they meet on them too."""
    reported: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    logged: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in usage:
        reported[row.facts.provider, row.facts.model].add(_low_end(row.context_band))
    for seen in log.rows:
        logged[seen.place[0], seen.place[3]].add(_low_end(seen.context_band))
    same = {at for at, bands in reported.items() if logged[at] and logged[at] <= bands - {NONE}}
    same -= {at for at, bands in reported.items() if NONE in bands}
    return same if "model" in log.mapped else set()


def _low_end(band: str) -> str:
    """What a band starts at: a provider's 200k-1M and a price's 200k- are one."""
    return band.partition("-")[0]
