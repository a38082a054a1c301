"""What Slack was told of a day, and what it would be told now: every kind of message as the ledger stands."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from llm_finops.core.days import each_day
from llm_finops.core.digest import Cause, Change, Figures, Message, changes, digest, restated, restated_together
from llm_finops.ledger import Digest
from llm_finops.ledger import datasets as d
from llm_finops.ledger.journals import ANSWER, DUE, EDIT, PRINTED, REFUSED, RESTATED, SENDING, SENT, SUMMARY, UNKNOWN
from llm_finops.ledger.restating import moved, restated_days
from llm_finops.pipeline.charted import charted
from llm_finops.pipeline.complete import incomplete_between, is_ready, missing_of, newest_complete
from llm_finops.pipeline.figures import figures_of
from llm_finops.pipeline.work import Work, key
from llm_finops.slack import Letter, Posted, Shown
from llm_finops.slack.outcomes import GONE

_EARLIER_MAX = 7  # days of an outage that get a line of their own


class NothingBooked(Exception):
    """There is no day to speak of; the message says what to do."""


@dataclass(frozen=True)
class Said:
    """A day's message that stands in the channel.

    `handled` is the last call that changed it, or could not: what it says now is as of that call's commit.
    `told` is the last commit that anybody was told the day as of, in the message, its thread or one about many days.
    `answered` is the same without the message itself, whose edits may be silent.
    """

    at: Posted
    handled: Digest
    told: int
    answered: int
    is_told_together: bool  # a message about many days is under way, and the day is one of them

    @property
    def seq(self) -> int:
        """The commit as of which the message was last looked at."""
        return self.handled.seq or 0


def said_of(work: Work) -> dict[str, Said]:
    """{day: its message} of those that stand in the channel and say as of which commit they speak."""
    rows = work.ledger.journals.digests()
    by_day: dict[str, list[Digest]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    together = [row for row in rows if row.kind == RESTATED]
    found = {day: _said(of_day, together) for day, of_day in by_day.items()}
    return {day: said for day, said in found.items() if said}


def _said(rows: list[Digest], together: list[Digest]) -> Said | None:
    message = next((row for row in rows if row.kind == SUMMARY), None)
    if message is None or message.state != SENT or message.seq is None or not message.channel or not message.ts:
        return None
    handled = [row for row in rows if row.kind in {SUMMARY, EDIT} and row.state in {SENT, REFUSED} and row.seq]
    if any(row.state == REFUSED and row.detail in GONE for row in rows):
        return None  # it was deleted: nothing is left to edit
    mine = [row for row in together if message.day in restated_days(row)]
    news = [row for row in mine if row.state == SENT] + [row for row in rows if row.kind == ANSWER]
    maybe = [row for row in mine if row.state == UNKNOWN]  # of which nobody knows, perhaps for ever
    telling = [row for row in handled if row.state == SENT] + news + maybe
    return Said(
        Posted(message.channel, message.ts),
        max(handled, key=lambda row: row.revision),
        max(row.seq or 0 for row in telling),
        max((row.seq or 0 for row in news), default=0),
        is_told_together=any(row.state in {DUE, SENDING} for row in mine),
    )


def printed_partials(work: Work) -> set[str]:
    """The days of which a PARTIAL was printed, for want of a token, and nothing since."""
    newest = {row.day: row.partial for row in work.ledger.journals.digests(PRINTED) if row.kind in {SUMMARY, EDIT}}
    return {day for day, partial in newest.items() if partial}


def untold(work: Work, day: str) -> list[str]:
    """The days between the last message sent and this one: an outage, at most a week of it."""
    rows = work.ledger.journals.digests("sent", "printed")
    sent = [row.day for row in rows if row.kind == SUMMARY and row.day < day]
    if not sent:
        return []
    last, at = date.fromisoformat(max(sent)), date.fromisoformat(day)
    first = max(last + timedelta(days=1), at - timedelta(days=_EARLIER_MAX))
    return each_day(str(first), str(at - timedelta(days=1)))


def message_of(work: Work, day: str, seq: int | None = None) -> Message:
    """The message of a complete day, now or as of a commit, with a line for each day that was never told."""
    return digest(_figures(work, day, seq))


def message_now(work: Work, day: str | None = None) -> Message:
    """The message of a day, or of the newest complete one, as the ledger stands; PARTIAL where the day lacks a source.

    NothingBooked where there is no such day.
    """
    if (at := day or newest_complete(work)) is None:
        raise NothingBooked("no day is complete yet: run `llm-finops backfill --days 90`, or ask for one with --day")
    if is_ready(work, at):
        return message_of(work, at)
    if key(d.MARGINS, "*", at) not in work.ledger.heads(d.MARGINS, "*"):
        raise NothingBooked(f"nothing is booked of {at}: run `llm-finops backfill --from {at} --to {at}`")
    return partial_letter(work, at, at).message


def partial_letter(work: Work, day: str, until: str) -> Letter:
    """The message of a day that is not complete: what is missing, and whether it lasts up to the day `until`."""
    seq = work.ledger.seq()
    told = [row.day for row in work.ledger.journals.digests() if row.kind == SUMMARY and row.day > day]
    if told:  # a later day has a message of its own, and lines for those before it
        until = min(until, str(date.fromisoformat(min(told)) - timedelta(days=1)))
    lasts = incomplete_between(work, str(date.fromisoformat(day) + timedelta(days=1)), until)
    figures = replace(_figures(work, day, seq), state="partial", missing=missing_of(work, day), lasts=lasts)
    return Letter(digest(figures), seq, partial=max(day, until))


def chart_of(work: Work, row: Digest) -> Shown | None:
    """The chart that is to be shown in the thread of a day's message; None where it is gone, or it is too late."""
    said = said_of(work).get(row.day)
    return charted(work, [at for at in work.ledger.journals.digests() if at.day == row.day], said.at) if said else None


def letter_of(work: Work, row: Digest) -> Letter | None:
    """What a row that is due says now; None where nothing is left to say."""
    if row.kind == EDIT:
        return _edit(work, row)
    if row.kind == ANSWER:
        return _answer(work, row)
    if row.kind == RESTATED:
        return _together(work, row)
    if row.partial and not is_ready(work, row.day):
        return partial_letter(work, row.day, _yesterday(work))
    return _whole(work, row.day)


def _whole(work: Work, day: str) -> Letter:
    seq = work.ledger.seq()
    return Letter(message_of(work, day, seq), seq, charts=work.config.slack.chart)


def changed(work: Work, day: str, said: Said, seq: int | None = None) -> Letter | None:
    """The message as it would be now, or as of a commit, if that is not what it says.

    Of a complete day the ledger tells both, rendered alike, so that a newer program edits nothing.
    """
    letter = _now(work, day, said, seq)
    if said.handled.partial:
        return letter if letter.message.figures_hash != said.handled.figures_hash else None
    return letter if letter.message != message_of(work, day, said.seq) else None


def _now(work: Work, day: str, said: Said, seq: int | None = None) -> Letter:
    """Once complete, a day stays so: a provider that is added later takes nothing back."""
    if said.handled.partial and not is_ready(work, day):
        return replace(partial_letter(work, day, _yesterday(work)), at=said.at)
    seq = work.ledger.seq() if seq is None else seq
    # A day's message has one chart: once it is no longer PARTIAL.
    charts = work.config.slack.chart and bool(said.handled.partial)
    return Letter(message_of(work, day, seq), seq, at=said.at, charts=charts)


def moved_since(work: Work, day: str, before_seq: int, seq: int) -> tuple[Change, ...]:
    """What moved of a day's own figures between two commits.

    Where one of the two is in the reporting currency and the other is not, both are taken as they are: the same
    money in another currency is no news.
    """
    before, after = (figures_of(work, day, seq=at) for at in (before_seq, seq))
    if (before.main_currency, bool(before.rates_of)) != (after.main_currency, bool(after.rates_of)):
        before, after = (figures_of(work, day, seq=at, converts=False) for at in (before_seq, seq))
    return changes(before, after)


def is_worth_an_answer(work: Work, moves: Iterable[Change]) -> bool:
    """Whether any of them reaches `[slack] restate_min`."""
    return any(change.reaches(work.config.slack.restate_min) for change in moves)


def _edit(work: Work, row: Digest) -> Letter | None:
    said = said_of(work).get(row.day)
    if said is None:
        return _whole(work, row.day) if row.day in printed_partials(work) and is_ready(work, row.day) else None
    # An attempt whose end nobody knows may have changed it.
    letter = _now(work, row.day, said) if row.attempt else changed(work, row.day, said)
    if letter is None or letter.partial or said.is_told_together:
        return letter
    is_news = is_worth_an_answer(work, moved_since(work, row.day, said.told, letter.seq))
    return replace(letter, answer_since=said.told) if is_news else letter


def _answer(work: Work, row: Digest) -> Letter | None:
    said = said_of(work).get(row.day)
    if said is None or row.before_seq is None or row.seq is None:
        return None
    moves = moved_since(work, row.day, row.before_seq, row.seq)
    causes = _causes(work, row.day, row.before_seq, row.seq)
    return Letter(restated(row.day, moves, causes), row.seq, at=said.at)


def _together(work: Work, row: Digest) -> Letter | None:
    seq = work.ledger.seq()
    said = said_of(work)
    told = {day: max(at, said[day].answered) if day in said else at for day, at in restated_days(row).items()}
    days = {day: moves for day, before in sorted(told.items()) if (moves := moved_since(work, day, before, seq))}
    causes = {cause for day in days for cause in _causes(work, day, told[day], seq)}
    return Letter(restated_together(days, causes), seq) if days else None


def _causes(work: Work, day: str, before_seq: int, seq: int) -> list[Cause]:
    return [Cause(*found) for found in moved(work.ledger, day, before_seq, seq)]


def _figures(work: Work, day: str, seq: int | None) -> Figures:
    return figures_of(work, day, untold(work, day), seq)


def _yesterday(work: Work) -> str:
    return str(date.fromisoformat(work.config.now()[:10]) - timedelta(days=1))
