"""What Dagster shows of a day of what was reckoned: totals and a small table, each from one or two sums."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from llm_finops.core.derived import DIFFERS, FAILED, OUTCOMES, RETRIED
from llm_finops.core.digest.words import UNKNOWN, amount_text, count_text, percent_text, short_text
from llm_finops.core.records import ALL, EXCLUDED, Reconciliation
from llm_finops.ledger import datasets as d
from llm_finops.ledger import findings_by_kind, sums
from llm_finops.pipeline.display import ROWS_MAX, Cell, Shown, added, by_cost, money, tables
from llm_finops.pipeline.shown_sources import Found, days_of, ends_of
from llm_finops.pipeline.work import Work

METHODS = ("request_log", "rule", "spread", "unallocated")


def estimates(work: Work, days: list[str]) -> dict[str, Shown]:
    """What is estimated because no report covers it yet."""
    by = ("day", "model", "currency")
    found = days_of(sums(work.ledger, "cost_lines", by, ("amount_nano",), ends_of(days), where={"basis": "estimated"}))
    shown = {}
    for day in days:
        costs = {(model, code): nano for (model, code), (nano,) in found.get(day, {}).items()}
        said = money("estimated", added(costs, 1), "nothing: the reports cover the day")
        shown[day] = {**said, **tables(estimated_by_model=by_cost("model", costs))}
    return shown


def reconciliations(work: Work, days: list[str]) -> dict[str, Shown]:
    """Usage at list beside reported cost, account by account, and how many comparisons came to which state."""
    by = ("day", "level", "state")
    counted = days_of(sums(work.ledger, "reconciliations", by, ("rows",), ends_of(days)))
    compared: defaultdict[str, list[dict[str, Cell]]] = defaultdict(list)
    for (account, day), rows in work.ledger.read_days(d.RECONCILIATIONS, *ends_of(days)).items():
        compared[day] += [_compared(account, row) for row in sorted(rows, key=str) if _is_whole(row)]
    shown = {}
    for day in days:
        states: list[dict[str, Cell]] = [
            {"compared": level, "state": state.replace("_", " "), "rows": count}
            for (level, state), (count,) in sorted(counted.get(day, {}).items())
        ]
        differs = sum(count for (_, state), (count,) in counted.get(day, {}).items() if state == DIFFERS)
        shown[day] = {"differs": differs, **tables(usage_and_cost=compared[day], comparisons_by_state=states)}
    return shown


def _is_whole(row: Reconciliation) -> bool:
    return (row.level, row.project, row.model) == ("cost", ALL, ALL)


def _compared(account: str, row: Reconciliation) -> dict[str, Cell]:
    amounts = [_known(nano, row.unit) for nano in (row.left_amount, row.right_amount, row.difference)]
    return {
        "account": account,
        row.left_kind: amounts[0],
        row.right_kind: amounts[1],
        "difference": amounts[2],
        "state": row.state.replace("_", " "),
    }


def _known(nano: int | None, currency: str) -> str:
    return UNKNOWN if nano is None else short_text(nano, currency)


def matches(work: Work, months: list[str]) -> dict[str, Shown]:
    """A month's reports beside its invoices, by category."""
    rows: defaultdict[str, list[dict[str, Cell]]] = defaultdict(list)
    states: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (account, month), of in work.ledger.read_days(d.INVOICE_MATCHES, *ends_of(months)).items():
        for row in sorted(of, key=str):
            states[month][row.state] += 1
            amounts = [_known(nano, row.currency) for nano in (row.reported_nano, row.invoiced_nano)]
            cells = {"reported": amounts[0], "invoiced": amounts[1]}
            cells["difference"] = _known(row.difference_nano, row.currency)
            rows[month].append({"account": account, "category": row.charge_category, **cells, "state": row.state})
    return {
        month: {
            "differs": states[month][DIFFERS],
            **tables(
                reported_and_invoiced=rows[month][:50],
                matches_by_state=[{"state": name, "rows": count} for name, count in sorted(states[month].items())],
            ),
        }
        for month in months
    }


def prices(work: Work, days: list[str]) -> dict[str, Shown]:
    """How many prices the bill bears out, and those that it does not."""
    ends = ends_of(days)
    counted = days_of(sums(work.ledger, "implied_prices", ("day", "state"), ("rows",), ends))
    by = ("day", "model", "meter", "currency", "reason")
    of = ("billed_nano", "expected_nano")
    found = days_of(sums(work.ledger, "implied_prices", by, of, ends, where={"state": DIFFERS}))
    shown = {}
    for day in days:
        states: list[dict[str, Cell]] = [
            {"state": name.replace("_", " "), "prices": count}
            for (name,), (count,) in sorted(counted.get(day, {}).items())
        ]
        apart: list[dict[str, Cell]] = [
            {
                "model": model,
                "meter": meter,
                "billed": amount_text(billed, code),
                "by the book": amount_text(booked, code),
                "probably": reason,
            }
            for (model, meter, code, reason), (billed, booked) in sorted(found.get(day, {}).items())
        ]
        differs = counted.get(day, {}).get((DIFFERS,), (0,))[0]
        shown[day] = {"differs": differs, **tables(prices_that_differ=apart[:ROWS_MAX], prices_by_state=states)}
    return shown


def allocations(work: Work, days: list[str]) -> dict[str, Shown]:
    """The cost of the day and how it found its owners; what nobody owns is among them."""
    by = ("day", "method", "cost_class", "currency")
    found = days_of(sums(work.ledger, "allocations", by, ("cost_nano",), ends_of(days)))
    return {day: _allocated(found.get(day, {})) for day in days}


def _allocated(found: Found) -> Shown:
    costs: defaultdict[tuple[str, str], int] = defaultdict(int)
    for (method, cost_class, code), (nano,) in found.items():
        costs["excluded" if cost_class == EXCLUDED else method, code] += nano
    totals = added(costs, 1)
    rows = [
        {
            "found by": "excluded (tax, credit)" if method == "excluded" else method.replace("_", " "),
            "cost": amount_text(costs[method, code], code),
            "share": percent_text(costs[method, code], totals[code]),
        }
        for code in sorted(totals)
        for method in (*METHODS, "excluded")
        if (method, code) in costs
    ]
    unallocated = {code: costs.get((METHODS[-1], code), 0) for code in totals}
    return {**money("cost", totals), **money("unallocated", unallocated), **tables(cost_by_method=rows)}


def margins(table: str = "margins") -> Callable[[Work, list[str]], dict[str, Shown]]:
    """Revenue, cost and margin of the day, by feature; customers by name only where they are asked for."""

    def show(work: Work, days: list[str]) -> dict[str, Shown]:
        features = _features(work, table, days)
        named = _customers(work, table, days) if work.config.reporting.customer_names_in_dagster else {}
        found = figures(work, table, days)
        return {
            day: {**found[day], **tables(cost_by_feature=features.get(day, []), customers=named.get(day, []))}
            for day in days
        }

    return show


def figures(work: Work, table: str, days: list[str]) -> dict[str, Shown]:
    """Revenue, cost, margin and requests of each day, from a table of margins."""
    by, ends = ("day", "currency"), ends_of(days)
    whole = days_of(sums(work.ledger, table, by, ("revenue_nano", "cost_nano", "requests", "rows"), ends))
    unpaid = days_of(sums(work.ledger, table, by, ("cost_nano", "rows"), ends, where={"revenue_nano": None}))
    unrated = days_of(sums(work.ledger, table, by, ("rows",), ends, where={"cost_nano": None}))
    return {day: _figures(whole.get(day, {}), unpaid.get(day, {}), unrated.get(day, {})) for day in days}


def _figures(whole: Found, unpaid: Found, unrated: Found) -> Shown:
    """By currency; a sum of which a part is not known is no sum: not of costs, and of margins it is said."""
    costs = {code: cost for (code,), (_, cost, _, _) in whole.items() if (code,) not in unrated}
    paid, earned, unknown = {}, {}, 0
    for (code,), (revenue, cost, _, rows) in whole.items():
        without, missing = unpaid.get((code,), (0, 0))
        unknown += missing
        if missing < rows:
            paid[code] = revenue
            if code in costs:
                earned[code] = revenue - (cost - without)
    margin = money("margin", earned, UNKNOWN)
    if earned and unknown:
        margin["margin"] += f", without {count_text(unknown, 'row')} whose revenue is {UNKNOWN}"
    requests = sum(numbers[2] for numbers in whole.values())
    spent = money("cost", costs, f"{UNKNOWN}: a part of it has no rate" if unrated else "none")
    return {**money("revenue", paid, "not loaded"), **spent, **margin, "requests": requests}


def _features(work: Work, table: str, days: list[str]) -> dict[str, list[dict[str, Cell]]]:
    by = ("day", "feature", "currency")
    found = days_of(sums(work.ledger, table, by, ("cost_nano",), ends_of(days)))
    return {
        day: by_cost("feature", {(name, code): nano for (name, code), (nano,) in of.items() if nano})
        for day, of in found.items()
    }


def _customers(work: Work, table: str, days: list[str]) -> dict[str, list[dict[str, Cell]]]:
    """The costliest customers, by name."""
    by, of, ends = ("day", "customer", "currency"), ("cost_nano", "revenue_nano"), ends_of(days)
    found = days_of(sums(work.ledger, table, by, of, ends))
    unpaid = days_of(sums(work.ledger, table, by, ("rows",), ends, where={"revenue_nano": None}))
    rows = {}
    for day, customers in found.items():
        order = sorted(customers.items(), key=lambda of: (-of[1][0], of[0]))[:ROWS_MAX]
        rows[day] = [
            _customer(name, code, cost, revenue, known=(name, code) not in unpaid.get(day, {}))
            for (name, code), (cost, revenue) in order
        ]
    return rows


def _customer(name: str, code: str, cost: int, revenue: int, *, known: bool) -> dict[str, Cell]:
    return {
        "customer": name,
        "revenue": amount_text(revenue, code) if known else UNKNOWN,
        "cost": amount_text(cost, code),
        "margin": amount_text(revenue - cost, code) if known else UNKNOWN,
    }


def outcomes(work: Work, days: list[str]) -> dict[str, Shown]:
    """What requests cost by how they ended, and what of it failed or was retried."""
    by = ("day", "outcome", "currency")
    found = days_of(sums(work.ledger, "request_costs", by, ("requests", "cost_nano"), ends_of(days)))
    return {day: _outcomes(found.get(day, {})) for day in days}


def _outcomes(found: Found) -> Shown:
    costs = {(name, code): nano for (name, code), (_, nano) in found.items()}
    totals = added(costs, 1)
    rows: list[dict[str, Cell]] = [
        {
            "ended": name,
            "requests": found[name, code][0],
            "cost": amount_text(nano, code),
            "share": percent_text(nano, totals[code]),
        }
        for (name, code), nano in sorted(costs.items(), key=lambda of: (of[0][1], OUTCOMES.index(of[0][0])))
    ]
    lost = {code: sum(costs.get((name, code), 0) for name in (FAILED, RETRIED)) for code in totals}
    return {**money("failed_and_retried", lost), **tables(cost_by_outcome=rows)}


def summary(work: Work, days: list[str]) -> dict[str, Shown]:
    """The day in figures, in the reporting currency where there is one, and everything that is in doubt of it."""
    table = "converted_margins" if work.config.reporting.currency else "margins"
    found = figures(work, table, days)
    doubts = findings(work, days)
    return {day: {**found[day], **doubts[day]} for day in days}


def findings(work: Work, periods: list[str], dataset: str = "", scope: str = "") -> dict[str, Shown]:
    """How many findings a period has, and of which kinds: all, or those of a dataset."""
    counted = findings_by_kind(work.ledger, ends_of(periods), dataset=dataset, scope=scope)
    shown: dict[str, Shown] = {}
    for period in periods:
        kinds = {kind: count for (at, kind), count in counted.items() if at == period}
        order = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
        rows: list[dict[str, Any]] = [{"kind": kind, "findings": kinds[kind]} for kind in order]
        shown[period] = {"findings": sum(kinds.values()), **tables(findings_by_kind=rows)}
    return shown
