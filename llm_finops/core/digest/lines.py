"""The sentences of a message: what the day cost and what it earned."""

from collections.abc import Sequence

from llm_finops.core.digest.figures import CURRENCIES_MAX, CurrencyFigures, Figures
from llm_finops.core.digest.words import (
    NOT_APPLICABLE,
    UNKNOWN,
    amount_text,
    change_text,
    count_text,
    cut,
    date_text,
    day_text,
    percent_text,
    price_text,
    weekday_text,
)
from llm_finops.core.money import round_half_even
from llm_finops.core.records import key_bytes

EARLIER_MAX = 7


def unused(figures: Figures) -> bool:
    """Whether the day is complete and truly empty: that nothing was used, logged, charged or paid is known."""
    used = figures.used is not False or figures.quantity or figures.requests or figures.unpriced
    empty = all(money.cost_nano == 0 and not money.requests and not money.revenue_nano for money in figures.currencies)
    return figures.state == "complete" and not used and empty and bool(figures.currencies)


def sentence(figures: Figures, currencies: Sequence[CurrencyFigures]) -> str:
    """The whole message in one sentence, without names: it is shown where nothing is formatted."""
    start = f"LLM costs on {day_text(figures.day)}"
    if unused(figures):
        return f"{start}: no usage, no cost and no requests."
    costs = " and ".join(cut([_cost_and_change(money) for money in currencies if money.has_cost], CURRENCIES_MAX))
    text = f"{start}: {costs or UNKNOWN}"
    if currencies:
        text += f", gross margin {_margin(currencies[0])}"
    for code, nano in figures.uncosted_by_currency[:CURRENCIES_MAX]:
        text += f"; usage worth {amount_text(nano, code)} at list has no cost"
    if below := sum(len(money.below_zero) for money in currencies):
        text += f"; {count_text(below, 'customer')} below zero"
    if figures.state == "partial":
        lacking = f"{count_text(len(figures.missing), 'source')} missing" if figures.missing else "not computed yet"
        return f"PARTIAL, {lacking}. {text}."
    return f"{text}."


def headline(figures: Figures, money: CurrencyFigures) -> str:
    """The day's cost, how it moved, and the month so far."""
    if money.cost_nano is None:
        return f"*{money.currency}: the cost of this day is {UNKNOWN}*, no source covers it yet."
    month = UNKNOWN
    if money.month_to_date_nano is not None:
        month = amount_text(money.month_to_date_nano, money.currency)
    if money.month_since:
        month += f", since {date_text(money.month_since)}"
    if money.month_days_unknown:
        month += f" ({count_text(money.month_days_unknown, 'day')} {UNKNOWN})"
    moved = _changes(figures.day, money, money.cost_nano)
    return f"*{amount_text(money.cost_nano, money.currency)}*\n{moved}\nMonth to date {month}"


def only_revenue(money: CurrencyFigures) -> str:
    """A currency in which customers pay and nothing costs."""
    return f"*{money.currency}*: revenue {_revenue(money)}, no cost in this currency."


def fields(figures: Figures, money: CurrencyFigures) -> dict[str, str]:
    """The figures beside the headline, by their label; those of requests where they are charged."""
    code = money.currency
    texts = {"Gross margin": _margin(money), "Revenue": _revenue(money)}
    if money.requests > 0:
        per_request = price_text(round_half_even(money.logged_cost_nano, money.requests), code)
        texts["Cost per request"] = UNKNOWN if money.cost_nano is None else per_request
        texts["Logged requests"] = f"{money.requests:,}"
    elif not figures.requests:
        texts["Cost per request"] = f"{NOT_APPLICABLE} (no logged requests)"
    if money.p95_nano is not None:
        texts["p95 of a request (list cost)"] = price_text(money.p95_nano, code)
    if money.cost_nano is not None and (money.opex_nano or money.excluded_nano):
        classes = (("cogs", money.cogs_nano), ("opex", money.opex_nano), ("excluded", money.excluded_nano))
        texts["Cost by class"] = ", ".join(f"{name} {amount_text(nano, code)}" for name, nano in classes if nano)
    return texts


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


def _changes(day: str, money: CurrencyFigures, now: int) -> str:
    """A gap yesterday is news; that there was no pipeline a week ago is not."""
    before, week = money.day_before_nano, money.week_before_nano
    if before is None and week is None:
        return "no earlier day to compare with"
    text = f"{change_text(now, before, money.currency)} on the day before"
    if week is not None:
        text += f" · {change_text(now, week, money.currency)} on {weekday_text(day)} last week"
    return text


def _cost_and_change(money: CurrencyFigures) -> str:
    if money.cost_nano is None:
        return f"{money.currency} cost {UNKNOWN}"
    cost = amount_text(money.cost_nano, money.currency)
    if money.day_before_nano is None and money.week_before_nano is None:
        return cost
    return f"{cost} ({change_text(money.cost_nano, money.day_before_nano, money.currency)} on the day before)"


def _revenue(money: CurrencyFigures) -> str:
    if money.revenue_nano is None:
        return "not loaded"
    if money.revenue_nano == 0 and money.apart:
        return f"none in {money.currency}"
    return amount_text(money.revenue_nano, money.currency)


def _margin(money: CurrencyFigures) -> str:
    """Of the customers whose revenue and cost are in this currency; how many it leaves out is said."""
    if money.revenue_nano is None:
        return f"{NOT_APPLICABLE} (revenue not loaded)"
    if money.cost_nano is None:
        return UNKNOWN
    if money.margin_nano is None:
        codes = sorted({code for customer in money.apart for code in customer.elsewhere})
        return f"{NOT_APPLICABLE} (no rate for {', '.join(cut(codes, CURRENCIES_MAX))})"
    percent = percent_text(money.margin_nano, money.margin_revenue_nano)
    without = f" without {count_text(len(money.apart), 'customer')}" if money.apart else ""
    return f"{amount_text(money.margin_nano, money.currency)} ({percent}){without}"


def _ordered(costs: Sequence[tuple[str, int | None]]) -> list[tuple[str, int | None]]:
    return sorted(costs, key=key_bytes)
