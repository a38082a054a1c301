"""The end of a run: messages that would now say something else are edited, and what is news is told."""

from datetime import date, timedelta

from llm_finops.ledger.restating import ask_edit, ask_restated, confirm, touched
from llm_finops.pipeline.complete import is_ready, stale_days
from llm_finops.pipeline.said import Said, changed, is_worth_an_answer, moved_since, printed_partials, said_of
from llm_finops.pipeline.work import Work

TOGETHER = 3  # more days than these with news in one run are one message instead of an answer each
_WEEK = timedelta(days=7)


def restate(work: Work) -> None:
    """Make due what Slack should be told again: an edit a message, and one message where the news is of many days.

    An edit's answer is decided when it is sent, from what the day was told before.
    """
    seq = work.ledger.seq()  # all is compared as of this commit: what another run books meanwhile is looked at later
    for day in printed_partials(work):  # nothing to edit on a terminal: the whole day is printed after it
        if is_ready(work, day):
            ask_edit(work.ledger, day)
    said = said_of(work)
    if not said:
        return
    moves = touched(work.ledger, min(message.seq for message in said.values()))
    stale = stale_days(work)
    news = {}
    edits = []
    for day, message in sorted(said.items()):
        if day in stale or not (message.handled.partial or _may_differ(day, message, moves, day == max(said))):
            continue
        letter = changed(work, day, message, seq)
        if letter is None:
            _look_away(work, message, seq)
            continue
        edits.append(day)
        if letter.partial or message.is_told_together:  # one that waits says, when it is sent, what is newest then
            continue
        if is_worth_an_answer(work, moved_since(work, day, message.told, letter.seq)):
            news[day] = message.told
    if len(news) > TOGETHER:  # first, so that no edit is answered beside it
        ask_restated(work.ledger, news, seq)
    for day in edits:
        ask_edit(work.ledger, day)


def _may_differ(day: str, message: Said, moves: dict[str, int], is_newest: bool) -> bool:
    """Whether anything of the days a message shows was booked since: itself, its month, the week before, an outage.

    The newest one also tells of the invoices of any month that came since.
    """
    on = date.fromisoformat(day)
    first = str(min(on.replace(day=1), on - _WEEK))
    later = [period for period, seq in moves.items() if seq > message.seq]
    return any(first <= at <= day or at == day[:7] or (is_newest and len(at) == len(day[:7])) for at in later)


def _look_away(work: Work, message: Said, seq: int) -> None:
    """The message would say the same as of a commit: what was booked until then need not be looked at again."""
    if not message.handled.partial:
        confirm(work.ledger, message.handled, seq)
