"""The ladder: request log, rules, spread, unallocated. Each rung takes its part and leaves the rest."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from llm_finops.core.allocate.cover import Cover
from llm_finops.core.allocate.groups import Group, Owners
from llm_finops.core.allocate.notes import Notes
from llm_finops.core.allocate.spreads import Spreads
from llm_finops.core.allocate.weigh import QUANTITY
from llm_finops.core.money import split
from llm_finops.core.records import (
    ANY,
    EXCLUDED,
    NONE,
    REQUEST_LOG,
    RULE,
    SPREAD,
    UNALLOCATED,
    Allocation,
    CostLine,
    Pool,
    key_bytes,
)
from llm_finops.core.rules import Facts, Label, Rulebook, with_tags

_LAST_RUNG = "unallocated"


class Piece(NamedTuple):
    """A part of a line that knows more than the line; `(any)` where it tells nothing apart."""

    facts: Facts
    actor: str
    context_band: str
    meter: str
    wanted: int | None  # its place in the cover, if a log may explain it
    nano: int


class Share(NamedTuple):
    """One part of a cost line at its end, and how it came there: `weight` of `whole`, by what was weighed.

    `nano` is that share of `part_nano`: what of the line came this way and was split here.
    """

    line_id: str
    actor: str
    context_band: str
    meter: str
    pool: Pool
    customer: str
    feature: str
    environment: str
    cost_class: str
    basis: str
    method: str
    rule: str
    weight: int
    whole: int
    by: str
    part_nano: int
    nano: int


class _End(NamedTuple):
    """Where a part of a line ends, and how it came there."""

    customer: str
    feature: str
    label: Label
    method: str
    rule: str = NONE
    weight: int = 1
    whole: int = 1
    by: str = "all"
    part_nano: int | None = None  # None: the end takes all that came


# Whom a group's log rows name, with their weights (only those with a customer, if True), of a piece of these
# facts; None: nobody whom the trace asks for.
Told = Callable[[Group, bool, Facts], Owners | None]


def _all_told(group: Group, named: bool, _: Facts) -> Owners:
    return group.owners(named)


_Taken = dict[tuple[int, bool, tuple[int, ...], str], tuple[Group, Piece, int]]


class Ladder:
    """Takes lines down, piece by piece, and adds up what everybody got."""

    def __init__(
        self,
        book: Rulebook,
        cover: Cover,
        spreads: Spreads,
        notes: Notes,
        *,
        scale: bool,
        trace: bool,
        told: Told = _all_told,
        only: str | None = None,
    ) -> None:
        """`scale`: what a group with owners leaves goes to them; `trace`: keep the shares, those of `only`, if any.

        What is given to others than `only` is not looked at, and does not count as given out.
        """
        self._book, self._cover, self._spreads, self._notes = book, cover, spreads, notes
        self._scale, self._trace, self._told, self._only = scale, trace, told, only
        self._booked: defaultdict[tuple[Pool, str, str, str, str, str, str, str], int] = defaultdict(int)
        self._parts_of: dict[int, list[tuple[int, Group | None, bool]]] = {}
        self._signature_of: dict[tuple[Facts, bool], tuple[int, ...]] = {}
        self.shares: list[Share] = []

    def take(self, line: CostLine, pieces: Iterable[Piece]) -> int:
        """Allocate the pieces of a line; what was given out, in nano-units."""
        taken: _Taken = {}
        given = 0
        for piece in pieces:
            parts = self._parts(piece.wanted)
            for (_, group, named), nano in zip(parts, split(piece.nano, [part[0] for part in parts]), strict=True):
                if group is None:
                    given += self._down(line, piece, _pool(piece.facts, line.currency), NONE, nano)
                elif nano:
                    self._add(taken, group, named, piece, nano)
        for (_, named, _, _), (group, piece, nano) in taken.items():
            given += self._by_log(line, group, named, piece, nano)
        return given

    def exclude(self, line: CostLine, facts: Facts) -> int:
        """A tax or credit that is nobody's: shown, in no margin."""
        label = self._book.label(facts)._replace(cost_class=EXCLUDED)
        piece = Piece(facts, ANY, line.context_band, line.meter, None, line.amount_nano)
        end = _End(UNALLOCATED, NONE, label, _LAST_RUNG)
        return self._give(line, piece, _pool(facts, line.currency), end, piece.nano)

    def allocations(self) -> list[Allocation]:
        """What everybody got, in the order of the bytes of the rows' keys; no row of 0."""
        rows = [
            Allocation(pool, customer, feature, environment, cost_class, pool.currency, basis, method, rule, nano)
            for (pool, customer, feature, environment, cost_class, basis, method, rule), nano in self._booked.items()
            if nano
        ]
        return sorted(rows, key=key_bytes)

    def _parts(self, wanted: int | None) -> list[tuple[int, Group | None, bool]]:
        """The weights of covered and left; True: only over owners with a customer."""
        if wanted is None:
            return [(1, None, False)]
        if wanted not in self._parts_of:
            claims, left = self._cover.claims[wanted], self._cover.left[wanted]
            parts: list[tuple[int, Group | None, bool]] = [(quantity, group, False) for quantity, group in claims]
            parts += self._scaled(claims, left) if self._scale else [(left, None, False)]
            self._parts_of[wanted] = parts if any(part[0] for part in parts) else [(1, None, False)]
        return self._parts_of[wanted]

    def _scaled(self, claims: list[tuple[int, Group]], left: int) -> list[tuple[int, Group | None, bool]]:
        owned = [(quantity, group) for quantity, group in claims if group.owners(named=True).owners]
        if not owned:
            return [(left, None, False)]
        weights = [quantity for quantity, _ in owned]
        shares = split(left, weights if any(weights) else [1] * len(weights))
        return [(share, group, True) for share, (_, group) in zip(shares, owned, strict=True)]

    def _add(self, taken: _Taken, group: Group, named: bool, piece: Piece, nano: int) -> None:
        """Pieces of one fate in one group are split over its owners together: fewer roundings, fewer steps."""
        key = (piece.facts, group.tagged)
        if key not in self._signature_of:
            self._signature_of[key] = self._book.signature(piece.facts, but_tags=group.tagged)
        at = (id(group), named, self._signature_of[key], piece.facts.tags if group.tagged else "")
        if at in taken:
            _, other, sum_ = taken[at]
            taken[at] = (group, _common(other, piece), sum_ + nano)
        else:
            taken[at] = (group, piece, nano)

    def _by_log(self, line: CostLine, group: Group, named: bool, piece: Piece, nano: int) -> int:
        told = self._told(group, named, piece.facts)
        if told is None:
            return 0
        owners, weights, by, marks = told
        if by == QUANTITY and len(owners) > 1:
            detail = "list cost of the logged requests is not known, 0 or of several currencies"
            self._notes.add("weights by quantity", group.subject, line.currency, nano, detail)
        pool, whole, given = group.pool(line.account, line.currency), sum(weights), 0
        labels = {mark: self._book.label(in_log(piece.facts, *mark)) for mark in marks}
        for owner, weight, share in zip(owners, weights, split(nano, weights), strict=True):
            if owner.customer == NONE:
                logged = piece._replace(facts=in_log(piece.facts, owner.environment, owner.tags))
                given += self._down(line, logged, pool, owner.feature, share)
            elif self._only in {None, owner.customer}:
                label = labels[owner.environment, owner.tags]
                end = _End(owner.customer, owner.feature, label, REQUEST_LOG, NONE, weight, whole, by, nano)
                given += self._give(line, piece, pool, end, share)
        return given

    def _down(self, line: CostLine, piece: Piece, pool: Pool, feature: str, nano: int) -> int:
        """Rules, then spread, then nobody."""
        if not nano:
            return 0
        label, rule = self._book.label(piece.facts), self._book.owner(piece.facts)
        feature = feature if feature != NONE else self._book.feature(piece.facts) or NONE
        if rule is not None and rule.customer is not None:
            end = _End(rule.customer, rule.feature or feature, label, RULE, rule.name)
            return self._give(line, piece, pool, end, nano)
        ends = self._spread(line, piece, feature, label, nano)
        return sum(self._give(line, piece, pool, end, share) for end, share in ends)

    def _spread(self, line: CostLine, piece: Piece, feature: str, label: Label, nano: int) -> list[tuple[_End, int]]:
        spread = self._book.spread(piece.facts)
        if spread is None:
            return [(_End(UNALLOCATED, feature, label, _LAST_RUNG), nano)]
        customers, weights, by = self._spreads.weights(spread, line.currency)
        if not customers:
            detail = "no request of the day names a customer and is cogs, or no share is above 0"
            self._notes.add("spread without usage", spread.name, line.currency, nano, detail)
            return [(_End(UNALLOCATED, feature, label, _LAST_RUNG), nano)]
        if by == QUANTITY and len(customers) > 1:
            detail = "list cost of the day's requests is not known, 0 or of several currencies"
            self._notes.add("weights by quantity", f"spread {spread.name}", line.currency, nano, detail)
        whole = sum(weights)
        return [
            (_End(customer, feature, label, SPREAD, spread.name, weight, whole, by, nano), share)
            for customer, weight, share in zip(customers, weights, split(nano, weights), strict=True)
            if self._only in {None, customer}
        ]

    def _give(self, line: CostLine, piece: Piece, pool: Pool, end: _End, nano: int) -> int:
        if not nano or self._only not in {None, end.customer}:
            return 0
        customer, feature, label, method, rule, *_ = end
        key = (pool, customer, feature, label.environment, label.cost_class, line.basis, method, rule)
        self._booked[key] += nano
        if self._trace:
            known = (line.line_id, piece.actor, piece.context_band, piece.meter, *key)
            part = nano if end.part_nano is None else end.part_nano
            self.shares.append(Share(*known, end.weight, end.whole, end.by, part, nano))
        return nano


def in_log(facts: Facts, environment: str, tags: str) -> Facts:
    """The facts of a piece with what a log says of it."""
    return with_tags(facts._replace(environment=ANY if environment == NONE else environment), tags)


def _pool(facts: Facts, currency: str) -> Pool:
    known = (facts.provider, facts.project, facts.api_key, facts.model, facts.service_tier)
    provider, project, api_key, model, tier = (NONE if value == ANY else value for value in known)
    return Pool(facts.account, provider, project, api_key, model, tier, currency)


def _common(one: Piece, other: Piece) -> Piece:
    """What two pieces of one fate both say; the rules cannot tell them apart, so either's facts will do."""
    actor = one.actor if one.actor == other.actor else ANY
    band = one.context_band if one.context_band == other.context_band else ANY
    return one._replace(actor=actor, context_band=band, meter=one.meter if one.meter == other.meter else ANY)
