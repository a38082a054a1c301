"""Deliver: what is due in the ledger becomes one call to Slack, or is printed where there is no token."""

import sys
from collections.abc import Iterator

from llm_finops.core.digest import plain
from llm_finops.ledger import Digest, utc_now
from llm_finops.ledger.journals import ANSWER, CHART, EDIT, SUMMARY
from llm_finops.pipeline.said import chart_of, letter_of
from llm_finops.pipeline.visible import visible, visible_lines
from llm_finops.pipeline.work import Work
from llm_finops.slack import NotSent, Slack, SlackError, Step, next_step, send_due

Place = tuple[str, int, int]  # (day, revision, attempts made) of a row that is due


class NotDelivered(Exception):
    """Slack has not taken the message, or we do not know: it stays due."""


def due_now(work: Work) -> tuple[list[Place], list[Place]]:
    """What has come due: new messages, a day's or one about many; and edits, answers and charts, in this order."""
    now = utc_now()
    waiting = work.ledger.journals.digests("due", "unknown", "sending")
    ready = [row for row in waiting if next_step(row, now) is not Step.NOTHING]
    ready.sort(key=lambda row: (row.kind == CHART, row.kind != SUMMARY, row.kind != EDIT, row.day, row.revision))
    new: list[Place] = []
    more: list[Place] = []
    for row in ready:
        place = (row.day, row.revision, row.attempt)
        (more if row.kind in {EDIT, ANSWER, CHART} else new).append(place)
    return new, more


def deliver_all(work: Work, places: list[Place]) -> Iterator[str]:
    """Attempts at several rows; what became of each. An edit's answer follows it, charts come last.

    Where Slack asks for time the rest is left to the next time. Raises the first trouble, when all were tried.
    """
    trouble: Exception | None = None
    for place in places:
        try:
            yield deliver_day(work, *place)
            for answer in _untried(work, ANSWER, place[0]):
                yield deliver_day(work, *answer)
        except (NotDelivered, SlackError) as error:
            trouble = trouble or error
            if not (isinstance(error, NotSent) and error.permanent):
                break
    if trouble:
        raise trouble
    for place in _untried(work, CHART, *(day for day, _, _ in places)):
        yield deliver_day(work, *place)


def _untried(work: Work, kind: str, *days: str) -> list[Place]:
    """What is due of a kind about these days, and nobody has tried yet."""
    due = work.ledger.journals.digests("due")
    return [(row.day, row.revision, 0) for row in due if row.kind == kind and not row.attempt and row.day in days]


def deliver_day(work: Work, day: str, revision: int, attempt: int) -> str:
    """One attempt at a day's message, or at what follows it; what became of it.

    Raises NotDelivered where it is to be tried again, and Slack's own NotSent where somebody has to mend
    something first: the run is red, the figures stay. For a chart it raises neither: nobody waits for it.
    """
    row = next((r for r in work.ledger.journals.digests() if (r.day, r.revision) == (day, revision)), None)
    if row is None or row.attempt != attempt:
        return f"{day}: another run has taken attempt {attempt + 1}"
    channel = slack_of(work)
    if isinstance(channel, str):
        return _print(work, row, channel)
    outcome = send_due(
        work.ledger.journals,
        channel,
        row,
        lambda: chart_of(work, row) if row.kind == CHART else letter_of(work, row),
        utc_now(),
        repost_unknown=work.config.slack.repost_unknown,
    )
    said = f"{'chart of ' if row.kind == CHART else ''}{day}: {outcome.state} {outcome.reason}".strip()
    if outcome.state not in {"due", "unknown"}:
        return said
    said = f"{said}; tried again from {outcome.next_at}"
    if row.kind != CHART:
        raise NotDelivered(said)
    return said


def slack_of(work: Work) -> Slack | str:
    """The configured channel, or why there is none."""
    slack = work.config.slack
    environment = work.config.environment
    token = environment.get(slack.token_env, "").strip()
    channel = slack.channel or environment.get(slack.channel_env, "").strip()
    if not token:
        return f"the environment variable {slack.token_env} is not set"
    if not channel:
        return f"no channel: set [slack] channel or the environment variable {slack.channel_env}"
    return Slack(token, channel, slack.base_url)


def _print(work: Work, row: Digest, why: str) -> str:
    letter = letter_of(work, row) if row.kind != CHART else None  # a terminal shows no picture
    if not work.ledger.journals.claim(row.day, row.revision, row.attempt + 1, utc_now()):
        return f"{row.day}: another run has taken attempt {row.attempt + 1}"
    if letter is None:
        work.ledger.journals.mark(row.day, row.revision, "folded", row.attempt + 1)
        return f"{row.day}: nothing is left to say"
    work.ledger.journals.mark(
        row.day,
        row.revision,
        "printed",
        row.attempt + 1,
        figures_hash=letter.message.figures_hash,
        seq=letter.seq,
        partial=letter.partial,
    )
    said = f"Not sent to Slack: {visible(why)}. The message would be:\n\n{visible_lines(plain(letter.message))}\n"
    sys.stdout.write(said)
    return said
