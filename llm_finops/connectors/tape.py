"""What a provider answers, recorded as it comes, or played again instead of asking; of every connector alike.

The reading client looks for a tape once, when it is made:

    with recording() as tape, closing(module.connect(...)) as connector:
        connector.usage(asked)          # asks the provider; tape.pages holds what it answered
    with playing(tape.pages), closing(module.connect(...)) as connector:
        connector.usage(asked)          # asks nobody

So a connector says nothing of it, and the next one has it too. A refusal is an answer as well: by it a connector
decides which interface there is. What was asked again (429, 5xx) is not: the answer to the last try stands for it.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from urllib.parse import urlencode

from llm_finops.connectors.contract import NotWhole
from llm_finops.core.pages import Page, page

_ASKED_AGAIN = {408, 429}


class Tape:
    """No tape: nothing is kept, nothing is played."""

    def record(self, request: str, at: datetime, status: int, body: bytes) -> None:
        """Keep an answer."""

    def played(self, request: str) -> Page | None:
        """The kept answer to a request; None where the provider is to be asked. NotWhole where it was not kept."""


class Recording(Tape):
    """Keeps the answers, in the order they came."""

    def __init__(self) -> None:
        self.pages: list[Page] = []

    def record(self, request: str, at: datetime, status: int, body: bytes) -> None:
        """Keep an answer, unless the same is asked again for it."""
        if status not in _ASKED_AGAIN and status < 500:
            moment = at.isoformat(timespec="seconds").replace("+00:00", "Z")
            self.pages.append(page(request, moment, status, body))


class Playing(Tape):
    """Answers from kept pages, each request as often as it was asked; its last answer after that."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._answers: defaultdict[str, deque[Page]] = defaultdict(deque)
        for kept in pages:
            self._answers[kept.request].append(kept)

    def played(self, request: str) -> Page | None:
        """The kept answer. NotWhole where there is none: a parser that asks otherwise than the load did."""
        if not (answers := self._answers.get(request)):
            raise NotWhole("the kept pages hold no answer to this request; only the provider can say it")
        return answers.popleft() if len(answers) > 1 else answers[0]


_CURRENT: ContextVar[Tape | None] = ContextVar("tape", default=None)


def current() -> Tape:
    """The tape that a client made now goes by."""
    return _CURRENT.get() or Tape()


def spelled(path: str, params: Iterable[tuple[str, str]]) -> str:
    """A request as it is kept and found: the order of its parameters does not matter, their values do."""
    query = urlencode(sorted(params))
    return f"GET {path}?{query}" if query else f"GET {path}"


@contextmanager
def recording() -> Iterator[Recording]:
    """Within, clients that are made keep what they are answered."""
    tape = Recording()
    with _going_by(tape):
        yield tape


@contextmanager
def playing(pages: Iterable[Page]) -> Iterator[None]:
    """Within, clients that are made ask nobody; they are answered from these pages."""
    with _going_by(Playing(pages)):
        yield


@contextmanager
def _going_by(tape: Tape) -> Iterator[None]:
    token = _CURRENT.set(tape)
    try:
        yield
    finally:
        _CURRENT.reset(token)
