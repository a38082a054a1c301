"""What a call to Slack says and where, by its kind: a day's message, its edit, answer or chart, one about many days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from llm_finops.core.digest import Message
from llm_finops.slack.channel import NO_FACTS, Found, Posted, Slack
from llm_finops.slack.files import Picture

EDIT, ANSWER, RESTATED, CHART = "edit", "answer", "restated", "chart"


class Errand(Protocol):
    """Which call it is: what `delivery.Due` is named by."""

    @property
    def day(self) -> str:
        """The day the message is about."""

    @property
    def revision(self) -> int:
        """Which call about the day."""

    @property
    def kind(self) -> str:
        """What the call is: `summary`, `edit`, `answer`, `restated` or `chart`."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said: as of commit `seq`, of a PARTIAL up to the day `partial`.

    `at` is the message that is edited or answered. `answer_since`: once it is edited it is to be answered too, by
    what has moved since that commit. `charts`: once it is sent, the day's chart is to follow in its thread.
    """

    message: Message
    seq: int = 0
    partial: str = ""
    at: Posted | None = None
    answer_since: int | None = None
    charts: bool = False

    @property
    def facts(self) -> dict[str, str]:
        """What the message carries, so that whoever finds it knows what it says."""
        return {"figures_hash": self.message.figures_hash, "seq": str(self.seq), "partial": self.partial}


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that is to be shown in the thread of the message `at`. It carries no facts, and nothing follows it."""

    picture: Picture
    at: Posted
    facts: ClassVar[Mapping[str, str]] = NO_FACTS
    answer_since: ClassVar[int | None] = None
    charts: ClassVar[bool] = False


def sent_off(slack: Slack, row: Errand, letter: Letter | Shown) -> Posted:
    """Make the call. Raises as `Slack` does."""
    if isinstance(letter, Shown):
        return slack.show(letter.at, letter.picture)
    if letter.at is None:
        return slack.post(letter.message, _key(row), letter.facts)
    call = slack.update if row.kind == EDIT else slack.reply
    return call(letter.at, letter.message, _key(row), letter.facts)


def looked(slack: Slack, row: Errand, letter: Letter | Shown) -> Found | None:
    """Whether the call was made already: the message, or None. Raises NotSent where that cannot be seen."""
    if isinstance(letter, Shown):
        return slack.find_shown(letter.at, letter.picture)
    if letter.at is None:
        day = datetime.fromisoformat(row.day).replace(tzinfo=UTC)  # a day is told after it began
        return slack.find(_key(row), str(int(day.timestamp())))
    if row.kind == ANSWER:
        return slack.find_reply(letter.at, _key(row))
    found = slack.read(letter.at, _key(row))
    return found if found and found.facts.get("figures_hash") == letter.message.figures_hash else None


def _key(row: Errand) -> str:
    """The message's name in its metadata: an edit is of the day's message."""
    return f"{row.kind}:{row.day}:{row.revision}" if row.kind in {ANSWER, RESTATED} else f"summary:{row.day}"
