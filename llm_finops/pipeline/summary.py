"""The end of a run: the figures of each day, and what is new of them made due for Slack."""

from datetime import datetime, timedelta
from typing import Any

from llm_finops.core.money import nano_text
from llm_finops.ledger import datasets as d
from llm_finops.ledger import sums
from llm_finops.ledger.pages import prune_pages
from llm_finops.ledger.rolling import roll_up
from llm_finops.pipeline.complete import newest_complete
from llm_finops.pipeline.outcome import Outcome, Result
from llm_finops.pipeline.restate import restate
from llm_finops.pipeline.said import message_of
from llm_finops.pipeline.work import Work


def summarise(work: Work, days: list[str]) -> Result:
    """Each day's figures as metadata; in a whole run, the newest complete day becomes due, and what was restated."""
    result = Result()
    costs = sums(work.ledger, "margins", ("day", "currency"), ("cost_nano", "requests"), (days[0], days[-1]))
    converted = _converted(work, days)
    for day in days:
        result.add(day, Outcome("*", numbers={**_numbers(day, costs), **converted.get(day, {})}))
    roll_up(work.ledger)
    if work.whole:
        _forget_old_pages(work)
    if work.whole and work.announces:
        _make_due(work)
        restate(work)
    return result


def _forget_old_pages(work: Work) -> None:
    """What providers said is kept for as long as is configured; what is booked of it stays for ever."""
    now = datetime.fromisoformat(work.ledger.now())
    cutoff = now - timedelta(days=work.config.pages_days) if work.config.pages_days else now + timedelta(days=1)
    prune_pages(work.ledger, cutoff.isoformat(timespec="seconds").replace("+00:00", "Z"))


def _make_due(work: Work) -> None:
    if work.replay and work.replay.source:  # another ledger's days: whoever keeps that one tells them
        return
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
