"""The end of a run: what is new of its days is made due for Slack."""

from datetime import datetime, timedelta

from llm_finops.ledger.pages import prune_pages
from llm_finops.ledger.rolling import roll_up
from llm_finops.pipeline.complete import newest_complete
from llm_finops.pipeline.outcome import Outcome, Result
from llm_finops.pipeline.restate import restate
from llm_finops.pipeline.said import message_of
from llm_finops.pipeline.work import Work


def summarise(work: Work, days: list[str]) -> Result:
    """In a whole run, the newest complete day becomes due, and what was restated."""
    result = Result()
    for day in days:
        result.add(day, Outcome("*"))
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
