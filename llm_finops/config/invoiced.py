"""Whose months are matched with invoices: the accounts that an `[invoices.NAME]` names, and those paid in advance."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from llm_finops.config.mistakes import shown
from llm_finops.config.tables import FinopsToml
from llm_finops.core.settings import Invoiced


def invoiced_of(
    tables: FinopsToml, providers: Mapping[str, Any], prepaid: Collection[str], formerly: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[Invoiced, ...], list[str]]:
    """The accounts, sorted, and what is wrong: an account that nobody configured, its nearest named.

    `prepaid` are those of `providers`; `formerly` is by KIND.NAME.
    """
    accounts = [*providers, *tables.costs]
    ahead = {*prepaid, *(name for name, table in tables.costs.items() if table.billing == "prepaid")}
    named = {table.account for table in tables.invoices.values()}
    invoiced = [Invoiced(name, name in ahead, _former(name, providers, formerly)) for name in sorted(named | ahead)]
    return tuple(invoiced), list(_unknown(tables, accounts))


def _former(name: str, providers: Collection[str], formerly: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    kind = "providers" if name in providers else "costs"
    return tuple(sorted(formerly.get(f"{kind}.{name}", ())))


def _unknown(tables: FinopsToml, accounts: Iterable[str]) -> Iterator[str]:
    there = list(accounts)
    for name, table in tables.invoices.items():
        if table.account not in there:
            near = get_close_matches(table.account, there, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            said = f"invoices.{name}.account: no account is called {shown(table.account)}; {hint}there are "
            yield said + (", ".join(there) or "none: add [providers.NAME] or [costs.NAME]")
