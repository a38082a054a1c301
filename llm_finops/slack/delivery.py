"""From due to sent: one attempt at one call to Slack, safe to be killed anywhere.

    due ──claim──▶ sending ──▶ sent
     ▲                │ ├────▶ due       Slack has not taken it
     └────────────────┘ ├────▶ unknown   it may have: only looking into the channel tells
                        └────▶ refused   of an edit or an answer: the message is gone, or cannot be edited;
                                         of a chart: Slack, or whoever draws it, will not have it

The journal's claim is the lock. A sender that dies leaves `sending`, which counts as unknown once its
lease is over. Every attempt after the first looks before it sends, because Slack says of its own errors
that part of a call may have succeeded. An edit done twice is done once, so it needs no leave to look.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal, Protocol

from llm_finops.slack.channel import Found, Posted, Slack
from llm_finops.slack.errand import CHART, EDIT, Errand, Letter, Shown, looked, sent_off
from llm_finops.slack.outcomes import CLOSED, FROZEN, GONE, NotSent, Unknown

LEASE_S = 300  # longer than all calls of one attempt take
BACKOFF_S, BACKOFF_MAX_S = 30, 1_800
MENDING_S = 3_600  # between attempts while somebody has to mend something

State = Literal["due", "sending", "unknown", "sent", "folded", "refused"]
Waiting = Literal["due", "unknown"]


class Due(Errand, Protocol):
    """A row of the journal `digests`. Times are UTC, 2026-11-24T06:00:00Z."""

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
        seq: int | None = None,
        partial: str | None = None,
        detail: str | None = None,
        answer_since: int | None = None,
        charts: bool = False,
    ) -> None:
        """Write how the attempt ended, unless a later one has been claimed since.

        `figures_hash`, `seq` and `partial` are of the message that stands there now; what is None stays.
        `answer_since`, `charts`: an answer, and the day's one chart, are made due in the same transaction.
        """


class Step(Enum):
    """What a row asks for now."""

    NOTHING = "sent already, or not yet time"
    POST = "first attempt"
    LOOK = "look for it if possible, then post"
    MUST_LOOK = "it may be there: post only once it is known not to be"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; `figures_hash` is that of the message that stands there, where it is known."""

    state: Literal["sent", "due", "unknown", "not now", "taken", "folded", "refused"]
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
    journal: Journal,
    slack: Slack,
    row: Due,
    render: Callable[[], Letter | Shown | None],
    now: str,
    *,
    repost_unknown: bool = False,
) -> Outcome:
    """One attempt at a row that is due. Trouble that passes is an Outcome; what somebody must mend is raised.

    `render` is called before the claim, so that its failure leaves the row as it was; None: there is nothing left
    to say. `repost_unknown`: where the channel cannot be read, post again although the message may be there already.
    """
    step = next_step(row, now)
    if step is Step.NOTHING:
        return Outcome("not now", step.value, row.next_at)
    letter, attempt = render(), row.attempt + 1
    if not journal.claim(row.day, row.revision, attempt, _later(now, LEASE_S)):
        return Outcome("taken", "another sender has this attempt")
    if letter is None:
        journal.mark(row.day, row.revision, "folded", attempt)
        return Outcome("folded", "nothing is left to say")
    return _Attempt(journal, slack, row, letter, attempt, now).run(step, repost_unknown=repost_unknown)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A claimed attempt: every way out of it marks the row."""

    journal: Journal
    slack: Slack
    row: Due
    letter: Letter | Shown
    attempt: int
    now: str

    def run(self, step: Step, *, repost_unknown: bool) -> Outcome:
        before: Waiting = "unknown" if step is Step.MUST_LOOK else "due"
        absent = step is Step.POST
        is_edit = self.row.kind == EDIT
        try:
            if step is not Step.POST:
                there = self._looked(forgiving=is_edit or repost_unknown or step is Step.LOOK)
                if isinstance(there, Found):
                    place = self.letter.at.channel if self.letter.at else self.slack.channel
                    return self._sent(Posted(place, there.ts), "found in the channel", there)
                absent = there is None
            posted = sent_off(self.slack, self.row, self.letter)
        except Unknown as lost:
            return self._waiting("unknown", lost.reason, _backoff(self.attempt))
        except NotSent as refused:
            return self._refused("due" if absent else before, refused)
        doubtful = before == "unknown" and not absent and not is_edit
        done = "edited" if is_edit else "posted"
        return self._sent(posted, f"{done}; perhaps a second time" if doubtful else done, None)

    def _looked(self, *, forgiving: bool) -> Found | Literal["unreadable"] | None:
        """The message, None where it is not there."""
        try:
            return looked(self.slack, self.row, self.letter)
        except NotSent as refused:
            is_gone = self.row.kind == CHART and refused.code in GONE  # a file would be shown all the same
            if refused.permanent and forgiving and not is_gone:
                return "unreadable"
            raise

    def _refused(self, state: Waiting, refused: NotSent) -> Outcome:
        if self.row.kind == CHART and refused.permanent:  # nobody waits for it: said once, and left
            self.journal.mark(self.row.day, self.row.revision, "refused", self.attempt, detail=refused.reason)
            return Outcome("refused", refused.reason)
        if self.letter.at is not None and refused.code in GONE | FROZEN | self._left(self.letter.at):
            # What cannot be edited can still be answered, unless it is gone.
            answers = {"answer_since": self.letter.answer_since} if refused.code in FROZEN else {}
            said = {**self._said(None), **answers, "detail": refused.code}
            self.journal.mark(self.row.day, self.row.revision, "refused", self.attempt, **said)
            return Outcome("refused", refused.reason)
        if refused.permanent:
            self._waiting(state, refused.reason, MENDING_S)
            raise refused
        wait = _backoff(self.attempt) if refused.retry_after is None else refused.retry_after
        return self._waiting(state, refused.reason, wait)

    def _left(self, at: Posted) -> frozenset[str]:
        """What is for good in a channel that is not the configured one any more; a name is not known to be another."""
        is_id = self.slack.channel.isupper()
        return CLOSED if is_id and at.channel != self.slack.channel else frozenset()

    def _waiting(self, state: Waiting, reason: str, wait_s: int) -> Outcome:
        next_at = _later(self.now, wait_s)
        self.journal.mark(self.row.day, self.row.revision, state, self.attempt, next_at=next_at)
        return Outcome(state, reason, next_at)

    def _sent(self, posted: Posted, reason: str, found: Found | None) -> Outcome:
        channel, ts = posted
        said = {**self._said(found), "answer_since": self.letter.answer_since}
        if self.letter.charts and not said["partial"]:  # what was found may have gone out PARTIAL
            said["charts"] = True
        self.journal.mark(self.row.day, self.row.revision, "sent", self.attempt, channel=channel, ts=ts or None, **said)
        return Outcome("sent", reason, None, channel, ts, said["figures_hash"])

    def _said(self, found: Found | None) -> dict[str, Any]:
        """What the message says: this letter, or what the found one was sent with."""
        facts = self.letter.facts if found is None else found.facts
        seq = facts.get("seq", "")
        return {
            "figures_hash": facts.get("figures_hash"),
            "seq": int(seq) if seq.isdecimal() else None,
            "partial": facts.get("partial"),
        }


def _backoff(attempt: int) -> int:
    return min(BACKOFF_S << min(attempt, 10), BACKOFF_MAX_S)


def _later(now: str, seconds: int) -> str:
    then = datetime.fromisoformat(now).astimezone(UTC) + timedelta(seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")
