"""A provider, asked for one day: its usage, its costs, and what it calls its projects and keys."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from llm_finops.config import Config, ConfigError
from llm_finops.connectors.contract import (
    About,
    Asked,
    BadRequest,
    Connector,
    Pulled,
    RateLimited,
    Refused,
    SourceError,
    Waiting,
    about,
)
from llm_finops.core.money import nano_text
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.doctor.proxy import Proxy, proxy_to

# A person is waiting: a few tries, then say so.
_PATIENCE = Waiting(attempts=3, first_s=0.5, busy_s=3, cap_s=5, budget_s=30, connect_s=5, read_s=20, deadline_s=40)
_USAGE, _COSTS, _NAMES = "usage", "costs", "names"


@dataclass
class Met:
    """What one provider answered; the logs are held against the models it reported."""

    account: str
    models: frozenset[str] = frozenset()


class _Visit:
    """One account, about to be asked."""

    def __init__(self, config: Config, account: str, day: date) -> None:
        provider = config.providers[account]
        self.config, self.account, self.day, self.provider = config, account, day, provider
        self.subject = f"providers.{account}"
        self.about: About = about(provider.connector)
        self.variable: str = provider.options.admin_key_env
        self.proxy: Proxy | None = proxy_to(provider.options.base_url)

    def connected(self, key: str) -> Connector:
        clock: Callable[[], datetime] = lambda: datetime.fromisoformat(self.config.now())  # noqa: E731
        options = self.provider.options
        connector: Connector = self.provider.connector.connect(self.account, options, key, wait=_PATIENCE, clock=clock)
        return connector

    @property
    def needed(self) -> str:
        """Which key it takes, what it may read, and where it is made."""
        of = self.about
        where = f" It is made at {of.made_at}." if of.made_at else ""
        may = f" Least permission: {of.scope}." if of.scope else ""
        return f"{self.variable} must hold {of.key_kind}.{may}{where}"

    @property
    def expect(self) -> str:
        """What history and lag there are."""
        of, hours = self.about, self.provider.settle_hours
        parts = [f"History: {of.history}." if of.history else "", f"Lag: {of.lag};" if of.lag else "Lag:"]
        return " ".join([*filter(None, parts), f"a day is final {hours} h after its end (settle_hours)."])


def examine_provider(config: Config, account: str, day: date, met: list[Met]) -> Iterator[Check]:
    """What a read of the day says; what was answered is added to `met`."""
    visit = _Visit(config, account, day)
    try:
        key = config.secret(visit.variable)
    except ConfigError:
        yield problem(
            visit.subject, f"The environment variable {visit.variable} is not set; export it first. {visit.needed}"
        )
        return
    if trouble := _before(visit, key):
        yield problem(visit.subject, trouble)
        return
    try:
        with closing(visit.connected(key)) as connector:
            answers = _ask(connector, Asked(account, day, day))
    except Refused as error:
        answers = {_USAGE: error}
    if any(isinstance(answer, SourceError) for answer in answers.values()):
        yield from _troubles(visit, key, answers)
    else:
        yield from _read(visit, answers, met)


def _before(visit: _Visit, key: str) -> str:
    """What is wrong before anything is sent. Another vendor's key is not: it would be shown to a stranger."""
    for name, of in visit.config.providers.items():
        begins, other = about(of.connector).begins, of.connector.PROVIDER
        if other != visit.provider.connector.PROVIDER and begins and key.startswith(begins):
            return f"{visit.variable} holds a key of {other} (see providers.{name}); it was not sent. {visit.needed}"
    if visit.proxy and not visit.proxy.is_spoken:
        return (
            f"Requests to {visit.proxy.host} would go through {visit.proxy}, whose protocol is not spoken here; "
            f"name an http:// proxy, or go past it: {visit.proxy.past}"
        )
    return ""


def _ask(connector: Connector, asked: Asked) -> Mapping[str, Any]:
    """{what: the answer, or why there is none}."""
    asks: dict[str, Callable[[], Any]] = {
        _USAGE: lambda: connector.usage(asked),
        _COSTS: lambda: connector.costs(asked),
        _NAMES: connector.names,
    }
    answers: dict[str, Any] = {}
    for what, ask in asks.items():
        try:
            answers[what] = ask()
        except SourceError as error:
            answers[what] = error
            if not isinstance(error, Refused | BadRequest):
                break  # nobody is there; asking for the rest takes as long again
    return answers


def _troubles(visit: _Visit, key: str, answers: Mapping[str, Any]) -> Iterator[Check]:
    """One paragraph for all that failed in the same way."""
    failed = {what: answer for what, answer in answers.items() if isinstance(answer, SourceError)}
    if list(failed) == [_NAMES]:
        lost = "Usage and costs can be read, the names of projects and keys cannot: rules and logs must then say ids."
        yield warning(visit.subject, f"{lost} {_sentence(visit, failed[_NAMES])} {visit.needed}")
        return
    told: set[type[SourceError]] = set()
    for what, error in failed.items():
        if type(error) in told:
            continue
        told.add(type(error))
        also = [name for name, other in failed.items() if type(other) is type(error) and name != what]
        more = f"So it is with {' and '.join(also)}. " if also else ""
        yield problem(visit.subject, f"{_sentence(visit, error)} {more}{_advice(visit, key, error)}")


def _advice(visit: _Visit, key: str, error: SourceError) -> str:
    if isinstance(error, Refused):
        of = visit.about.other_keys
        kind = next((of[begins] for begins in sorted(of, key=len, reverse=True) if key.startswith(begins)), "")
        return (f"It holds {kind}. " if kind else "") + visit.needed
    if isinstance(error, RateLimited):
        return "The key is known there; run doctor again later."
    if visit.proxy:
        host = visit.proxy.host
        return (
            f"The way leads through {visit.proxy}: it must let {host}:443 pass without opening the encryption; "
            f"or go past it: {visit.proxy.past}"
        )
    if "text/html" in str(error):
        return "A web page came where an answer should be: is base_url right, and does a proxy or a login page answer?"
    return f"Is {visit.provider.options.base_url} reachable from here (firewall, proxy, DNS), and is it the right one?"


def _read(visit: _Visit, answers: Mapping[str, Any], met: list[Met]) -> Iterator[Check]:
    usage: Pulled[Any] = answers[_USAGE]
    costs: Pulled[Any] = answers[_COSTS]
    day = str(visit.day)
    for what, pulled in ((_USAGE, usage), (_COSTS, costs)):
        if why := pulled.rejected.get(day):
            yield problem(visit.subject, f"{what.capitalize()} of {day} came, but cannot be booked: {why}")
    used, lines = usage.days.get(day, ()), costs.days.get(day, ())
    met.append(Met(visit.account, frozenset(row.model for row in used)))
    amounts: dict[str, int] = {}
    for line in lines:
        amounts[line.currency] = amounts.get(line.currency, 0) + line.amount_nano
    money = ", ".join(f"{nano_text(nano)} {currency}" for currency, nano in sorted(amounts.items())) or "no cost"
    kinds = [name.kind for name in answers[_NAMES]]
    named = f"{kinds.count('project')} projects and {kinds.count('api_key')} keys by name"
    way = f" Read through {visit.proxy}." if visit.proxy else ""
    if day in usage.clipped | costs.clipped:
        way += f" {day} is not over for the provider: its figures will grow."
    said = f"{day}: {len(used)} rows of usage, {len(lines)} cost lines ({money}); {named}. {visit.expect}{way}"
    if not used and not lines:
        yield warning(visit.subject, f"{said} Nothing was used that day: is it the right organization? Try --day.")
    else:
        yield ok(visit.subject, said)
    yield from _doubts(visit, usage, costs)


def _doubts(visit: _Visit, usage: Pulled[Any], costs: Pulled[Any]) -> Iterator[Check]:
    """Findings a person can do something about, or should know, each kind once."""
    kinds: dict[str, list[str]] = {}
    for finding in (*usage.findings, *costs.findings):
        kinds.setdefault(finding.kind, []).append(f"{finding.subject}: {finding.detail}")
    for kind, details in sorted(kinds.items()):
        more = f", and {len(details) - 1} more" if len(details) > 1 else ""
        yield warning(visit.subject, f"{kind.capitalize()}: {details[0]}{more}.")


def _sentence(visit: _Visit, error: SourceError) -> str:
    """The error; which key is needed is said once, by us and at more length."""
    text = str(error).removesuffix(f". {visit.variable} must hold {visit.about.key_kind}")
    return text if text.endswith(".") else f"{text}."
