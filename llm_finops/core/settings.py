"""The settings that decide numbers: accounts, sources, rules, aliases. Plain values, no files.

The configuration builds them; the ledger keeps them (dataset `settings`, an input of everything), so that
a past day can be reproduced under the rules of its time.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from llm_finops.core.records import Setting

POOL_DIMENSIONS = ("account", "provider", "project", "api_key", "model", "service_tier")


@dataclass(frozen=True, slots=True)
class Account:
    """One organisation at a provider, or a cost file's name."""

    name: str
    provider: str
    kind: Literal["provider", "costs"] = "provider"
    settle_hours: int = 0
    past: bool = False  # no longer configured; what it booked stays


@dataclass(frozen=True, slots=True)
class RequestSource:
    """One request log: which of our fields it has, and for whom it speaks.

    `columns` maps our field to their column, or to {"const": value}. `accounts` gives, by provider, the
    account its rows belong to where the log itself does not say.
    """

    name: str
    columns: Mapping[str, str | Mapping[str, str]]
    accounts: Mapping[str, str] = field(default_factory=dict)
    speaks_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # accounts / projects / api_keys
    time_zone: str | None = None
    past: bool = False

    @property
    def mapped(self) -> frozenset[str]:
        """The pool dimensions a row of this log knows; account and provider always are."""
        return frozenset(d for d in POOL_DIMENSIONS if d in self.columns) | {"account", "provider"}


@dataclass(frozen=True, slots=True)
class RevenueSource:
    """One source of revenue, and the days it speaks for (a day outside is unknown, not 0)."""

    name: str
    past: bool = False


@dataclass(frozen=True, slots=True)
class Invoiced:
    """An account whose months are matched with invoices, under its name and those it had before."""

    name: str
    prepaid: bool = False  # it pays in advance: no invoice of its usage is expected
    formerly: tuple[str, ...] = ()
    past: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """An `[[owners]]` rule: what matches belongs to a customer, serves a feature, or carries a label, on its days."""

    name: str
    match: Mapping[str, str]  # account, provider, project, api_key, actor, model, environment, tag.X -> glob
    customer: str | None = None
    feature: str | None = None
    environment: str | None = None
    cost_class: str | None = None
    valid_from: str = "0001-01-01"
    valid_until: str = "9999-12-31"  # exclusive


@dataclass(frozen=True, slots=True)
class Spread:
    """A `[[spread]]`: what matches is shared out by usage, evenly, or by fixed shares."""

    name: str
    match: Mapping[str, str]
    by: str | Mapping[str, int] = "usage"  # "usage", "even" or {customer: share}
    valid_from: str = "0001-01-01"
    valid_until: str = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides a number and is not a price, a rate or a fact."""

    accounts: tuple[Account, ...] = ()
    requests: tuple[RequestSource, ...] = ()
    revenue: tuple[RevenueSource, ...] = ()
    invoiced: tuple[Invoiced, ...] = ()
    rules: tuple[Rule, ...] = ()
    spreads: tuple[Spread, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)  # their name of a model -> the provider's
    uncovered: Literal["ladder", "scale"] = "ladder"
    allocate_tax: bool = False
    allocate_credit: bool = False
    reporting_currency: str = ""

    def account(self, name: str) -> Account:
        """The account of that name; KeyError if there is none."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise KeyError(name)

    def model(self, name: str) -> str:
        """The provider's name of a model."""
        return self.aliases.get(name, name)


_KINDS: dict[str, tuple[str, type[Any]]] = {
    "account": ("accounts", Account),
    "request_source": ("requests", RequestSource),
    "revenue_source": ("revenue", RevenueSource),
    "invoiced": ("invoiced", Invoiced),
    "rule": ("rules", Rule),
    "spread": ("spreads", Spread),
}
# Raised whenever a verb gives other numbers for the same facts: every day is then computed again, visibly.
VERBS = 3
_SCALARS = ("uncovered", "allocate_tax", "allocate_credit")
_ORDERED = {"rule", "spread"}  # their position decides; of the others it does not, so it is left out


def to_rows(settings: Settings) -> list[Setting]:
    """The settings as rows of the ledger, canonical: equal settings give equal rows."""
    rows = [Setting("option", 0, name, _json(getattr(settings, name))) for name in _SCALARS]
    if settings.reporting_currency:  # without one nothing is said of it, so that no day is stale for the word alone
        rows.append(Setting("option", 0, "reporting_currency", _json(settings.reporting_currency)))
    rows.append(Setting("verbs", 0, "version", _json(VERBS)))
    rows += [Setting("alias", 0, name, _json(model)) for name, model in settings.aliases.items()]
    for kind, (attribute, _) in _KINDS.items():
        for position, item in enumerate(getattr(settings, attribute)):
            rows.append(Setting(kind, position if kind in _ORDERED else 0, item.name, _json(asdict(item))))
    return sorted(rows)


def from_rows(rows: Iterable[Setting]) -> Settings:
    """The settings that were booked."""
    found: dict[str, list[Any]] = {attribute: [] for attribute, _ in _KINDS.values()}
    scalars: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    for row in sorted(rows):
        value = json.loads(row.value)
        if row.kind == "option":
            scalars[row.name] = value
        elif row.kind == "verbs":
            continue
        elif row.kind == "alias":
            aliases[row.name] = value
        else:
            attribute, made = _KINDS[row.kind]
            if "speaks_for" in value:  # JSON has no tuples
                value["speaks_for"] = {name: tuple(ids) for name, ids in value["speaks_for"].items()}
            if "formerly" in value:
                value["formerly"] = tuple(value["formerly"])
            found[attribute].append(made(**value))
    made_of: dict[str, Any] = {**scalars, **{name: tuple(items) for name, items in found.items()}}
    return Settings(aliases=aliases, **made_of)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
