"""The next mapping: the one rule, or column of a log, that would take most money out of (unallocated).

Only cogs are looked at: what a rule calls opex needs no customer, and taxes and credits have none. A rule gives all
it takes to one customer, so it is proposed only for what no log gives to any; of a key that a log names customers of,
the rest are requests that the log misses. A rule on what a log cannot see would go before that log, and is not
proposed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from llm_finops.core.money import split
from llm_finops.core.records import NONE, REQUEST_LOG, key_bytes

API_KEY, ACTOR, PROJECT, MODEL = DIMENSIONS = ("api_key", "actor", "project", "model")  # the surest owner first
RULE, UNLOGGED, COLUMN, FEATURE = "rule", "unlogged", "column", "feature"
_ACCOUNT = "account"
_UNALLOCATED = "unallocated"  # the method


class Spent(NamedTuple):
    """Allocated cogs of a pool over some days, by how they found their customer."""

    account: str
    project: str
    api_key: str
    model: str
    currency: str
    feature: str
    method: str
    cost_nano: int
    actor: str


class Uncovered(NamedTuple):
    """Usage of a pool that no request log accounts for, by actor."""

    account: str
    project: str
    api_key: str
    model: str
    actor: str
    quantity: int


class Nameless(NamedTuple):
    """Logged requests without customer: their list cost, by log and feature (`(none)` where the log names none)."""

    source: str
    feature: str
    currency: str
    list_cost_nano: int


class NextMapping(NamedTuple):
    """What would take most. `taken_nano` of `unallocated_nano`, of `whole_nano`: cogs of all days looked at.

    rule       nobody owns `dimension` = `value` of `account`, and no log names a customer of it
    unlogged   a log gives part of it to customers (`logged_nano`), the rest are requests that it misses
    column     the log `value` maps no customer
    feature    requests of the feature `value` name no customer
    """

    kind: str
    currency: str
    account: str
    dimension: str
    value: str
    taken_nano: int
    logged_nano: int
    unallocated_nano: int
    whole_nano: int


class _Candidate(NamedTuple):
    kind: str
    account: str
    dimension: str
    value: str
    taken_nano: int
    logged_nano: int = 0

    @property
    def order(self) -> tuple[object, ...]:
        """The most money first; of equals what a log can say, for one key may serve many; then the surest owner.

        A log without customers goes before all: its worth is reckoned at list cost, and a rule would give its
        requests, whosever they are, to one.
        """
        surest = DIMENSIONS.index(self.dimension) if self.kind == RULE else -1
        return (self.kind != COLUMN, -self.taken_nano, surest, key_bytes(self[:4]))


def next_mappings(
    spent: Iterable[Spent],
    uncovered: Iterable[Uncovered],
    nameless: Iterable[Nameless],
    seen: Mapping[str, Collection[str]],
    maps_customer: Mapping[str, bool],
) -> list[NextMapping]:
    """The next mapping of each currency that has cogs in (unallocated); after one that is no rule, the best rule.

    `seen` says of each account what all of its logs tell apart; `maps_customer`, of each log, whether it has the
    column.
    """
    rows = _by_actor(list(spent), uncovered)
    nameless = list(nameless)
    named = {row.feature for row in nameless}
    found = []
    for currency in sorted({row.currency for row in rows}):
        mine = [row for row in rows if row.currency == currency]
        whole = sum(row.cost_nano for row in mine)
        open_ = sum(row.cost_nano for row in mine if row.method == _UNALLOCATED)
        without = [row for row in nameless if row.currency == currency]
        candidates = [*_handles(mine, seen), *_features(mine, named), *_columns(without, maps_customer, open_)]
        for kind, account, dimension, value, taken, logged in _best(candidates):
            found.append(NextMapping(kind, currency, account, dimension, value, taken, logged, open_, whole))
    return found


def _best(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    worth = sorted((c for c in candidates if c.taken_nano > 0), key=lambda c: c.order)
    rules = [c for c in worth if c.kind == RULE]
    return worth[:1] if not rules or worth[0].kind == RULE else [worth[0], rules[0]]


def _handles(rows: Iterable[Spent], seen: Mapping[str, Collection[str]]) -> list[_Candidate]:
    """What money can be taken by. A log that cannot see a dimension is asked for first: no rule goes past it."""
    taken: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    logged: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        sums = taken if row.method == _UNALLOCATED else logged if row.method == REQUEST_LOG else None
        if sums is None:
            continue
        sums[row.account, _ACCOUNT, row.account] += row.cost_nano
        for dimension in DIMENSIONS:
            value = getattr(row, dimension)
            # A model is no owner: it is proposed only for money that has no other handle.
            if value != NONE and (dimension != MODEL or {row.api_key, row.project} == {NONE}):
                sums[row.account, dimension, value] += row.cost_nano
    found = []
    for at, nano in taken.items():
        account, dimension, _ = at
        if dimension == _ACCOUNT or (dimension not in seen.get(account, ()) and logged[account, _ACCOUNT, account]):
            continue
        if not logged[at]:
            found.append(_Candidate(RULE, *at, nano))
        elif dimension == API_KEY:
            found.append(_Candidate(UNLOGGED, *at, nano, logged[at]))
    whole = [_Candidate(UNLOGGED, *at, nano, logged[at]) for at, nano in taken.items() if at[1] == _ACCOUNT]
    return found or whole


def _features(rows: Iterable[Spent], named: Collection[str]) -> list[_Candidate]:
    """What has a feature that logs name without a customer; a feature may be a rule's alone, and no log's to mend."""
    taken: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if row.method == _UNALLOCATED and row.feature != NONE and row.feature in named:
            taken[row.feature] += row.cost_nano
    return [_Candidate(FEATURE, "", "feature", feature, nano) for feature, nano in taken.items()]


def _columns(rows: Iterable[Nameless], maps_customer: Mapping[str, bool], open_: int) -> list[_Candidate]:
    """Logs without the customer's column; their requests are worth no more than what is unallocated at all."""
    worth: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if not maps_customer.get(row.source, True):
            worth[row.source] += row.list_cost_nano
    return [_Candidate(COLUMN, "", "customer", source, min(nano, open_)) for source, nano in worth.items()]


def _by_actor(rows: list[Spent], uncovered: Iterable[Uncovered]) -> list[Spent]:
    """What is unallocated of a pool, shared out over the actors of its uncovered usage, by quantity."""
    actors: defaultdict[tuple[str, str, str, str], dict[str, int]] = defaultdict(dict)
    for row in uncovered:
        if row.quantity > 0:
            of = actors[row[:4]]
            of[row.actor] = of.get(row.actor, 0) + row.quantity
    apart = []
    for spent in rows:
        of = actors.get(spent[:4], {})
        if spent.method != _UNALLOCATED or set(of) <= {NONE}:
            apart.append(spent)
            continue
        names = sorted(of, key=lambda name: name.encode())
        shares = split(spent.cost_nano, [of[name] for name in names])
        apart += [spent._replace(actor=name, cost_nano=nano) for name, nano in zip(names, shares, strict=True)]
    return apart
