"""What a step works with: the configuration, the ledger, the connectors, and which run it is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

from llm_finops import connectors
from llm_finops.config import Config, ConfigError, load
from llm_finops.connectors.contract import Connector, Refused
from llm_finops.core.price import PriceBook
from llm_finops.core.settings import Invoiced, RequestSource, Settings, from_rows
from llm_finops.ledger import Gather, Key, Ledger
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.outcome import Failed

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Replay:
    """Whose kept pages a run reads again, instead of asking the providers."""

    accounts: frozenset[str]
    source: Ledger | None = None  # another ledger's pages; None: its own
    load_id: int = 0  # of accepting: the one load whose pages are read
    accepted: frozenset[Key] = frozenset()  # and the held days that it books


@dataclass
class Work:
    """One step's access to everything outside the verbs."""

    config: Config
    ledger: Ledger
    run_id: str = ""
    progress: Progress = lambda *_: None
    whole: bool = True  # a whole run also settles what is stale outside its range
    only_missing: bool = False
    announces: bool = True  # its end makes the newest complete day due for Slack
    replay: Replay | None = None
    books: dict[str, PriceBook] = field(default_factory=dict)  # the last one built, by its rows' content hash
    _gone: dict[str, set[str]] | None = None

    @contextmanager
    def connected(self, account: str) -> Iterator[Connector]:
        """The connector of an account, closed after use; Refused where its key is not in the environment."""
        provider = self.config.providers[account]
        try:
            secret = self.config.secret(provider.options.admin_key_env)
        except ConfigError as error:
            raise Refused(f"account {account}: {error}") from error
        clock = lambda: datetime.fromisoformat(self.config.now())  # noqa: E731
        connector = provider.connector.connect(account, provider.options, secret, clock=clock)
        try:
            yield connector
        finally:
            connector.close()

    def settings(self) -> Settings:
        """The settings as configured, with what was configured once: its past stays."""
        now = self.config.settings
        booked = from_rows(self.ledger.read(d.SETTINGS, "*", "*"))
        return replace(
            now,
            accounts=_with_past(now.accounts, booked.accounts),
            requests=_with_past(_still_speaking(now, booked), booked.requests),
            revenue=_with_past(now.revenue, booked.revenue),
            invoiced=_invoiced(now.invoiced, booked.invoiced),
        )

    def gone(self, kind: str) -> set[str]:
        """The names of a kind of table (providers, requests, costs, revenue) that are booked and configured no more."""
        if self._gone is None:
            past = self.settings()
            self._gone = {
                "providers": {a.name for a in past.accounts if a.past and a.kind == "provider"},
                "costs": {a.name for a in past.accounts if a.past and a.kind == "costs"},
                "requests": {source.name for source in past.requests if source.past},
                "revenue": {source.name for source in past.revenue if source.past},
            }
        return self._gone[kind]

    def days_run(self) -> set[str]:
        """The days that some run has had in its range."""
        return {k.period for dataset in (d.ALLOCATIONS, d.MARGINS) for k in self.ledger.heads(dataset)}

    def price_book(self, gather: Gather) -> PriceBook:
        """The price book as booked; built once for as long as its rows stay the same."""
        content = gather.content(d.PRICES, "*", "*")
        if content not in self.books:
            self.keep_book(content, PriceBook(gather.read(d.PRICES, "*", "*")))
        return self.books[content]

    def keep_book(self, content: str, book: PriceBook) -> None:
        """Keep the book of the rows with this content hash for the steps to come, and no other."""
        self.books.clear()
        self.books[content] = book


def key(dataset: d.Dataset[Any], scope: str, period: str) -> Key:
    """The key of a version."""
    return Key(dataset.name, scope, period)


def _with_past(now: tuple[Any, ...], booked: tuple[Any, ...]) -> tuple[Any, ...]:
    names = {item.name for item in now}
    past = [replace(item, past=True) for item in booked if item.name not in names]
    return tuple(sorted([*now, *past], key=lambda item: str(item.name)))


def _invoiced(now: tuple[Invoiced, ...], booked: tuple[Invoiced, ...]) -> tuple[Invoiced, ...]:
    """What an account was called before is matched under its name of now."""
    claimed = {old for account in now for old in account.formerly}
    return _with_past(now, tuple(account for account in booked if account.name not in claimed))


def _still_speaking(now: Settings, booked: Settings) -> tuple[RequestSource, ...]:
    """The logs, each also for the accounts that were its own once and are no longer configured.

    Otherwise the past of such an account would lose its customers while its log is still there.
    """
    configured = {account.name for account in now.accounts}
    before = {source.name: source.accounts for source in booked.requests}

    def speaking(source: RequestSource) -> RequestSource:
        gone = {
            p: a for p, a in before.get(source.name, {}).items() if a not in configured and p not in source.accounts
        }
        tells_whose = "provider" in source.columns or not source.accounts
        return replace(source, accounts={**gone, **source.accounts}) if gone and tells_whose else source

    return tuple(map(speaking, now.requests))


@dataclass
class Finops:
    """The resource Dagster hands to assets: opens the ledger late, once a step, never at import."""

    environment: Mapping[str, str]
    progress: Progress = lambda *_: None
    failed: dict[str, list[Failed]] = field(default_factory=dict)  # by run, for the gate at its end
    computed: dict[str, int] = field(default_factory=dict)  # by run: how often a verb was called
    package: ModuleType = connectors  # where connectors are looked for
    replay: Replay | None = None
    books: dict[str, PriceBook] = field(default_factory=dict)  # a run's steps share it: half a second to build

    def note(self, run_id: str, failed: list[Failed], computed: int) -> None:
        """Remember a step's failures until the end of its run."""
        self.failed.setdefault(run_id, []).extend(failed)
        self.computed[run_id] = self.computed.get(run_id, 0) + computed

    @contextmanager
    def work(self, run_id: str, **how: Any) -> Iterator[Work]:
        """A `Work` on an open ledger, closed afterwards."""
        config = load(self.environment, self.package)
        with opened(config) as ledger:
            yield Work(config, ledger, run_id, self.progress, replay=self.replay, books=self.books, **how)


@contextmanager
def opened(config: Config) -> Iterator[Ledger]:
    """The configured ledger, in a home private to its user."""
    config.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    ledger = Ledger(config.database_url, config.now)
    try:
        yield ledger
    finally:
        ledger.close()


def span(days: list[str]) -> Iterator[tuple[date, date]]:
    """Days as contiguous ranges, first and last inclusive: one ranged read each."""
    ordered = [date.fromisoformat(day) for day in sorted(set(days))]
    start = 0
    for i, day in enumerate(ordered):
        if i + 1 == len(ordered) or ordered[i + 1] != day + timedelta(days=1):
            yield ordered[start], day
            start = i + 1
