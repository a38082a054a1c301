"""A range of days from a provider: window by window, from the day its data begin, and day by day where one fails."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Generic, TypeVar

from llm_finops.connectors._fields import Unreadable
from llm_finops.connectors.contract import (
    Asked,
    BadRequest,
    NotWhole,
    RateLimited,
    Refused,
    SourceError,
    TimedOut,
    Unavailable,
)

Came = TypeVar("Came")

_SILENT_DAYS_MAX = 2
# A date by itself, or the beginning of a moment; not a part of a name, as in a beta called cost-2026-08-24.
_DATE = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\d-])")
# Words of a refusal that may be about where the range begins. One too many costs a question, and no more.
_OF_DATES = re.compile(rf"start|look-?back|{_DATE.pattern}", re.IGNORECASE)


@dataclass
class Gathered(Generic[Came]):
    """Every day of a range, in `answers` or in `failed`; `stopped` is why nothing further was asked."""

    answers: dict[str, Came] = field(default_factory=dict)
    failed: dict[str, SourceError] = field(default_factory=dict)
    stopped: SourceError | None = None


def gather(
    place: object, asked: Asked, fetch: Callable[[Asked], Mapping[str, Came]], window_days: int
) -> Gathered[Came]:
    """Ask for each window whole, once; `place` names provider and account in messages.

    Days before the provider's data begin fail, with the day they begin on, and the days from there are asked for.
    That takes two questions more where the provider names the day, else as many as halving the range takes.
    """
    gathering = _Gathering(place, asked, fetch)
    while left := gathering.left:
        gathering.ask(left, next(left.windows(window_days)))
    return gathering.got


class _Gathering(Generic[Came]):
    """A range under way; `left` is what nobody has asked for yet, None at the end."""

    def __init__(self, place: object, asked: Asked, fetch: Callable[[Asked], Mapping[str, Came]]) -> None:
        self.left: Asked | None = asked
        self.got: Gathered[Came] = Gathered()
        self._place = place
        self._fetch = fetch
        self._sought = False

    def ask(self, left: Asked, window: Asked) -> None:
        """Ask for the first window of what is left."""
        try:
            self.got.answers |= self._whole(window)
        except (Refused, RateLimited) as error:
            self._stop(error)
        except BadRequest as error:
            self._refused(left, window, error)
        except (NotWhole, Unavailable) as error:
            self._day_by_day(window, error)
            self._go_on_from(window.until)
        else:
            self._go_on_from(window.until)

    def _go_on_from(self, day: date) -> None:
        left = self.left
        self.left = Asked(left.account, day, left.last) if left and day <= left.last else None
        if self.got.stopped:
            self._stop(self.got.stopped)

    def _stop(self, error: SourceError) -> None:
        self.got.stopped = error
        self.got.failed |= dict.fromkeys(self.left.days if self.left else (), error)
        self.left = None

    def _refused(self, left: Asked, window: Asked, error: BadRequest) -> None:
        if not _OF_DATES.search(f"{error.param} {error.code} {error.said}"):
            self._stop(error)
        elif self.got.answers or self._sought:
            self.got.failed |= dict.fromkeys(window.days, error)
            self._go_on_from(window.until)
        else:
            self._sought = True
            self._leave_out_the_early(left, error)

    def _day_by_day(self, window: Asked, first: SourceError) -> None:
        """Ask each day alone, once: what spoiled the range may be one day's, and a page short of it is never used."""
        alone = list(window.windows(1))
        if len(alone) == 1:
            self.got.failed[window.days[0]] = first
            return
        silent = 0
        for day in alone:
            try:
                if self.got.stopped:
                    raise self.got.stopped
                self.got.answers |= self._whole(day)
                silent = 0
            except (NotWhole, Unavailable, Refused, BadRequest) as error:
                self.got.failed[day.days[0]] = error
                silent = silent + 1 if isinstance(error, TimedOut) else 0
                # A day may be too heavy to come in time. Two in a row are a provider that is silent.
                if isinstance(error, Refused | RateLimited) or silent == _SILENT_DAYS_MAX:
                    self.got.stopped = error

    def _whole(self, asked: Asked) -> Mapping[str, Came]:
        try:
            answers = self._fetch(asked)
        except Unreadable as error:
            raise NotWhole(f"{self._place}, {asked}: {error}") from None
        missing = [day for day in asked.days if day not in answers]
        if missing:
            raise NotWhole(f"{self._place}: asked for {asked}, the set ended without {', '.join(missing[:5])}")
        return answers

    def _leave_out_the_early(self, left: Asked, error: BadRequest) -> None:
        """Fail the days before the provider's data begin, as far as that can be found out, and go on from there."""
        named = _named(left, error)
        try:
            begins = self._first_taken(left, named)
        except (Refused, Unavailable) as met:
            self._stop(met)
            return
        if begins is None:
            hint = f". If its data begin on {named}, set start_date = {named} in finops.toml" if named else ""
            self._stop(_again(error, f"{error}{hint}"))
            return
        why = f"{self._place}: no data before {begins}: set start_date = {begins} in finops.toml ({error})"
        self.got.failed |= dict.fromkeys(left.days[: (begins - left.first).days], _again(error, why))
        self._go_on_from(begins)

    def _first_taken(self, left: Asked, named: date | None) -> date | None:
        """The first day that is not refused, by halving; None where the last is refused too: it is not the dates."""
        good = next((day for day in (named, left.last) if day and self._is_taken(left, day)), None)
        if good is None:
            return None
        early, middle = left.first, good - timedelta(days=1)  # where the provider named the day, this settles it
        while (good - early).days > 1:
            if self._is_taken(left, middle):
                good = middle
            else:
                early = middle
            middle = early + (good - early) // 2
        return good

    def _is_taken(self, left: Asked, day: date) -> bool:
        if not left.first < day <= left.last:
            return False  # refused already, or nobody asked for it
        try:
            self._whole(Asked(left.account, day, day))
        except NotWhole:
            return True  # an answer, though not one to book
        except BadRequest:
            return False
        return True


def _named(left: Asked, error: BadRequest) -> date | None:
    """The day from which the provider says it has data: the first date it names that is not one of the question."""
    asked = {str(left.first), str(left.last), str(left.until)}
    for text in sorted(set(_DATE.findall(error.said)) - asked):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            continue
        if day > left.first:
            return day
    return None


def _again(error: BadRequest, message: str) -> BadRequest:
    return BadRequest(message, status=error.status, param=error.param, code=error.code, said=error.said)
