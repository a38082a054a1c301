"""Cover: who used each usage row, in whole units and without money.

Each log in turn covers what the earlier ones left. Log rows and usage rows meet on what the log maps, and
within such a place by environment and actor (`audience`); in each group covered = min(logged, left), split
over the group's rows by what each has left.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from llm_finops.core.allocate.audience import NOBODY, Asks, Audience, Whom
from llm_finops.core.allocate.groups import Group, group_of, subject, words
from llm_finops.core.allocate.log import DIMENSIONS, Log, LogRow
from llm_finops.core.allocate.notes import Notes
from llm_finops.core.allocate.wanted import Wanted
from llm_finops.core.meters import UNITS
from llm_finops.core.money import nano_text, split
from llm_finops.core.records import ALL, ANY, COGS, NONE, PRODUCTION
from llm_finops.core.rules import Rulebook, sees
from llm_finops.core.settings import Rule

Place = tuple[tuple[str, ...], str]  # what is known by the pattern's names, band


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
        self._environments = {row.owner.environment for row in log.rows} - {NONE}
        self._actors = {(row.place, log.meter(row.meter), row.actor) for row in log.rows if row.actor not in NOBODY}
        self._asked = [self._asks(row) for row in wanted]
        self._banded = _banded(log, [row for row in wanted if not row.of_line])
        self._by_meter: defaultdict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(log.rows):
            self._by_meter[log.meter(row.meter)].append(at)

    def run(self, done: Cover) -> None:
        """Cover, pattern by pattern: usage first, then lines, those that know most first."""
        spent: set[int] = set()
        patterns: defaultdict[_Pattern, list[int]] = defaultdict(list)
        for at, row in enumerate(self._wanted):
            if self._asked[at] is not None and row.quantity > 0:
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

    def _asks(self, row: Wanted) -> Asks | None:
        """Which log rows may explain the row; None: a rule goes first.

        A rule goes before a log that cannot see what it speaks of. Production is where everything is that
        nothing sets apart: a rule that only says so changes nothing, unless the log names production itself.
        """
        owner, label = self._book.owner(row.facts), self._book.label_rule(row.facts)
        told = self._names_actor(row)
        seen = self._log.mapped | ({"actor"} if told else set())
        environment = ALL
        if label is not None and not sees(seen, label):
            if label.environment in self._environments - {PRODUCTION}:
                environment = label.environment
            elif not _says_production(label):
                return None
            elif PRODUCTION in self._environments:
                environment = PRODUCTION
        if environment in {ALL, PRODUCTION} and owner is not None and not sees(seen, owner):
            return None
        by_actor = [rule for rule in (owner, label) if rule is not None and "actor" in rule.match]
        confined = told and any(rule is owner or not _says_production(rule) for rule in by_actor)
        return Asks(environment, row.facts.actor, confined)

    def _names_actor(self, row: Wanted) -> bool:
        """Whether the log names the row's actor at the row's own place, so that it can tell what a rule on it means."""
        mapped = self._log.mapped
        place = tuple(getattr(row.facts, name) if name in mapped else ANY for name in DIMENSIONS)
        return bool(self._actors) and any(
            (place, self._log.meter(meter), row.facts.actor) in self._actors for meter in row.meters
        )

    def _meet(self, pattern: _Pattern, rows: list[int], done: Cover, spent: set[int]) -> None:
        places = self._places(pattern, rows)
        logged: defaultdict[tuple[Place, Whom], list[int]] = defaultdict(list)
        columns = [DIMENSIONS.index(name) for name in pattern.names]
        for at in (at for meter in pattern.meters for at in self._by_meter[meter] if at not in spent):
            row = self._log.rows[at]
            place = self._place(row, columns, pattern.turn)
            whom = places[place].whom(row.owner.environment, row.actor) if place in places else None
            if whom is not None:
                logged[place, whom].append(at)
        met: list[tuple[Group, list[list[int]]]] = []
        for (place, whom), found in logged.items():
            known = dict(zip(pattern.names, place[0], strict=True)) | {"actor": ANY if whom[1] == ALL else whom[1]}
            group = group_of(self._log.name, known, [self._log.rows[at] for at in found], pattern.currency)
            if group.logged:
                spent.update(found)
                met.append((group, places[place].lists(whom)))
        self._claim_all(met, done)

    def _places(self, pattern: _Pattern, rows: list[int]) -> dict[Place, Audience]:
        places: defaultdict[Place, Audience] = defaultdict(Audience)
        for at in rows:
            row = self._wanted[at]
            values = tuple(getattr(row.facts, name) for name in pattern.names)
            banded = not row.of_line and (row.facts.provider, row.facts.model) in self._banded
            asks = self._asked[at]
            if asks is not None:
                places[values, _low_end(row.context_band) if banded else ALL].add(at, asks)
        return places

    def _place(self, row: LogRow, columns: Sequence[int], turn: int) -> Place:
        banded = turn == 0 and (row.place[0], row.place[3]) in self._banded
        return tuple(row.place[at] for at in columns), _low_end(row.context_band) if banded else ALL

    def _claim_all(self, met: list[tuple[Group, list[list[int]]]], done: Cover) -> None:
        """Groups of one turn share no row, so that their order does not matter: who names the actor goes first."""
        turns: defaultdict[tuple[bool, int], list[tuple[Group, list[int]]]] = defaultdict(list)
        for group, lists in met:
            for turn, rows in enumerate(lists):
                turns[group.known["actor"] == ANY, turn].append((group, rows))
        for _, claims in sorted(turns.items(), key=lambda item: item[0]):
            for group, rows in claims:
                _claim(group, rows, done)
        for group, lists in met:
            self._note(group, [at for rows in lists for at in rows])

    def _note(self, group: Group, rows: list[int]) -> None:
        asked = self._wanted[rows[0]]
        if group.rest and not asked.by_money:
            detail = f"{words(group.known)}: logged {group.logged}, {group.logged - group.rest} left to cover"
            self._notes.add("log above usage", group.subject, asked.unit, group.rest, detail)
        self._note_tiers(group, rows)

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


def _says_production(label: Rule) -> bool:
    """Whether a label says no more than what holds where nothing is said."""
    return label.environment == PRODUCTION and label.cost_class in {None, COGS}


def _claim(group: Group, rows: list[int], done: Cover) -> None:
    left = [done.left[at] for at in rows]
    covered = min(group.rest, sum(left))
    if not covered:
        return
    group.rest -= covered
    for at, quantity in zip(rows, split(covered, left), strict=True):
        done.claims[at].append((quantity, group))
        done.left[at] -= quantity


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
