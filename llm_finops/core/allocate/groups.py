"""Groups: log rows that explain usage together, whom they name, and how findings speak of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple

from llm_finops.core.allocate.log import DIMENSIONS, LogRow, Owner
from llm_finops.core.allocate.weigh import Measure, weigh
from llm_finops.core.meters import UNITS
from llm_finops.core.money import split
from llm_finops.core.records import ALL, ANY, NONE, Pool


class Owners(NamedTuple):
    """Whom a group's log rows name, with the weights of a split over them."""

    owners: list[Owner]
    weights: list[int]
    by: str
    labels: frozenset[tuple[str, str]]  # environment and tags: what a label may hang on


@dataclass(slots=True, eq=False)
class Group:
    """Log rows that explain usage rows, and what both know of their pool."""

    log: str
    known: dict[str, str]
    rows: list[LogRow]
    unit: str
    logged: int
    rest: int  # of what is logged, what has not met any usage yet
    tagged: bool  # the log says tags that a rule reads
    _owners: dict[bool, Owners] = field(default_factory=dict)
    _units: list[int] = field(default_factory=list)

    def pool(self, account: str, currency: str) -> Pool:
        """The pool that log and usage both know; `(none)` for the rest."""
        provider, project, api_key, model, tier = (self.known.get(name, NONE) for name in DIMENSIONS)
        return Pool(account, provider, project, api_key, model, tier, currency)

    def owners(self, named: bool = False) -> Owners:
        """The owners in the order of their key bytes; only those with a customer, if `named`."""
        if named not in self._owners:
            self._owners[named] = _weigh([(row.owner, row.measure) for row in self.rows], named=named)
        return self._owners[named]

    def named(self, quantity: int) -> int:
        """How much of a quantity the log gives to a customer."""
        if not self._units:
            named = sum(row.measure.quantity for row in self.rows if row.owner.customer != NONE)
            self._units = [named, sum(row.measure.quantity for row in self.rows) - named]
        return split(quantity, self._units)[0]

    @property
    def subject(self) -> str:
        """The group's log, model and meters, as findings name it."""
        return subject(self.log, self.known.get("model", ALL), {row.meter for row in self.rows})


def group_of(log: str, known: dict[str, str], rows: list[LogRow], currency: str) -> Group:
    """A group of log rows, counted in units; in list cost where a `currency` says that only money is known."""
    tagged = any(row.owner.tags != "{}" for row in rows)
    if currency:
        logged = sum(row.measure.cost or 0 for row in rows if row.measure.currency == currency)
        return Group(log, known, rows, currency, logged, logged, tagged)
    logged = sum(row.measure.quantity for row in rows)
    return Group(log, known, rows, UNITS.get(rows[0].meter, ""), logged, logged, tagged)


def subject(log: str, model: str, meters: set[str]) -> str:
    """A log, a model and meters, as findings name them."""
    return " ".join([f"{log}:", ALL if model == ANY else model, *sorted(meters)])


def words(known: Mapping[str, str]) -> str:
    """What is known of a place, in words."""
    return ", ".join(f"{name} {value}" for name, value in known.items() if value != ANY)


def _weigh(rows: Sequence[tuple[Owner, Measure]], *, named: bool) -> Owners:
    """What the owners of log rows weigh, in the order of their key bytes; only those with a customer, if `named`."""
    rows = [row for row in rows if not named or row[0].customer != NONE]
    weights, by = weigh([measure for _, measure in rows])
    summed: defaultdict[Owner, int] = defaultdict(int)
    for (owner, _), weight in zip(rows, weights, strict=True):
        summed[owner] += weight
    return owners_of(summed, by)


def owners_of(summed: Mapping[Owner, int], by: str) -> Owners:
    """The owners in the order of their key bytes, with what they weigh."""
    owners = sorted(summed, key=_key)
    return Owners(owners, [summed[owner] for owner in owners], by, frozenset(owner[2:] for owner in owners))


def _key(owner: Owner) -> str:
    """In the order of `key_bytes`, at a fifth of its time: there is an owner a customer and feature."""
    return ",".join(map(quoted, owner))
