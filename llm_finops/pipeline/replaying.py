"""What can be replayed or accepted, and what a run has moved: for the commands that do it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from llm_finops.config import Config
from llm_finops.ledger import Held, Key, Ledger, LedgerError, loads
from llm_finops.ledger import datasets as d
from llm_finops.ledger.pages import held_days, holds_of, pages_of, standing
from llm_finops.pipeline.holds import measured, shown
from llm_finops.pipeline.reading import tellers
from llm_finops.pipeline.work import Replay, span

_READ: tuple[d.Dataset[Any], ...] = (d.USAGE, d.COST_LINES)


@dataclass(frozen=True)
class Plan:
    """The days to run over; `left` says what stays as it is, and why."""

    replay: Replay
    days: Sequence[str]
    left: Sequence[str] = ()


class Moved(NamedTuple):
    """A day that says something else now: before and after, in words."""

    dataset: str
    account: str
    day: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.account} {self.dataset} {self.day}: {self.before} → {self.after}"


def plan_replay(config: Config, ledger: Ledger, replay: Replay, first: str, last: str) -> Plan:
    """The days first..last (inclusive) of which pages are kept. What is booked and has none is named."""
    told: set[str] = set()
    left: list[str] = []
    for account in sorted(replay.accounts):
        for dataset in _READ:
            found = {day for _, tells in tellers(ledger, replay, account, dataset) for day in tells}
            booked = standing(replay.source or ledger, account, dataset.name).keys()
            begin = max(first, str(config.start_date))
            told |= {day for day in found if begin <= day <= last}
            left += _left(
                account, dataset.name, [day for day in booked - found if first <= day <= last], "no page of it is kept"
            )
            left += _left(
                account,
                dataset.name,
                [day for day in found if first <= day < begin],
                "before start_date of finops.toml",
            )
    return Plan(replay, sorted(told), left)


def _left(account: str, dataset: str, days: Iterable[str], why: str) -> Iterator[str]:
    for first, last in span(list(days)):
        yield f"{account} {dataset} {first}{'' if first == last else f' to {last}'}: {why}"


def plan_acceptance(config: Config, ledger: Ledger, load_id: int) -> Plan:
    """The days that a load holds; none where it holds none any more. LedgerError where they cannot be booked.

    Where a newer load holds a day, too, that is the one to accept: it is named.
    """
    found = loads(ledger, load_id=load_id)
    if not found:
        raise LedgerError(f"there is no load {load_id}; `llm-finops loads` lists them")
    (load,) = found
    everywhere = held_days(ledger)
    held = [one for one in everywhere if one.load_id == load_id]
    newer = [one for one in everywhere if one.load_id != load_id and _key(one) in holds_of(ledger, load_id)]
    named = [f"{one.scope} {one.dataset} {one.period} is held by load {one.load_id}, which is newer" for one in newer]
    if newer and not held:
        accept = ", ".join(f"`llm-finops accept {number}`" for number in sorted({one.load_id for one in newer}))
        raise LedgerError(f"{named[0]}; if it is right: {accept}")
    if held and load.source not in config.providers:
        raise LedgerError(f"load {load_id} is of [providers.{load.source}], which is no longer configured")
    if held and not pages_of(ledger, load_id):
        raise LedgerError(f"load {load_id} holds {held[0].period}, but its pages are gone: only another reading helps")
    keys = frozenset(map(_key, held))
    root = load.replay_of if load.replay_of is not None else load_id
    replay = Replay(frozenset({load.source}), load_id=root, accepted=keys)
    return Plan(replay, sorted(key.period for key in keys), named)


def _key(held: Held) -> Key:
    return Key(held.dataset, held.scope, held.period)


def what_moved(ledger: Ledger, since: int) -> list[Moved]:
    """The days of usage and cost that were booked anew after a commit, with what they were and are."""
    moved = []
    for dataset in _READ:
        then = ledger.heads(dataset, seq=since)
        for key, version in sorted(ledger.heads(dataset).items()):
            if then.get(key) != version:
                before = (
                    _said(dataset, ledger.read(dataset, key.scope, key.period, since)) if key in then else "nothing"
                )
                after = _said(dataset, ledger.read(dataset, key.scope, key.period))
                moved.append(Moved(dataset.name, key.scope, key.period, before, after))
    return moved


def _said(dataset: d.Dataset[Any], rows: list[Any]) -> str:
    amounts = sorted(measured(dataset, rows).items())
    return ", ".join(shown(dataset, what, amount) for what, amount in amounts if amount) or "0"
