"""Audience: which of a place's usage a log row speaks of, by environment and by actor.

A log row meets everything at its place, unless a rule the log cannot see says what environment some of that
usage is, or unless log and usage both name the actor (docs/decisions/008). Only what stands at the place
itself decides: a rule on usage elsewhere takes no log row away from here.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from llm_finops.core.records import ALL, ANY, NONE, PRODUCTION

NOBODY = frozenset({NONE, ANY})

Whom = tuple[str, str]  # environment, actor; ALL where that tells nothing apart


class Asks(NamedTuple):
    """Which log rows may explain a wanted row."""

    environment: str  # only those of this one; ALL: those that nothing sets apart
    actor: str
    confined: bool  # only those of its actor, for a rule speaks of him


@dataclass(slots=True)
class Audience:
    """The wanted rows of one place."""

    _rows: defaultdict[str, defaultdict[str, list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, at: int, asks: Asks) -> None:
        """Put in a wanted row."""
        rows = self._rows[asks.environment]
        if not asks.confined:
            rows[ALL].append(at)
        if asks.actor not in NOBODY:
            rows[asks.actor].append(at)

    def whom(self, environment: str, actor: str) -> Whom | None:
        """Of whom a log row speaks; None: of nobody here. Rows that speak of the same are one group."""
        if environment in {PRODUCTION, NONE} and PRODUCTION in self._rows:
            meets = PRODUCTION  # as the label has it: what nothing else is said of is production
        else:
            meets = environment if environment in self._rows else ALL
        for known in (actor, ALL) if actor not in NOBODY else (ALL,):
            if any(self.lists((meets, known))):
                return meets, known
        return None

    def lists(self, whom: Whom) -> list[list[int]]:
        """The rows that are met, in turns: the second gets what the first leaves.

        Production is set apart for nobody: it goes on to the usage of which no rule says anything.
        """
        meets, actor = whom
        turns = (PRODUCTION, ALL) if meets == PRODUCTION else (meets,)
        return [self._rows[name][actor] if actor in self._rows.get(name, ()) else [] for name in turns]
