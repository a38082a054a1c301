"""Allocate: every nano-unit of a day's cost lines to a customer, feature and environment.

Quantities first, then money. *Cover* says who used each usage row, in whole units; *refine* splits each
line over the usage rows it stands for; the *ladder* takes each piece down: request log, rules, spread,
`(unallocated)`. A pure function of its arguments: the order of no argument matters, and lines are never netted.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from llm_finops.core.allocate.conserve import conserve, conserve_all
from llm_finops.core.allocate.cover import Cover
from llm_finops.core.allocate.errors import AllocationError, ConservationError
from llm_finops.core.allocate.ladder import Ladder, Share
from llm_finops.core.allocate.ready import ready
from llm_finops.core.allocate.spreads import Spreads
from llm_finops.core.allocate.tracing import Tracer
from llm_finops.core.allocate.wanted import facts_of_line
from llm_finops.core.records import (
    Allocation,
    CostLine,
    Coverage,
    Finding,
    Name,
    PricedUsage,
    RequestTotal,
    key_bytes,
)
from llm_finops.core.settings import Settings

__all__ = ["Allocated", "AllocationError", "ConservationError", "Share", "Tracer", "allocate"]


class Allocated(NamedTuple):
    """What a day's cost became. `shares` is empty unless a trace was asked for."""

    allocations: list[Allocation]
    coverage: list[Coverage]
    findings: list[Finding]
    shares: list[Share]


def allocate(
    day: str,
    account: str,
    lines: Sequence[CostLine],
    usage: Sequence[PricedUsage],
    totals: Mapping[str, Sequence[RequestTotal]],
    *,
    settings: Settings,
    names: Mapping[str, Sequence[Name]],
    trace: bool = False,
) -> Allocated:
    """Give each cost line of an account and day to those who caused it.

    `lines` are all lines of the day (one lane: reported or estimated, and true-ups); `usage` the account's;
    `totals` the requests of all sources and accounts, by source; `names` by account. Models of usage and
    totals are the provider's; those of lines are put through the aliases here. Raises ConservationError,
    or rules.UnknownSourceError if the settings lack a source of `totals`.
    """
    book, notes, lines, apart, usage, plan, covered = ready(day, account, lines, usage, totals, settings, names)
    plan.note_alone(covered, files=any(known.name == account and known.kind == "costs" for known in settings.accounts))
    spreads = Spreads(lambda: totals, book)
    ladder = Ladder(book, covered, spreads, notes, scale=settings.uncovered == "scale", trace=trace)
    for line, pieces in plan.pieces():
        conserve(account, day, f"line {line.line_id}", line.amount_nano, ladder.take(line, pieces))
    for line in apart:
        ladder.exclude(line, facts_of_line(line, book.reads_tags))
    allocations = ladder.allocations()
    conserve_all(account, day, lines, allocations)
    return Allocated(allocations, _coverage(usage, covered), notes.findings(), sorted(ladder.shares, key=key_bytes))


def _coverage(usage: Sequence[PricedUsage], covered: Cover) -> list[Coverage]:
    """How much of each usage row the logs give to a customer (a request that names nobody is not counted)."""
    rows = []
    for row, claims in zip(usage, covered.claims, strict=False):  # behind the usage stand lines without any
        named = sum(group.named(quantity) for quantity, group in claims)
        key = (row.account, row.provider, row.project, row.api_key, row.actor, row.model)
        rows.append(Coverage(*key, row.service_tier, row.context_band, row.meter, row.unit, row.quantity, named))
    return rows
