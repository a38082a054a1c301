"""From the tables of finops.toml to `Settings`: what decides numbers, and what must not be ambiguous."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, starmap

from llm_finops.config.tables import FinopsToml, Matching, Owner, SpreadTable
from llm_finops.core.rules import glob
from llm_finops.core.settings import Account, RequestSource, RevenueSource, Rule, Settings, Spread
from llm_finops.inputs.requests import RequestLog, overlapping


def settings_of(
    tables: FinopsToml, providers: Mapping[str, str], logs: Mapping[str, RequestLog]
) -> tuple[Settings, list[str]]:
    """The settings, and what is ambiguous in them and how to mend it; `providers` is account -> provider."""
    mistakes = [
        *_twice("accounts", [*providers, *tables.costs]),
        *_alike([*providers, *tables.costs]),
        *_twice("sources", [*logs, *tables.revenue]),
        *_twice("[[owners]]", [rule.name for rule in tables.owners]),
        *_twice("[[spread]]", [_spread_name(i, spread) for i, spread in enumerate(tables.spread, start=1)]),
        *filter(None, map(_undecided, tables.owners)),
        *filter(None, (_shareless(i, spread) for i, spread in enumerate(tables.spread, start=1))),
    ]
    sources = []
    for log in logs.values():
        try:
            sources.append(_speaking(log.source, providers, [*providers, *tables.costs]))
        except ValueError as error:
            mistakes.append(str(error))
    mistakes += filter(None, starmap(_shared, combinations(sources, 2)))
    accounts = [Account(name, provider) for name, provider in providers.items()]
    accounts += [Account(name, name, "costs") for name in tables.costs]
    settings = Settings(
        accounts=tuple(sorted(accounts, key=lambda account: account.name)),
        requests=tuple(sorted(sources, key=lambda source: source.name)),
        revenue=tuple(RevenueSource(name) for name in sorted(tables.revenue)),
        rules=tuple(_rule(owner) for owner in tables.owners),
        spreads=tuple(_spread(i, spread) for i, spread in enumerate(tables.spread, start=1)),
        aliases=dict(tables.models),
        uncovered=tables.allocation.uncovered,
        allocate_tax=tables.allocation.tax,
        allocate_credit=tables.allocation.credit,
        reporting_currency=tables.reporting.currency or "",
    )
    return settings, mistakes


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"two {what} are called {name!r}; give each its own name"


def _alike(accounts: Iterable[str]) -> Iterator[str]:
    """Names of accounts become names in Dagster, of ASCII letters, digits and underscores."""
    seen: dict[str, str] = {}
    for name in accounts:
        flat = asset_name(name)
        if seen.get(flat, name) != name:
            yield f"the accounts {seen[flat]!r} and {name!r} are too alike: both would be {flat} in Dagster"
        seen[flat] = name


def _shared(a: RequestSource, b: RequestSource) -> str | None:
    reason = overlapping(a, b)
    if reason is None:
        return None
    kinds = [" and ".join(name for name in source.speaks_for if name != "accounts") for source in (a, b)]
    if all(kinds) and kinds[0] != kinds[1]:
        reason += f"; {a.name} names {kinds[0]}, {b.name} {kinds[1]}, which may be the same requests: name projects in "
        reason += "both, or api_keys in both"
    return f"requests.{a.name} and requests.{b.name} may hold the same requests: {reason}"


def asset_name(account: str) -> str:
    """An account's name as part of an asset's name."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in account)


def _refuse_unknown(source: RequestSource, accounts: Sequence[str]) -> None:
    """A log that says which account a row is of must say one that there is, where the configuration can tell."""
    there = ", ".join(accounts) or "(none)"
    given = source.columns["account"]
    if not isinstance(given, str) and (name := given["const"]) not in accounts:
        raise ValueError(f"requests.{source.name}.columns.account: no account is called {name!r}; there are {there}")
    for pattern in source.speaks_for.get("accounts", ()):
        if not any(glob(pattern).fullmatch(name) for name in accounts):
            raise ValueError(
                f"requests.{source.name}.speaks_for.accounts: no account is called {pattern!r}; there are {there}"
            )


def _named(source: RequestSource, providers: Mapping[str, str]) -> list[str]:
    """The providers' accounts that a log speaks for: all, or those it names or means by a pattern."""
    spoken: dict[str, None] = {}
    for pattern in source.speaks_for.get("accounts") or ("*",):
        met = [name for name in providers if glob(pattern).fullmatch(name)]
        if not met and "accounts" in source.speaks_for:
            raise ValueError(
                f"requests.{source.name}.speaks_for.accounts: no [providers.{pattern}]; there are "
                f"{', '.join(providers) or '(none)'}"
            )
        spoken |= dict.fromkeys(met)
    return list(spoken)


def _speaking(source: RequestSource, providers: Mapping[str, str], known: Sequence[str]) -> RequestSource:
    """The source with the account of each provider's rows, where the log itself does not say."""
    if "account" in source.columns:
        _refuse_unknown(source, known)
        return source
    spoken = _named(source, providers)
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


def _undecided(owner: Owner) -> str | None:
    if all(given is None for given in (owner.customer, owner.feature, owner.environment, owner.cost_class)):
        return f"[[owners]] {owner.name!r} decides nothing: give it customer, feature, environment or cost_class"
    return None


def _shareless(position: int, table: SpreadTable) -> str | None:
    if isinstance(table.by, dict) and not any(table.by.values()):
        return f"[[spread]] number {position} has shares of 0 only; give one of them a share above 0"
    return None


def _rule(owner: Owner) -> Rule:
    return Rule(
        owner.name, owner.match, owner.customer, owner.feature, owner.environment, owner.cost_class, **_dates(owner)
    )


def _spread_name(position: int, table: SpreadTable) -> str:
    return table.name or f"spread {position}"


def _spread(position: int, table: SpreadTable) -> Spread:
    return Spread(_spread_name(position, table), table.match, table.by, **_dates(table))
