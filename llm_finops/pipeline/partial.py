"""The deadline: a day that cannot be told whole by then is told all the same, headed PARTIAL, with what is missing."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from llm_finops.ledger import Digest
from llm_finops.ledger import datasets as d
from llm_finops.ledger.journals import SUMMARY
from llm_finops.ledger.restating import ask_edit
from llm_finops.pipeline.complete import is_ready
from llm_finops.pipeline.said import partial_letter, said_of
from llm_finops.pipeline.work import Work


def after_deadline(work: Work, is_tried: Callable[[str], bool | None]) -> None:
    """Make yesterday's PARTIAL due, once its deadline has passed; cheap for as long as there is nothing to tell.

    `is_tried` says of a day whether a run had it in its range, None while one is still under way. A day that no run
    has tried is not told: after an outage of ours the next run tells it whole.

    While the outage of an earlier PARTIAL lasts, that message is edited to say so, and no new one is posted.
    """
    now = datetime.fromisoformat(work.config.now())
    day = str(now.date() - timedelta(days=1))
    if now.time() < work.config.slack.deadline or day < str(work.config.start_date):
        return
    newest = max((row for row in work.ledger.journals.digests() if row.kind == SUMMARY), default=None)
    if newest and (newest.day >= day or _says(work, newest) >= day):
        return
    tried = is_tried(day)
    if tried is None or not (tried or _was_read(work, day)) or is_ready(work, day):
        return
    if newest and _says(work, newest) and not is_ready(work, newest.day):
        if newest.day in said_of(work):
            ask_edit(work.ledger, newest.day)
        return
    if work.ledger.heads(d.MARGINS):
        work.ledger.journals.make_due(day, partial_letter(work, day, day).message.figures_hash, day)


def _says(work: Work, newest: Digest) -> str:
    """The last incomplete day that the newest message speaks of; '' where it is whole, or goes out whole."""
    said = said_of(work).get(newest.day)
    return said.handled.partial if said else newest.partial


def _was_read(work: Work, day: str) -> bool:
    """Whether a reading of the day was tried after its end."""
    after = f"{date.fromisoformat(day) + timedelta(days=1)}T"
    return work.ledger.journals.was_tried(day, after)
