"""The sentences of a message: what the day cost, what it earned, and how far to trust it."""

from collections.abc import Sequence

from llm_finops.core.digest.figures import CurrencyFigures, Figures
from llm_finops.core.digest.words import (
    NOT_APPLICABLE,
    UNKNOWN,
    amount_text,
    change_text,
    count_text,
    cut,
    day_text,
    percent_text,
    price_text,
    shown,
    weekday_text,
)
from llm_finops.core.money import round_half_even
from llm_finops.core.records import key_bytes

CURRENCIES_MAX = 4
EARLIER_MAX = 7


def unused(figures: Figures) -> bool:
    """Whether the day is complete and truly empty: nothing used, nothing paid."""
    used = figures.quantity or figures.unpriced_rows or figures.state != "complete"
    return not used and all(
        money.cost_nano == 0 and not money.requests and not money.revenue_nano for money in figures.currencies
    )


def sentence(figures: Figures, currencies: Sequence[CurrencyFigures]) -> str:
    """The whole message in one sentence, without names: it is shown where nothing is formatted."""
    start = f"LLM costs on {day_text(figures.day)}"
    if unused(figures):
        return f"{start}: no usage, no cost and no requests."
    costs = " and ".join(cut([_cost_and_change(money) for money in currencies], CURRENCIES_MAX))
    text = f"{start}: {costs or UNKNOWN}"
    if currencies:
        text += f", gross margin {_margin(currencies[0])}"
    if below := sum(len(money.below_zero) for money in currencies):
        text += f"; {count_text(below, 'customer')} below zero"
    if figures.state == "partial":
        return f"PARTIAL, {count_text(len(figures.missing), 'source')} missing. {text}."
    return f"{text}."


def headline(figures: Figures, money: CurrencyFigures) -> str:
    """The day's cost, how it moved, and the month so far."""
    if money.cost_nano is None:
        return f"*{money.currency}: the cost of this day is {UNKNOWN}*, no source covers it yet."
    day = change_text(money.cost_nano, money.day_before_nano)
    week = change_text(money.cost_nano, money.week_before_nano)
    month = UNKNOWN
    if money.month_to_date_nano is not None:
        month = amount_text(money.month_to_date_nano, money.currency)
    if money.month_days_unknown:
        month += f" ({count_text(money.month_days_unknown, 'day')} {UNKNOWN})"
    return (
        f"*{amount_text(money.cost_nano, money.currency)}*\n"
        f"{day} on the day before · {week} on {weekday_text(figures.day)} last week\nMonth to date {month}"
    )


def fields(money: CurrencyFigures) -> dict[str, str]:
    """The figures beside the headline, by their label."""
    code = money.currency
    revenue = "not loaded" if money.revenue_nano is None else amount_text(money.revenue_nano, code)
    texts = {"Gross margin": _margin(money), "Revenue": revenue}
    if money.requests > 0:
        texts["Cost per request"] = price_text(round_half_even(money.logged_cost_nano, money.requests), code)
        texts["Logged requests"] = f"{money.requests:,}"
    else:
        texts["Cost per request"] = f"{NOT_APPLICABLE} (no logged requests)"
    if money.p95_nano is not None:
        texts["p95 of a request (list cost)"] = price_text(money.p95_nano, code)
    if money.cost_nano is not None and (money.opex_nano or money.excluded_nano):
        classes = (("cogs", money.cogs_nano), ("opex", money.opex_nano), ("excluded", money.excluded_nano))
        texts["Cost by class"] = ", ".join(f"{name} {amount_text(nano, code)}" for name, nano in classes if nano)
    return texts


def notes(figures: Figures, top: int) -> str:
    """What weakens the figures, one line each; empty where nothing does."""
    found = []
    if figures.state == "partial":
        found.append(f"*Missing*: {_names(figures.missing, top)}. The figures are without it.")
    if figures.late:
        found.append(f"*Late*: {_names(figures.late, top)}.")
    if figures.unpriced_rows:
        units = cut([f"{quantity:,} `{shown(unit)}`" for unit, quantity in sorted(figures.unpriced)], 3)
        quantities = f" ({', '.join(units)})" if units else ""
        rows = count_text(figures.unpriced_rows, "usage row")
        found.append(f"*Unpriced*: {rows}{quantities} without a known price.")
    return "\n".join(f"• {note}" for note in found)


def earlier(figures: Figures) -> str:
    """A line for each day whose message an outage held back; empty where there is none."""
    days = sorted(figures.earlier, key=lambda day: (day.day, key_bytes(day.costs)))
    if not days:
        return ""
    lines = []
    for day in days[-EARLIER_MAX:]:
        costs = [f"{code} {UNKNOWN}" if nano is None else amount_text(nano, code) for code, nano in _ordered(day.costs)]
        lines.append(f"{day.day}  {', '.join(cut(costs, CURRENCIES_MAX)) or UNKNOWN}")
    before = len(days) - len(lines)
    more = f"\nand {count_text(before, 'day')} before" if before else ""
    return "*Earlier days, not sent at their time*\n```\n" + "\n".join(lines) + "\n```" + more


def trust(figures: Figures, currencies: Sequence[CurrencyFigures]) -> str:
    """How far the figures can be trusted, in one small line."""
    pieces = []
    for money in currencies[:CURRENCIES_MAX]:
        amounts = {
            "reported": money.reported_nano,
            "estimated": money.estimated_nano,
            "invoiced": money.invoiced_nano,
            "unallocated": money.unallocated_nano,
        }
        pieces += [f"{amount_text(nano, money.currency)} {name}" for name, nano in amounts.items() if nano]
    if figures.covered is None or figures.quantity is None:
        pieces.append(f"coverage by request logs {UNKNOWN}")
    elif figures.quantity > 0:
        pieces.append(f"{percent_text(figures.covered, figures.quantity)} of tokens found in request logs")
    return " · ".join([*pieces, count_text(figures.findings, "finding"), "UTC day"])


def _cost_and_change(money: CurrencyFigures) -> str:
    if money.cost_nano is None:
        return f"{money.currency} cost {UNKNOWN}"
    change = change_text(money.cost_nano, money.day_before_nano)
    return f"{amount_text(money.cost_nano, money.currency)} ({change} on the day before)"


def _margin(money: CurrencyFigures) -> str:
    if money.revenue_nano is None:
        return f"{NOT_APPLICABLE} (revenue not loaded)"
    if money.margin_nano is None:
        return UNKNOWN
    return f"{amount_text(money.margin_nano, money.currency)} ({percent_text(money.margin_nano, money.revenue_nano)})"


def _names(names: Sequence[str], top: int) -> str:
    spans = [f"`{shown(name)}`" for name in sorted(names, key=lambda name: key_bytes((name,)))]
    return ", ".join(cut(spans, top)) or "not said which"


def _ordered(costs: Sequence[tuple[str, int | None]]) -> list[tuple[str, int | None]]:
    return sorted(costs, key=key_bytes)
