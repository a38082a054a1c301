"""What became of a day in one step, and the small set of faults that spoil one day and not the run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_finops.connectors.contract import SourceError
from llm_finops.core.allocate import AllocationError
from llm_finops.core.money import MoneyError
from llm_finops.engine import EngineError
from llm_finops.inputs.files import InputError
from llm_finops.ledger import LedgerError


class CountedTwiceError(Exception):
    """A day repeats what is booked under a name that is no longer configured."""


# A fault of one (account, day): it keeps its last version, the others go on. Anything else is a bug or a
# lost database, and stops the run.
FAULTS = (SourceError, MoneyError, AllocationError, EngineError, InputError, LedgerError, CountedTwiceError)


@dataclass(frozen=True)
class Outcome:
    """One (account or source, day) of a step."""

    subject: str
    ok: bool = True
    is_new: bool = False
    computed: bool = False  # a verb was called
    numbers: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


@dataclass
class Result:
    """A step's outcomes by day."""

    by_day: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))

    def add(self, day: str, outcome: Outcome) -> None:
        """Note one."""
        self.by_day[day].append(outcome)

    def fail(self, day: str, subject: str, why: object) -> None:
        """Note that a day of a subject could not be had, and why."""
        self.add(day, Outcome(subject, ok=False, why=str(why)))

    def seen(self, days: Iterable[str]) -> None:
        """Note days of which there may have been nothing to do: Dagster is told that they were looked at."""
        for day in days:
            self.by_day.setdefault(day, [])

    @property
    def computed(self) -> int:
        """How often a verb was called."""
        return sum(outcome.computed for outcomes in self.by_day.values() for outcome in outcomes)

    def failed(self) -> dict[str, list[Outcome]]:
        """The days that failed, with the outcomes that say why."""
        bad = {day: [o for o in outcomes if not o.ok] for day, outcomes in self.by_day.items()}
        return {day: outcomes for day, outcomes in sorted(bad.items()) if outcomes}


@dataclass(frozen=True)
class Failed:
    """A day that failed, named: account and day, and why."""

    asset: str
    subject: str
    day: str
    why: str

    def __str__(self) -> str:
        return f"{self.asset} {self.subject} {self.day}: {self.why}"


def failures(asset: str, result: Result) -> list[Failed]:
    """A step's failures, in order of day."""
    return [Failed(asset, o.subject, day, o.why) for day, outcomes in result.failed().items() for o in outcomes]


def totals(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """The metadata of a day: whole numbers are added up over accounts, text is joined."""
    found: dict[str, Any] = {}
    for outcome in outcomes:
        for name, value in outcome.numbers.items():
            if isinstance(value, int) and name in found:
                found[name] += value
            elif name in found and found[name] != value:
                found[name] = f"{found[name]}; {value}"
            else:
                found[name] = value
    return found
