"""The end of a run: the figures of each day, and the newest complete day made due for Slack."""

from typing import Any

from llm_finops.core.money import nano_text
from llm_finops.ledger import datasets as d
from llm_finops.ledger import sums
from llm_finops.pipeline.deliver import message_of
from llm_finops.pipeline.outcome import Outcome, Result
from llm_finops.pipeline.work import Work, key

_STALE_MATTERS = (d.PRICED_USAGE, d.ESTIMATES, d.REQUEST_TOTALS, d.ALLOCATIONS, d.MARGINS)


def summarise(work: Work, days: list[str]) -> Result:
    """Each day's figures as metadata; in a whole run, the newest complete day becomes due."""
    result = Result()
    costs = sums(work.ledger, "margins", ("day", "currency"), ("cost_nano", "requests"), (days[0], days[-1]))
    for day in days:
        result.add(day, Outcome("*", numbers=_numbers(day, costs)))
    if work.whole:
        _make_due(work)
    return result


def _make_due(work: Work) -> None:
    day = newest_complete(work)
    if day and all(row.day < day for row in work.ledger.journals.digests()):
        work.ledger.journals.make_due(day, message_of(work, day).figures_hash)


def _numbers(day: str, costs: dict[tuple[str, ...], tuple[int, ...]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for (at, currency), (cost, requests) in sorted(costs.items()):
        if at == day:
            found[f"cogs_{currency}"] = nano_text(cost)
            found["requests"] = found.get("requests", 0) + requests
    return found


def newest_complete(work: Work) -> str | None:
    """The newest day that every cost source covers, with nothing of it stale; None where there is none."""
    booked = {k.period for k in work.ledger.heads(d.MARGINS)}
    stale = {k.period for dataset in _STALE_MATTERS for k in work.ledger.stale(dataset)}
    for day in sorted(booked - stale, reverse=True):
        if is_complete(work, day):
            return day
    return None


def is_complete(work: Work, day: str) -> bool:
    """Whether every configured provider was read after the day's end, and its cost is reported or estimated."""
    over = work.final_at(day, 0)
    for account in work.config.providers:
        readings = [
            work.ledger.journals.read_at(dataset.name, account).get(day, "") for dataset in (d.USAGE, d.COST_LINES)
        ]
        if max(readings) < over:
            return False
        gather = work.ledger.gather()
        if not (gather.has(d.COST_LINES, account, day) or gather.has(d.ESTIMATES, account, day)):
            return False
        if key(d.ALLOCATIONS, account, day) not in work.ledger.heads(d.ALLOCATIONS, account):
            return False
    return True
