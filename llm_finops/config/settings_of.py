"""From the tables of finops.toml to `Settings`: what decides numbers, and what must not be ambiguous."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from llm_finops.config.tables import FinopsToml, Matching, Owner, SpreadTable
from llm_finops.core.settings import Account, RequestSource, RevenueSource, Rule, Settings, Spread
from llm_finops.inputs.requests import RequestLog, overlapping


def settings_of(tables: FinopsToml, providers: Mapping[str, str], logs: Mapping[str, RequestLog]) -> Settings:
    """The settings; `providers` is account -> provider. ValueError says what is ambiguous and how to mend it."""
    _refuse_twice("accounts", [*providers, *tables.costs])
    _refuse_alike([*providers, *tables.costs])
    _refuse_twice("sources", [*logs, *tables.revenue])
    _refuse_twice("[[owners]]", [rule.name for rule in tables.owners])
    sources = [_speaking(log.source, providers) for log in logs.values()]
    for a, b in combinations(sources, 2):
        if reason := overlapping(a, b):
            raise ValueError(f"requests.{a.name} and requests.{b.name} may hold the same requests: {reason}")
    accounts = [Account(name, provider) for name, provider in providers.items()]
    accounts += [Account(name, name, "costs") for name in tables.costs]
    return Settings(
        accounts=tuple(sorted(accounts, key=lambda account: account.name)),
        requests=tuple(sorted(sources, key=lambda source: source.name)),
        revenue=tuple(RevenueSource(name) for name in sorted(tables.revenue)),
        rules=tuple(_rule(owner) for owner in tables.owners),
        spreads=tuple(_spread(i, spread) for i, spread in enumerate(tables.spread, start=1)),
        aliases=dict(tables.models),
        uncovered=tables.allocation.uncovered,
        allocate_tax=tables.allocation.tax,
        allocate_credit=tables.allocation.credit,
    )


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two {what} are called {name!r}; give each its own name")
        seen.add(name)


def _refuse_alike(accounts: Iterable[str]) -> None:
    """Names of accounts become names in Dagster, of ASCII letters, digits and underscores."""
    seen: dict[str, str] = {}
    for name in accounts:
        flat = asset_name(name)
        if flat in seen:
            raise ValueError(f"the accounts {seen[flat]!r} and {name!r} are too alike: both would be {flat} in Dagster")
        seen[flat] = name


def asset_name(account: str) -> str:
    """An account's name as part of an asset's name."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in account)


def _speaking(source: RequestSource, providers: Mapping[str, str]) -> RequestSource:
    """The source with the account of each provider's rows, where the log itself does not say."""
    if "account" in source.columns:
        return source
    spoken = source.speaks_for.get("accounts") or tuple(providers)
    if unknown := [name for name in spoken if name not in providers]:
        allowed = ", ".join(providers) or "(none)"
        raise ValueError(
            f"requests.{source.name}.speaks_for.accounts: no [providers.{unknown[0]}]; there are {allowed}"
        )
    if "provider" not in source.columns and len(spoken) > 1:
        raise ValueError(
            f"requests.{source.name} does not say whose requests it holds: map `account` or `provider` in its columns, "
            f"or name one account in speaks_for (there are {', '.join(spoken)})"
        )
    accounts: dict[str, str] = {}
    for name in spoken:
        if (provider := providers[name]) in accounts:
            raise ValueError(
                f"requests.{source.name} does not say which account of {provider} its rows belong to "
                f"({accounts[provider]} or {name}): map `account`, or name one of them in speaks_for"
            )
        accounts[provider] = name
    return RequestSource(source.name, source.columns, accounts, source.speaks_for, source.time_zone)


def _dates(table: Matching) -> dict[str, str]:
    given = {"valid_from": table.since, "valid_until": table.until}
    return {name: day.isoformat() for name, day in given.items() if day is not None}


def _rule(owner: Owner) -> Rule:
    if owner.customer is None and owner.environment is None and owner.cost_class is None:
        raise ValueError(f"[[owners]] {owner.name!r} decides nothing: give it customer, environment or cost_class")
    return Rule(
        owner.name, owner.match, owner.customer, owner.feature, owner.environment, owner.cost_class, **_dates(owner)
    )


def _spread(position: int, table: SpreadTable) -> Spread:
    if isinstance(table.by, dict) and not any(table.by.values()):
        raise ValueError(f"[[spread]] number {position} has shares of 0 only; give one of them a share above 0")
    return Spread(table.name or f"spread {position}", table.match, table.by, **_dates(table))
