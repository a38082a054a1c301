"""Days made by hand, step by step as a run books them: an account's lines, whom they are split among, the margins."""

from collections.abc import Mapping
from pathlib import Path

from llm_finops.core.records import Allocation, CostLine, Margin, Pool
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger import datasets as d

READ_AT = "2026-11-25T06:00:00Z"  # after all days here were settled
DOLLAR = 10**9


def opened(folder: Path) -> Ledger:
    """The ledger of a home."""
    return Ledger(sqlite_url(folder / "ledger.sqlite"), lambda: READ_AT)


def pool(account: str, currency: str = "USD") -> Pool:
    """The one pool of an account."""
    return Pool(account, account.partition("-")[0], "red", "k1", "model-1", "standard", currency)


def lines(ledger: Ledger, account: str, day: str, nano: int, dataset: d.Dataset[CostLine] = d.COST_LINES) -> None:
    """One cost line of the day, read after it was settled."""
    basis = "estimated" if dataset is d.ESTIMATES else "reported"
    named = (f"{account}-{day}-{basis}", *pool(account)[:6], "(none)", "all", "(any)", None, None)
    money = ("usage", "(none)", basis, "USD", nano, nano, None, "1", "{}")
    line = CostLine(*named, *money, f"{day}T00:00:00Z", f"{day}T24:00:00Z", None)
    load = ledger.journals.begin_load(account, "cost_lines", day, day)
    with ledger.commit("read") as commit:
        commit.book(dataset, account, day, [line])
        if dataset is d.COST_LINES:
            commit.loaded(load, dataset, account, day, 0, [])
    ledger.journals.end_load(load, "whole")


def split(ledger: Ledger, account: str, day: str, by: Mapping[str, int]) -> None:
    """{customer: its cost} of the account's day, made of the lines that are there."""
    how = ("production", "cogs", "USD", "reported", "rule", "made")
    made_of = {key: at for of in (d.COST_LINES, d.ESTIMATES) for key, at in ledger.heads(of, account).items()}
    rows = [Allocation(pool(account), name, "chat", *how, nano) for name, nano in by.items()]
    used = {key: at for key, at in made_of.items() if key.period == day}
    with ledger.commit("split") as commit:
        commit.book(d.ALLOCATIONS, account, day, rows, used)


def margins(ledger: Ledger, day: str, by: Mapping[str, tuple[int, int | None]], currency: str = "USD") -> None:
    """{customer: (cost, revenue)} of the day, made of the allocations that are there."""
    rows = [Margin(name, "chat", currency, revenue, cost, 0, 0, 0) for name, (cost, revenue) in by.items()]
    used = {key: at for key, at in ledger.heads(d.ALLOCATIONS).items() if key.period == day}
    with ledger.commit("margins") as commit:
        commit.book(d.MARGINS, "*", day, rows, used)


def computed(ledger: Ledger, day: str, **dollars: int) -> None:
    """A whole day: {account: its cost in dollars, all of acme, which pays nothing}."""
    for account, cost in dollars.items():
        lines(ledger, account, day, cost * DOLLAR)
        split(ledger, account, day, {"acme": cost * DOLLAR})
    margins(ledger, day, {"acme": (sum(dollars.values()) * DOLLAR, 0)})
