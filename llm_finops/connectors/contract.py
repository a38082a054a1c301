"""What a connector must answer, and what each answer means.

A connector is a module of this package that says who it is (`PROVIDER`, its file's name), what it must be told
(`Options`) and how it is reached (`connect`). No list names it: `discover` looks into the folder. To add one, copy
the nearest and its test; `test_every_connector.py` holds the next one to the same answers.

A day that was asked for is answered in exactly one of two ways:

- it is in `days`: the provider's answer came whole and could be read. `()` means that the provider said there was
  nothing; that is a fact, and it is not the same as no answer.
- it is in `rejected`, with the reason: no whole answer came for this day although others came, or what came could not
  be booked (an unreadable amount, a negative quantity, a field that is gone). One unreadable row rejects its whole day:
  a day short of a row would be a wrong figure that looks right.

No answer at all raises. Doubts about a day that can be booked are findings. Rows come sorted by the bytes of their
key, and nothing in them depends on how the provider ordered, paged or repeated its rows, nor on the range asked for.

    SourceError
    ├── Refused          401, 403: the key is wrong, or may not read this
    ├── BadRequest       400, 404, a redirect, a certificate: asking again would fail in the same way
    ├── NotWhole         an answer came, but not a whole one: cut, not JSON, paging in circles, a day left out
    └── Unavailable      5xx and cut lines, to the end of our patience
        ├── TimedOut     it took the question and was silent, to the end of our patience
        └── RateLimited  429, longer than our patience, or until a person acts; `until` where a time was given
"""

import importlib
import ipaddress
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Annotated, Generic, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from llm_finops.core.records import CostLine, Finding, Name, Usage

Row = TypeVar("Row")
Clock = Callable[[], datetime]


class SourceError(Exception):
    """The provider could not be read; the message says what was seen, what was expected and what to do.

    `status`, `param`, `code` and `said` are of an answer that refused (401, 403, 400 ...): the provider's own, where it
    gave them.
    """

    def __init__(self, message: str, *, status: int = 0, param: str = "", code: str = "", said: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code
        self.said = said


class Refused(SourceError):
    """The provider does not accept the key, or the key may not read this."""


class BadRequest(SourceError):
    """Asking again would fail in the same way.

    Days before a provider's data begin are this, each with the day from which it has data, if that could be found out.
    """


class NotWhole(SourceError):
    """An answer came that is not the whole of what was asked; nothing of it is used."""


class Unavailable(SourceError):
    """The provider gave no answer, however often it was asked."""


class TimedOut(Unavailable):
    """The provider did not answer in time; or too much of the pull's time went so, and it was not asked again."""


class RateLimited(Unavailable):
    """The provider asks us to stay away: until a time, or (None) until somebody acts or it says otherwise."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


@dataclass(frozen=True, slots=True)
class Asked:
    """The UTC days asked of one account, the last one included."""

    account: str
    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"account {self.account}: {self.last} is before {self.first}")

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"

    @property
    def days(self) -> tuple[str, ...]:
        """The days, in order, as the ledger writes them."""
        count = (self.last - self.first).days + 1
        return tuple((self.first + timedelta(days=n)).isoformat() for n in range(count))

    @property
    def until(self) -> date:
        """The day after the last."""
        return self.last + timedelta(days=1)

    def windows(self, days: int) -> Iterator["Asked"]:
        """The same days in stretches of at most so many."""
        first = self.first
        while first <= self.last:
            last = min(first + timedelta(days=days - 1), self.last)
            yield Asked(self.account, first, last)
            first = last + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pulled(Generic[Row]):
    """What one pull brought: every asked day is in `days` or in `rejected`, never in both.

    `duplicates` counts, by day, provider rows that came twice and are booked once; `grain` is the grouping the
    provider really gave.

    `clipped` are the days in `days` that were not over for the provider: the clock says so, or its answer ends within
    the day, or it says itself until when its data reach (a watermark) and that is before the day's end, however long
    ago the day was. Such a day is provisional: its rows may be short, and `()` is not yet a fact. A provider that
    gives no watermark says nothing of days that are over; they are not clipped.
    """

    days: Mapping[str, tuple[Row, ...]]
    rejected: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    calls: int = 0
    duplicates: Mapping[str, int] = field(default_factory=dict)
    grain: tuple[str, ...] = ()
    clipped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Our patience. Waits double from `first_s` (`busy_s` after a 429 that names no time) up to `cap_s`, with jitter.

    `budget_s` bounds what one pull spends on nothing: its pauses, and the time of requests that brought no answer to
    use (time-outs above all), together. Nothing is asked again for which it does not suffice, so an answer that asks
    us to wait longer fails at once; and once the fruitless requests alone have used it up, nothing more is asked at
    all, of whatever day or page. A pull from a provider that is silent so ends within about twice that.
    `deadline_s` bounds one request from its first byte to its last, however slowly they drip.
    """

    attempts: int = 6
    first_s: float = 1.0
    busy_s: float = 10.0
    cap_s: float = 60.0
    budget_s: float = 600.0
    connect_s: float = 10.0
    read_s: float = 60.0
    deadline_s: float = 180.0


PATIENCE = Waiting()

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Hours = Annotated[int, Field(ge=0, le=24 * 31)]


def utc_now() -> datetime:
    """The clock of a connector, unless it is given another."""
    return datetime.now(UTC)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine: the only place plain http may go to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def safe_url(url: str) -> str:
    """The address, if a secret may be sent to it; ValueError if not."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError(f"expected https://HOST (plain http only to this machine), saw scheme {parts.scheme!r}")
    if not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("expected https://HOST/PATH without user, query or fragment")
    return url


class Options(BaseModel):
    """What finops.toml says of an account; each connector gives its own defaults. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    admin_key_env: Variable
    base_url: str
    settle_hours: Hours
    billing: Literal["invoice", "prepaid"] = "invoice"  # prepaid: no invoice of its usage is expected

    @field_validator("base_url")
    @classmethod
    def _safe(cls, url: str) -> str:
        return safe_url(url).rstrip("/")


@dataclass(frozen=True, slots=True)
class About:
    """What a person must know to connect a provider: `init` and `doctor` say it, docs/providers/NAME.md says more."""

    key_kind: str  # which key, in words
    scope: str = ""  # the least that it may read
    made_at: str = ""  # where it is made, and by whom
    history: str = ""  # how far back there are data
    lag: str = ""  # when the figures of a day are all there
    begins: str = ""  # how such a key begins
    other_keys: Mapping[str, str] = field(default_factory=dict)  # beginnings of keys that cannot do it: what they are
    logo: str = ""  # the product by whose logo people know it, where that is not the provider's own name


class Connector(Protocol):
    """One account of a provider. It keeps one connection, asks one thing at a time, and is closed after use."""

    def usage(self, asked: Asked) -> Pulled[Usage]:
        """What was used on each day asked. SourceError if no day could be had."""

    def costs(self, asked: Asked) -> Pulled[CostLine]:
        """What was charged for each day asked. SourceError if no day could be had."""

    def names(self) -> tuple[Name, ...]:
        """What the provider calls its projects and keys now, sorted. SourceError if the list did not come whole."""

    def close(self) -> None:
        """Let go of the connection."""


def discover(package: ModuleType) -> dict[str, ModuleType]:
    """The connectors in a package, by provider: modules that say who they are. ValueError if not by their file's name.

    Each has `PROVIDER`, `class Options(contract.Options)` with the provider's own defaults, and
    `connect(account, options, key, *, wait=PATIENCE, clock=utc_now) -> Connector`, which sends nothing yet;
    the key is the value of the variable that `options.admin_key_env` names. Refused if it can be no key.
    Most have `ABOUT`, too.
    """
    found: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        provider = getattr(module, "PROVIDER", None)
        if provider is None:
            continue
        if provider != info.name:
            raise ValueError(f"{module.__name__} calls itself {provider!r}; name the file and the provider alike")
        found[info.name] = module
    return found


def about(connector: ModuleType) -> About:
    """What a connector says of the key it needs and of what to expect."""
    found = getattr(connector, "ABOUT", None)
    return found if isinstance(found, About) else About(f"a key of {connector.PROVIDER} that may read usage and cost")
