"""A little company: two providers, two currencies, unknown revenue, unpriced usage, a restated day."""

from collections.abc import Iterator
from typing import Any

from llm_finops.core.derived import ImpliedPrice, RequestCost
from llm_finops.core.documents import InvoiceMatch
from llm_finops.core.pages import Page
from llm_finops.core.records import (
    Allocation,
    CostLine,
    Coverage,
    Finding,
    Margin,
    Pool,
    Price,
    PricedUsage,
    Quarantined,
    RequestQuantile,
    RequestTotal,
)
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.pages import Held, hold, keep_pages
from llm_finops.ledger.rolling import roll_up

DAYS = ("2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02")
ACCOUNTS = {"openai": ("openai", "USD"), "claude-eu": ("anthropic", "EUR"), "claude": ("anthropic", "USD")}
MODELS = {"openai": ("gpt-6", "gpt-6-mini"), "anthropic": ("claude-6",)}
CUSTOMERS = ("acme", "Zeta 50%", "zeta_2", "(unallocated)")
FEATURES = ("chat", "search")


def pool(account: str, model: str, tier: str = "standard") -> Pool:
    provider, currency = ACCOUNTS[account]
    return Pool(account, provider, "proj", "key", model, tier, currency)


def allocations(account: str, day: str, times: int = 1) -> list[Allocation]:
    """Other amounts for every owner and model; the second customer's are opex."""
    provider, currency = ACCOUNTS[account]
    rows = []
    for i, customer in enumerate(CUSTOMERS):
        for j, feature in enumerate(FEATURES):
            for k, model in enumerate(MODELS[provider]):
                kind = ("production", "cogs") if i != 1 else ("staging", "opex")
                nano = times * (1000 * i + 100 * j + 10 * k + int(day[-2:]))
                how = ("reported", "request_log" if i else "rule", "(none)" if i else "a rule")
                rows.append(Allocation(pool(account, model), customer, feature, *kind, currency, *how, nano))
    return rows


def margins(day: str, times: int = 1) -> list[Margin]:
    """Of the cogs, with a flat fee of acme, and an unknown revenue of zeta_2 on one day."""
    found: dict[tuple[str, str, str], int] = {}
    for account in ACCOUNTS:
        for row in allocations(account, day, times):
            if row.cost_class == "cogs":
                key = (row.customer, row.feature, row.currency)
                found[key] = found.get(key, 0) + row.cost_nano
    rows = []
    for (customer, feature, currency), cost in found.items():
        revenue = None if customer == "zeta_2" and day == DAYS[-1] else 2500 if customer == "zeta_2" else 0
        rows.append(Margin(customer, feature, currency, revenue, cost, cost // 2, cost % 7, cost % 5))
    return [*rows, Margin("acme", "(all)", "USD", 9000, 0, 0, 0, 0)]


def priced(account: str, day: str) -> list[PricedUsage]:
    """Input read from and written to caches, output; the mini model has no price on the last day."""
    provider, currency = ACCOUNTS[account]
    rows = []
    for k, model in enumerate(MODELS[provider]):
        unpriced = model == "gpt-6-mini" and day == DAYS[-1]
        for n, meter in enumerate(("input_uncached", "input_cache_read", "input_cache_write_5m", "output")):
            quantity = 1_000_000 * (n + 1) + 1000 * k + int(day[-2:])
            cost = None if unpriced else quantity * PRICES[meter] // 10**6
            named = (account, provider, "proj", "key", "(none)", model, "standard", "(none)", meter, "tokens")
            rows.append(PricedUsage(*named, quantity, cost, "(none)" if unpriced else currency))
    return rows


PRICES = {"input_uncached": 2_000, "input_cache_read": 500, "input_cache_write_5m": 3_000, "output": 9_000}


def book() -> Iterator[Price]:
    """Prices by model; a contract for gpt-6 input begins in November, at half of it."""
    for account, (provider, currency) in ACCOUNTS.items():
        if account == "claude-eu":
            continue
        for model in MODELS[provider]:
            for meter, nano in PRICES.items():
                held = (model, "standard", "(none)", meter, currency, nano, "2026-01-01T00:00:00Z")
                yield Price(provider, *held, "9999-12-31T00:00:00Z", "list:made up")
    named = ("openai", "gpt-6", "standard", "(none)", "input_uncached", "USD", 1_000)
    yield Price(*named, "2026-11-01T00:00:00Z", "9999-12-31T00:00:00Z", "contract:own.csv")


def lines(account: str, day: str, basis: str = "reported", times: int = 1) -> list[CostLine]:
    """A line a model, and one of tax."""
    provider, currency = ACCOUNTS[account]
    rows = []
    for k, model in enumerate((*MODELS[provider], "(none)")):
        nano = times * (10_000 * (k + 1) + int(day[-2:]))
        category = "usage" if model != "(none)" else "tax"
        known = (account, provider, "proj", "key", model, "standard", "(none)", f"{model}, all", "(any)")
        money = (category, "(none)", basis, currency, nano, nano + 1, None, "1", "{}")
        at = (f"{day}T00:00:00Z", f"{day}T24:00:00Z", None)
        rows.append(CostLine(f"{account}-{k}-{basis}", *known, None, None, *money, *at))
    return rows


def totals(day: str) -> list[RequestTotal]:
    """Requests of every owner and model; those of the mini model on the last day are unpriced."""
    rows = []
    for i, customer in enumerate((*CUSTOMERS[:3], "(none)")):
        for j, feature in enumerate(FEATURES):
            for k, model in enumerate(MODELS["openai"]):
                unpriced = model == "gpt-6-mini" and day == DAYS[-1]
                at = pool("openai", model)._replace(currency="(none)" if unpriced else "USD")
                how = ("production" if i != 1 else "staging", "(none)", "ok" if j else "error")
                counts = (10 + i + k, 5 + i, None if unpriced else 100 * i + 10 * j + k)
                rows.append(RequestTotal(at, "(none)", customer, feature, *how, *counts, "{}"))
    return rows


def found_of(account: str, day: str) -> list[Finding]:
    return [Finding(day, account, "unpriced", f"model {n}", "tokens", n, "no price") for n in range(2)]


def book_day(ledger: Ledger, day: str, times: int = 1) -> None:
    """Every dataset of a day. Of claude, the last day is an estimate; claude-eu has nothing on it."""
    with ledger.commit(f"the day {day}") as commit:
        for account, (provider, currency) in ACCOUNTS.items():
            if account == "claude-eu" and day == DAYS[-1]:
                continue
            basis = "estimated" if account == "claude" and day == DAYS[-1] else "reported"
            lane: Any = d.ESTIMATES if basis == "estimated" else d.COST_LINES
            commit.book(lane, account, day, lines(account, day, basis, times))
            commit.book(d.PRICED_USAGE, account, day, priced(account, day), findings=found_of(account, day))
            covered = [Coverage(*row[:11], row.quantity // 3) for row in priced(account, day)]
            commit.book(d.COVERAGE, account, day, covered)
            commit.book(d.ALLOCATIONS, account, day, allocations(account, day, times))
            named = (provider, MODELS[provider][0], "standard", "(none)", "output", "tokens", currency)
            implied = ImpliedPrice(*named, 10, 90, 80, 9_000_000, 8_000_000, None, "differs", "list price changed")
            commit.book(d.IMPLIED_PRICES, account, day, [implied])
        commit.book(d.REQUEST_TOTALS, "gateway", day, totals(day))
        spread = [
            RequestQuantile("all", "(all)", "USD", 9, 1, 2, 3, int(day[-2:])),
            RequestQuantile("model", "gpt-6", "USD", 8, 1, 2, 3, 4),
        ]
        commit.book(d.REQUEST_QUANTILES, "gateway", day, spread)
        commit.book(d.MARGINS, "*", day, margins(day, times))
        ended = [
            RequestCost(m.customer, m.feature, m.currency, outcome, m.requests + n, m.logged_cost_nano + n)
            for m in margins(day, times)
            for n, outcome in enumerate(("productive", "failed"))
        ]
        commit.book(d.REQUEST_COSTS, "*", day, ended)


def founded(ledger: Ledger, sums: str) -> None:
    """The company's days, one of them restated, a true-up and the matched invoices of October.

    `sums`: `none` are kept, `some` (and those of a version that has ended since), or `all`.
    """
    with ledger.commit("the book") as commit:
        commit.book(d.PRICES, "*", "*", list(book()))
    for day in DAYS[:3]:
        book_day(ledger, day)
    if sums != "none":
        roll_up(ledger)
    book_day(ledger, DAYS[3])
    book_day(ledger, DAYS[1], times=3)
    with ledger.commit("October is invoiced") as commit:
        trued = [row._replace(charge_class="Correction") for row in lines("openai", "2026-10-31", "invoiced")]
        commit.book(d.TRUE_UPS, "openai", "2026-10", trued)
        match = InvoiceMatch("2026-10", "usage", "USD", 5, 7, 2, "differs")
        differs = Finding("2026-10", "openai", "invoice differs", "usage", "USD", 2, "by 2")
        commit.book(d.INVOICE_MATCHES, "openai", "2026-10", [match], findings=[differs])
    read_and_held(ledger)
    if sums == "all":
        roll_up(ledger)


def read_and_held(ledger: Ledger) -> None:
    """Two loads of openai's costs, of which the later failed; a bad row; a day that is held."""
    day = DAYS[2]
    load = ledger.journals.begin_load("openai", "cost_lines", DAYS[0], day, read_at="2026-11-03T06:00:00Z")
    with ledger.commit("read again") as commit:
        commit.book(d.COST_LINES, "openai", day, lines("openai", day))
        bad = [Quarantined("no amount", "costs.csv", "line 3")]
        commit.loaded(load, d.COST_LINES, "openai", day, 1, bad)
    keep_pages(ledger, load, [Page("GET /costs", "2026-11-03T06:00:00Z", 200, b"", "-", 0)])
    ledger.journals.end_load(load, "whole", calls=2)
    failed = ledger.journals.begin_load("openai", "cost_lines", day, day, read_at="2026-11-04T06:00:00Z")
    hold(ledger, Held(failed, "cost_lines", "openai", day, 1, "USD", 100, 10))
    ledger.journals.end_load(failed, "failed", calls=1, detail="500")
