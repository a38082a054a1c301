"""What Dagster shows of a day of what was ingested: totals and a small table, each from one or two sums."""

from collections import defaultdict
from collections.abc import Callable, Mapping

from llm_finops.core.currencies import FxRate
from llm_finops.core.digest.words import amount_text
from llm_finops.ledger import datasets as d
from llm_finops.ledger import findings_by_kind, sums
from llm_finops.pipeline.display import Cell, Shown, added, by_cost, money, tables
from llm_finops.pipeline.rates import months_of
from llm_finops.pipeline.sources import REVENUE_NOT_LOADED
from llm_finops.pipeline.work import Work

Show = Callable[[Work, list[str]], dict[str, Shown]]
Found = dict[tuple[str, ...], tuple[int, ...]]

_MILLION = 10**6


def days_of(found: Mapping[tuple[str, ...], tuple[int, ...]]) -> dict[str, Found]:
    """Sums by day; the day is the first of their key."""
    by_day: defaultdict[str, Found] = defaultdict(dict)
    for (day, *at), numbers in found.items():
        by_day[day][tuple(at)] = numbers
    return dict(by_day)


def ends_of(periods: list[str]) -> tuple[str, str]:
    """The first and the last of sorted periods."""
    return periods[0], periods[-1]


def usage(account: str) -> Show:
    """Tokens, and what was used of each model."""

    def show(work: Work, days: list[str]) -> dict[str, Shown]:
        by = ("day", "model", "unit")
        found = days_of(sums(work.ledger, "usage", by, ("quantity",), ends_of(days), where={"account": account}))
        return {day: _used({at: number for at, (number,) in found.get(day, {}).items()}) for day in days}

    return show


def _used(found: Mapping[tuple[str, ...], int]) -> Shown:
    tokens = added(found, 1).get("tokens", 0)
    order = sorted(found, key=lambda at: (-found[at], at))[:10]
    rows = [{"model": model, "unit": unit, "quantity": f"{found[model, unit]:,}"} for model, unit in order]
    millions = tokens / _MILLION  # a point of a plot; Dagster's whole numbers end at 32 bits
    return {"tokens": f"{tokens:,}", "tokens_in_millions": millions, **tables(used_by_model=rows)}


def priced(account: str) -> Show:
    """What the usage is worth by the price book; what has no price is said, and is not 0."""

    def show(work: Work, days: list[str]) -> dict[str, Shown]:
        return _list_costs(work, "priced_usage", days, account=account)

    return show


def _list_costs(work: Work, table: str, days: list[str], **where: str) -> dict[str, Shown]:
    by, ends = ("day", "model", "currency"), ends_of(days)
    found = days_of(sums(work.ledger, table, by, ("list_cost_nano", "rows"), ends, where=where))
    missing = days_of(sums(work.ledger, table, by, ("rows",), ends, where={**where, "list_cost_nano": None}))
    return {day: _list_cost(found.get(day, {}), missing.get(day, {})) for day in days}


def _list_cost(found: Found, missing: Found) -> Shown:
    """By (model, currency); a model whose rows all lack a price has none, which is not 0."""
    bare = {at for at, (_, rows) in found.items() if missing.get(at, (0,))[0] == rows}
    costs = {(model, code): nano for (model, code), (nano, _) in found.items() if (model, code) not in bare}
    rows: list[dict[str, Cell]] = by_cost("model", costs)
    rows += [{"model": name, "cost": "no price", "share": ""} for name in sorted({model for model, _ in bare})]
    return {**money("list_cost", added(costs, 1), "no price"), **tables(list_cost_by_model=rows)}


def cost_lines(account: str) -> Show:
    """What an account's report or file says was charged, by model or, without one, by its own words."""

    def show(work: Work, days: list[str]) -> dict[str, Shown]:
        where = {"account": account, "basis": "reported"}
        by = ("day", "model", "charge_category", "currency")
        found = days_of(sums(work.ledger, "cost_lines", by, ("amount_nano",), ends_of(days), where=where))
        return {day: _charged(found.get(day, {})) for day in days}

    return show


def _charged(found: Found) -> Shown:
    costs: defaultdict[tuple[str, str], int] = defaultdict(int)
    for (model, category, code), (nano,) in found.items():
        name = category if model.startswith("(") else model  # (none), (any): a seat, a tax, a credit
        costs[name, code] += nano
    return {**money("cost", added(costs, 1), "no charge reported"), **tables(cost_by_model=by_cost("model", costs))}


def requests(work: Work, days: list[str]) -> dict[str, Shown]:
    """How many requests the logs hold, and what they are worth by the price book."""
    found = sums(work.ledger, "request_totals", ("day",), ("requests",), ends_of(days))
    costs = _list_costs(work, "request_totals", days)
    return {day: {"requests": found.get((day,), (0,))[0], **costs[day]} for day in days}


def revenue(work: Work, days: list[str]) -> dict[str, Shown]:
    """What is paid for the day; a day that no file covers is not loaded, not 0."""
    found = days_of(sums(work.ledger, "revenue", ("day", "currency"), ("amount_nano", "rows"), ends_of(days)))
    missing = findings_by_kind(work.ledger, ends_of(days), dataset=d.REVENUE.name)
    shown = {}
    for day in days:
        paid = {code: nano for (code,), (nano, _) in found.get(day, {}).items()}
        is_missing = (day, REVENUE_NOT_LOADED) in missing
        shown[day] = money("revenue", paid, "not loaded" if is_missing else "none")
    return shown


def rates(work: Work, days: list[str]) -> dict[str, Shown]:
    """The newest rate of each pair on the day or before it."""
    shown = {}
    for day in days:
        known: list[FxRate] = [row for month in months_of(day) for row in work.ledger.read(d.FX_RATES, "*", month)]
        newest = {(row.base, row.quote): row for row in sorted(known) if row.date <= day}
        rows = [{"pair": f"{b} to {q}", "rate": row.rate, "of": row.date} for (b, q), row in sorted(newest.items())]
        shown[day] = tables(rates_of_the_day=rows[:50])
    return shown


def invoices(work: Work, months: list[str]) -> dict[str, Shown]:
    """The invoices of each month, every account's."""
    found = work.ledger.read_days(d.INVOICES, *ends_of(months))
    rows: defaultdict[str, list[dict[str, str | int]]] = defaultdict(list)
    for (account, month), of in found.items():
        rows[month] += [
            {
                "account": account,
                "number": row.number,
                "usage": amount_text(row.usage_nano, row.currency),
                "tax": amount_text(row.tax_nano, row.currency),
                "total": amount_text(row.total_nano, row.currency),
            }
            for row in sorted(of)
        ]
    return {month: {"invoices": len(rows[month]), **tables(invoices_of_the_month=rows[month][:50])} for month in months}
