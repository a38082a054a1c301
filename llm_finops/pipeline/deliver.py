"""Deliver: what is due in the ledger becomes one message in Slack, or is printed where there is no token."""

import sys
from datetime import date, timedelta

from llm_finops.core.digest import Message, digest, plain
from llm_finops.ledger import Digest, utc_now
from llm_finops.pipeline.figures import figures_of
from llm_finops.pipeline.visible import visible, visible_lines
from llm_finops.pipeline.work import Work
from llm_finops.slack import Slack, Step, next_step, send_due

_EARLIER_MAX = 7  # days of an outage that get a line of their own


class NotDelivered(Exception):
    """Slack has not taken the message, or we do not know: it stays due."""


def due_now(work: Work) -> list[tuple[str, int, int]]:
    """(day, revision, attempts made) of every message whose time has come."""
    now = utc_now()
    waiting = work.ledger.journals.digests("due", "unknown", "sending")
    return [(row.day, row.revision, row.attempt) for row in waiting if next_step(row, now) is not Step.NOTHING]


def deliver_day(work: Work, day: str, revision: int, attempt: int) -> str:
    """One attempt at a day's message; what became of it.

    Raises NotDelivered where it is to be tried again, and Slack's own NotSent where somebody has to mend
    something first: the run is red, the figures stay.
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
        lambda: message_of(work, day),
        utc_now(),
        repost_unknown=work.config.slack.repost_unknown,
    )
    said = f"{day}: {outcome.state} {outcome.reason}".strip()
    if outcome.state in {"due", "unknown"}:
        raise NotDelivered(f"{said}; tried again from {outcome.next_at}")
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


def message_of(work: Work, day: str) -> Message:
    """The message of a day as the ledger stands now, with a line for each day that was never told."""
    return digest(figures_of(work, day, untold(work, day)))


def untold(work: Work, day: str) -> list[str]:
    """The days between the last message sent and this one: an outage, at most a week of it."""
    sent = [row.day for row in work.ledger.journals.digests("sent", "printed") if row.day < day]
    if not sent:
        return []
    last, at = date.fromisoformat(max(sent)), date.fromisoformat(day)
    first = max(last + timedelta(days=1), at - timedelta(days=_EARLIER_MAX))
    return [str(first + timedelta(days=i)) for i in range((at - first).days)]


def _print(work: Work, row: Digest, why: str) -> str:
    if not work.ledger.journals.claim(row.day, row.revision, row.attempt + 1, utc_now()):
        return f"{row.day}: another run has taken attempt {row.attempt + 1}"
    message = message_of(work, row.day)
    work.ledger.journals.mark(row.day, row.revision, "printed", row.attempt + 1, figures_hash=message.figures_hash)
    said = f"Not sent to Slack: {visible(why)}. The message would be:\n\n{visible_lines(plain(message))}\n"
    sys.stdout.write(said)
    return said
