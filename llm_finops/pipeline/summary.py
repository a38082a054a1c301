"""The end of a run: the figures of each day, and the newest complete day made due for Slack."""

from typing import Any

from llm_finops.core.money import nano_text
from llm_finops.ledger import datasets as d
from llm_finops.ledger import sums
from llm_finops.pipeline.deliver import message_of
from llm_finops.pipeline.ingest import is_reported
from llm_finops.pipeline.outcome import Outcome, Result
from llm_finops.pipeline.work import Work, key

# Which datasets must not be stale, and by which kind of table they are read.
_STALE_MATTERS: dict[d.Dataset[Any], str] = {
    d.PRICED_USAGE: "providers",
    d.ESTIMATES: "",
    d.REQUEST_TOTALS: "requests",
    d.ALLOCATIONS: "",
    d.MARGINS: "",
    d.CONVERTED_MARGINS: "",
}


def summarise(work: Work, days: list[str]) -> Result:
    """Each day's figures as metadata; in a whole run, the newest complete day becomes due."""
    result = Result()
    costs = sums(work.ledger, "margins", ("day", "currency"), ("cost_nano", "requests"), (days[0], days[-1]))
    converted = _converted(work, days)
    for day in days:
        result.add(day, Outcome("*", numbers={**_numbers(day, costs), **converted.get(day, {})}))
    if work.whole and work.announces:
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


def _converted(work: Work, days: list[str]) -> dict[str, dict[str, str]]:
    """By day, all cogs in the reporting currency; not a part of them where some have no rate."""
    if not (currency := work.config.reporting.currency):
        return {}
    found = work.ledger.read_days(d.CONVERTED_MARGINS, days[0], days[-1], "*")
    costs = {day: [row.cost_nano for row in rows] for (_, day), rows in found.items()}
    said = {day: "no rate" if None in of else nano_text(sum(nano or 0 for nano in of)) for day, of in costs.items()}
    return {day: {f"all_cogs_in_{currency}": text} for day, text in said.items()}


def newest_complete(work: Work) -> str | None:
    """The newest day that every cost source covers, with nothing of it stale; None where there is none."""
    booked = {k.period for k in work.ledger.heads(d.MARGINS)}
    converts = work.config.reporting.currency is not None
    if converts:
        booked &= {k.period for k in work.ledger.heads(d.CONVERTED_MARGINS)}
    stale = {
        k.period
        for dataset, kind in _STALE_MATTERS.items()
        if converts or dataset is not d.CONVERTED_MARGINS  # what was converted once stays as it was
        for k in work.ledger.stale(dataset)
        if not kind or k.scope not in work.gone(kind)  # whose files or keys are gone cannot be computed again
    }
    for day in sorted(booked - stale, reverse=True):
        if is_complete(work, day):
            return day
    return None


def is_complete(work: Work, day: str) -> bool:
    """Whether every configured provider's cost is reported or estimated, by a reading after the day's end."""
    return all(
        _is_covered(work, account, day)
        and key(d.ALLOCATIONS, account, day) in work.ledger.heads(d.ALLOCATIONS, account)
        for account in work.config.providers
    )


def _is_covered(work: Work, account: str, day: str) -> bool:
    """Whether the lane that stands for the day, its report or its estimate, was read after the day's end."""
    gather = work.ledger.gather()
    reported = is_reported(gather, account, day)
    if not (reported or gather.has(d.ESTIMATES, account, day)):
        return False
    read = work.ledger.journals.read_at((d.COST_LINES if reported else d.USAGE).name, account)
    return read.get(day, "") >= work.final_at(day, 0)
