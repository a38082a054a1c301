"""What the engine answers, what it works with, and how it fails."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from llm_finops.core.records import Finding, LogDay, Price, Quarantined, RequestQuantile, RequestTotal

# The price book's rows for the (provider, model) pairs that a log really names.
PriceLookup = Callable[[Collection[tuple[str, str]]], Sequence[Price]]


class EngineError(Exception):
    """The pass over a request log could not be done."""


class LogFileError(EngineError):
    """A file of a request log cannot be used; the message names source and file, what was seen and what to do."""


class FileDays(NamedTuple):
    """What one file holds: its days (UTC), and the rows that name no day, by reason."""

    path: Path
    rows: int
    days: dict[str, LogDay]
    undated: dict[str, int]


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where and with what the engine works; `providers` is account -> provider, for logs that map accounts only."""

    scratch: Path
    memory_bytes: int = 512 * 2**20
    threads: int | None = None
    providers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class DayTotals:
    """A day of a request log. `rows` read = requests of the totals + duplicates + quarantined.

    `refused`, where not empty, says why the day cannot be booked; there are no totals then.
    """

    day: str
    totals: list[RequestTotal] = field(default_factory=list)
    quantiles: list[RequestQuantile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0
    duplicates: int = 0
    quarantined: list[Quarantined] = field(default_factory=list)
    refused: str = ""
