"""One reading of a range of days: the provider asked, its answers kept; or kept answers read again.

A replay makes the same requests as the load that it repeats, answers them from that load's pages, and is dated as
that load was: what is final must not hang on when somebody read the pages again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from llm_finops.connectors.contract import Asked, Connector, Pulled, SourceError, about
from llm_finops.connectors.tape import playing, recording
from llm_finops.core.days import final_at
from llm_finops.core.pages import Page
from llm_finops.ledger import Held, Kept, Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.overtaken import Moment
from llm_finops.ledger.pages import hold, keep_pages, kept_loads, pages_of, standing
from llm_finops.pipeline.work import Replay, Work, span

Pull = Callable[[Connector, Asked], Pulled[Any]]
_DETAIL_MAX = 1_000


@dataclass
class Reading:
    """A load under way. `days` are those of it that are to be booked, `vetted` those that are booked whatever it says.

    A day that was booked once from these very pages needs no second look; nor does one that somebody accepted.
    """

    work: Work
    account: str
    dataset: d.Dataset[Any]
    asked: Asked
    days: frozenset[str]
    read_at: str
    load_id: int
    vetted: frozenset[str] = frozenset()
    replays: Kept | None = None
    pulled: Pulled[Any] | None = None
    overtaken: list[str] = field(default_factory=list)  # days of which a later reading was booked meanwhile
    _pages: Sequence[Page] | None = None
    _held: list[str] = field(default_factory=list)

    def pull(self, pull: Pull) -> Pulled[Any]:
        """What was said of the range; SourceError, and the load has failed, where nothing was."""
        try:
            if self.replays is None:
                with recording() as tape, self.work.connected(self.account) as connector:
                    pulled = pull(connector, self.asked)
                self._pages = tape.pages
            else:
                with replayed(self.work, self.account, self.replays) as (connector, pages):
                    pulled = pull(connector, self.asked)
                self._pages = pages if source_of(self.work) is not self.work.ledger else None
        except SourceError as error:
            self.work.ledger.journals.end_load(self.load_id, "failed", detail=self._detail(str(error)))
            raise
        # Before its first day is booked: so every day that is booked has its pages.
        if self.work.config.pages_days:
            self.keep()
        self.pulled = pulled
        return pulled

    def keep(self) -> None:
        """Keep what was said, once; the pages of a replay are there already."""
        if self._pages:
            keep_pages(self.work.ledger, self.load_id, self._pages)
        self._pages = None

    def hold(self, held: Held) -> None:
        """Hold a day of it: its pages are needed to accept it, whatever is kept else."""
        hold(self.work.ledger, held, self._pages or ())
        self._pages = None
        self._held.append(held.period)

    @cached_property
    def final_before(self) -> frozenset[str]:
        """The days that had been read for good before."""
        read_at = self.work.ledger.journals.read_at(self.dataset.name, self.account)
        settle = self.work.config.providers[self.account].settle_hours
        return frozenset(day for day, at in read_at.items() if at >= final_at(day, settle))

    @property
    def moment(self) -> Moment:
        """When what it says was read; of a replay when its load was."""
        if self.replays is None:
            return Moment(self.read_at, self.load_id)
        return Moment(self.read_at, self.replays.load_id if source_of(self.work) is self.work.ledger else None)

    def rejected(self) -> dict[str, str]:
        """The days that were to be booked and could not be read, with why."""
        pulled = self.pulled
        return {day: why for day, why in sorted(pulled.rejected.items()) if day in self.days} if pulled else {}

    def end(self) -> None:
        """Note how it ended."""
        rejected = self.rejected()
        said = [f"{day}: {why}" for day, why in rejected.items()]
        said += [f"held: {', '.join(self._held)}"] if self._held else []
        said += [f"read later, and not booked from this: {', '.join(self.overtaken)}"] if self.overtaken else []
        calls = self.pulled.calls if self.pulled else 0
        outcome = "part" if rejected else "whole"
        self.work.ledger.journals.end_load(self.load_id, outcome, calls, self._detail("; ".join(said)))

    def _detail(self, said: str) -> str:
        return "; ".join(filter(None, [said_of(self.work, self.replays), said]))[:_DETAIL_MAX]


def readings(work: Work, account: str, dataset: d.Dataset[Any], days: Sequence[str]) -> Iterator[Reading]:
    """One for each stretch of days; of a replay one for each load that is the newest to tell of one of them.

    A day of another ledger that such a load does not give after all is sought in an older one.
    """
    if work.replay is not None:
        yield from _replays(work, work.replay, account, dataset, days)
        return
    for first, last in span(list(days)):
        asked, read_at = Asked(account, first, last), work.ledger.now()
        load_id = work.ledger.journals.begin_load(account, dataset.name, str(first), str(last))
        yield Reading(work, account, dataset, asked, frozenset(asked.days), read_at, load_id)


def _replays(
    work: Work, replay: Replay, account: str, dataset: d.Dataset[Any], days: Sequence[str]
) -> Iterator[Reading]:
    todo = set(days)
    for kept, tells in tellers(work.ledger, replay, account, dataset):
        told = tells & todo
        if not told:
            continue
        vetted = told if replay.load_id else told & kept.booked
        asked = Asked(account, date.fromisoformat(kept.first), date.fromisoformat(kept.last))
        load_id = begin_replay(work, account, dataset, kept)
        reading = Reading(work, account, dataset, asked, told, kept.read_at, load_id, vetted, kept)
        yield reading
        # In its own ledger an older load tells what stands anyway: a day that cannot be read is not to look read.
        given = told if replay.source is None else told & (reading.pulled.days.keys() if reading.pulled else set())
        todo -= given


def tellers(
    ledger: Ledger, replay: Replay, account: str, dataset: d.Dataset[Any]
) -> Iterator[tuple[Kept, frozenset[str]]]:
    """The loads of an account that can be read again, newest first, each with the periods that it may tell of.

    Never one that is older than what is booked; nor a day that is held, unless it is what is accepted; nor what a
    killed load has not booked.
    """
    if account not in replay.accounts:
        return
    stands = standing(ledger, account, dataset.name)
    for kept in kept_loads(replay.source or ledger, account, dataset.name):
        if replay.load_id:
            if kept.load_id == replay.load_id:
                of = (dataset.name, account)
                yield kept, frozenset(k.period for k in replay.accepted if (k.dataset, k.scope) == of)
            continue
        # Numbers of another ledger's loads say nothing about ours.
        moment = kept.read_at, kept.load_id if replay.source is None else _AFTER_ALL
        periods = _periods(account, kept) - kept.held if kept.ended else kept.booked
        yield kept, frozenset(period for period in periods if stands.get(period, ("", 0)) <= moment)


_AFTER_ALL = 2**63


def _periods(account: str, kept: Kept) -> frozenset[str]:
    if kept.first == "*":
        return frozenset({"*"})
    return frozenset(Asked(account, date.fromisoformat(kept.first), date.fromisoformat(kept.last)).days)


def begin_replay(work: Work, account: str, dataset: d.Dataset[Any], kept: Kept) -> int:
    """Note that a load is read again: at the time of the load, so that finality goes by it."""
    of = kept.load_id if source_of(work) is work.ledger else None
    journals = work.ledger.journals
    return journals.begin_load(account, dataset.name, kept.first, kept.last, read_at=kept.read_at, replay_of=of)


def source_of(work: Work) -> Ledger:
    """The ledger whose pages are read again."""
    return (work.replay and work.replay.source) or work.ledger


@contextmanager
def replayed(work: Work, account: str, kept: Kept) -> Iterator[tuple[Connector, list[Page]]]:
    """The account's connector as of a load, answered from its pages; it needs no key, and asks nobody."""
    provider, pages = work.config.providers[account], pages_of(source_of(work), kept.load_id)
    key_like = f"{about(provider.connector).begins}no-key-is-sent"
    clock = lambda: datetime.fromisoformat(kept.read_at)  # noqa: E731
    with (
        playing(pages),
        closing(provider.connector.connect(account, provider.options, key_like, clock=clock)) as connector,
    ):
        yield connector, pages


def said_of(work: Work, kept: Kept | None) -> str:
    """What the journal says of a load that is a replay; nothing of any other."""
    if kept is None:
        return ""
    return f"replay of load {kept.load_id}" + (" of another ledger" if source_of(work) is not work.ledger else "")
