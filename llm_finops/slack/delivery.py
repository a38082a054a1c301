"""From due to sent: one attempt at one day's message, safe to be killed anywhere.

    due ──claim──▶ sending ──▶ sent
     ▲                │ ├────▶ due       Slack has not taken it
     └────────────────┘ └────▶ unknown   it may have: only looking into the channel tells

The journal's claim is the lock. A sender that dies leaves `sending`, which counts as unknown once its
lease is over. Every attempt after the first looks for the message before it posts, because Slack says of
its own errors that part of a call may have succeeded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Literal, Protocol

from llm_finops.core.digest import Message
from llm_finops.slack.channel import Posted, Slack
from llm_finops.slack.outcomes import NotSent, Unknown

LEASE_S = 300  # longer than all calls of one attempt take
BACKOFF_S, BACKOFF_MAX_S = 30, 1_800
MENDING_S = 3_600  # between attempts while somebody has to mend something

State = Literal["due", "sending", "unknown", "sent"]
Waiting = Literal["due", "unknown"]


class Due(Protocol):
    """A row of the journal `digests`. Times are UTC, 2026-11-24T06:00:00Z."""

    @property
    def day(self) -> str:
        """The day the message is about."""

    @property
    def revision(self) -> int:
        """Which message of the day."""

    @property
    def state(self) -> str:
        """A `State`."""

    @property
    def attempt(self) -> int:
        """The last attempt claimed; 0 before the first."""

    @property
    def next_at(self) -> str | None:
        """Not before this; of `sending`, the end of its lease."""


class Journal(Protocol):
    """What the ledger offers a sender, each its own short transaction."""

    def claim(self, day: str, revision: int, attempt: int, lease_until: str) -> bool:
        """Compare and set: to `sending` with this attempt and next_at = lease_until.

        True for exactly one caller, if the row has attempt - 1 and is not sent. Whether its time has come,
        or its lease is over, `next_step` has decided before.
        """

    def mark(
        self,
        day: str,
        revision: int,
        state: State,
        attempt: int,
        *,
        next_at: str | None = None,
        channel: str | None = None,
        ts: str | None = None,
        figures_hash: str | None = None,
    ) -> None:
        """Write how the attempt ended, unless a later one has been claimed since.

        `figures_hash` is of the message posted now; without one the row keeps what it has.
        """


class Step(Enum):
    """What a row asks for now."""

    NOTHING = "sent already, or not yet time"
    POST = "first attempt"
    LOOK = "look for it if possible, then post"
    MUST_LOOK = "it may be there: post only once it is known not to be"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; `figures_hash` is that of the message posted now (None: found, or none sent)."""

    state: Literal["sent", "due", "unknown", "not now", "taken"]
    reason: str = ""
    next_at: str | None = None
    channel: str | None = None
    ts: str | None = None
    figures_hash: str | None = None


def next_step(row: Due, now: str) -> Step:
    """What to do with a row at a time: pure, so that a sensor can ask too."""
    if row.next_at is not None and row.next_at > now:
        return Step.NOTHING
    if row.state == "due":
        return Step.LOOK if row.attempt else Step.POST
    return Step.MUST_LOOK if row.state in {"unknown", "sending"} else Step.NOTHING


def send_due(
    journal: Journal, slack: Slack, row: Due, render: Callable[[], Message], now: str, *, repost_unknown: bool = False
) -> Outcome:
    """One attempt at a row that is due. Trouble that passes is an Outcome; what somebody must mend is raised.

    `render` is called before the claim, so that its failure leaves the row as it was. `repost_unknown`: where
    the channel cannot be read, post again although the message may be there already.
    """
    step = next_step(row, now)
    if step is Step.NOTHING:
        return Outcome("not now", step.value, row.next_at)
    message, attempt = render(), row.attempt + 1
    if not journal.claim(row.day, row.revision, attempt, _later(now, LEASE_S)):
        return Outcome("taken", "another sender has this attempt")
    return _Attempt(journal, slack, row, attempt, now).run(message, step, repost_unknown=repost_unknown)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A claimed attempt: every way out of it marks the row."""

    journal: Journal
    slack: Slack
    row: Due
    attempt: int
    now: str

    def run(self, message: Message, step: Step, *, repost_unknown: bool) -> Outcome:
        key = f"summary:{self.row.day}"
        before: Waiting = "unknown" if step is Step.MUST_LOOK else "due"
        absent = step is Step.POST
        try:
            if step is not Step.POST:
                ts = self._looked(key, forgiving=repost_unknown or step is Step.LOOK)
                if ts:
                    return self._sent(Posted(self.slack.channel, ts), "found in the channel", None)
                absent = ts is not None
            posted = self.slack.post(message, key)
        except Unknown as lost:
            return self._waiting("unknown", lost.reason, _backoff(self.attempt))
        except NotSent as refused:
            return self._refused("due" if absent else before, refused)
        doubtful = before == "unknown" and not absent
        return self._sent(posted, "posted; perhaps a second time" if doubtful else "posted", message.figures_hash)

    def _looked(self, key: str, *, forgiving: bool) -> str | None:
        """The message's timestamp, empty where it is not there; None where the channel cannot be read."""
        day = datetime.fromisoformat(self.row.day).replace(tzinfo=UTC)  # a day is told after it began
        try:
            return self.slack.find(key, str(int(day.timestamp()))) or ""
        except NotSent as refused:
            if refused.permanent and forgiving:
                return None
            raise

    def _refused(self, state: Waiting, refused: NotSent) -> Outcome:
        if refused.permanent:
            self._waiting(state, refused.reason, MENDING_S)
            raise refused
        wait = _backoff(self.attempt) if refused.retry_after is None else refused.retry_after
        return self._waiting(state, refused.reason, wait)

    def _waiting(self, state: Waiting, reason: str, wait_s: int) -> Outcome:
        next_at = _later(self.now, wait_s)
        self.journal.mark(self.row.day, self.row.revision, state, self.attempt, next_at=next_at)
        return Outcome(state, reason, next_at)

    def _sent(self, posted: Posted, reason: str, figures_hash: str | None) -> Outcome:
        channel, ts = posted
        where = {"channel": channel, "ts": ts, "figures_hash": figures_hash}
        self.journal.mark(self.row.day, self.row.revision, "sent", self.attempt, **where)
        return Outcome("sent", reason, None, channel, ts, figures_hash)


def _backoff(attempt: int) -> int:
    return min(BACKOFF_S << min(attempt, 10), BACKOFF_MAX_S)


def _later(now: str, seconds: int) -> str:
    then = datetime.fromisoformat(now).astimezone(UTC) + timedelta(seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")
