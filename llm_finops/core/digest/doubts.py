"""How far to trust a message: notes on what its figures lack, and one small line at its end."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple

from llm_finops.core.digest.figures import (
    CURRENCIES_MAX,
    CurrencyFigures,
    Doubts,
    Figures,
    HeldDay,
    Owner,
    PriceDiffers,
    Unpriced,
)
from llm_finops.core.digest.words import (
    UNKNOWN,
    amount_text,
    count_text,
    cut,
    date_text,
    escape,
    percent_text,
    short_text,
    shown,
)
from llm_finops.core.money import nano_text
from llm_finops.core.records import key_bytes

NAMES_MAX = 3  # models or accounts a note names
KINDS_MAX = 3  # kinds of findings that are named

# The message says these by themselves: they are counted, and need no second word.
_TOLD = frozenset(
    {
        "unpriced",
        "unpriced, not estimated",
        "usage without cost",
        "rows quarantined",
        "no rate",
        "revenue not loaded",
        "low coverage",
        "price implied by bill",
    }
)
# How a source is made, the same every morning: named only where there is nothing else to name.
_USUAL = frozenset({"priced as standard", "no request id", "unknown field", "coarser grain", "names alike"})
_LOST_SHARE = 100
_NOT_IN_TOTAL = "No price is known, and the total is without it."
_BY_QUANTITY = "In the total as reported; without a price its split goes by quantity."
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


def notes(figures: Figures, currencies: Sequence[CurrencyFigures], top: int) -> str:
    """What weakens the figures, one line each; empty where nothing does."""
    found = []
    if figures.state == "partial":
        found += _missing(figures, top)
    if figures.late:
        found.append(f"*Late*: {_names(figures.late, top)}.")
    if figures.used is False and figures.requests:
        logged = count_text(figures.requests, "request")
        found.append(f"*No usage reported*, although {logged} {_was(figures.requests)} logged.")
    found += _uncosted(figures, min(top, NAMES_MAX))
    missing = [row for row in figures.unpriced if not row.in_total]
    weights = [row for row in figures.unpriced if row.in_total]
    for rows, means in ((missing, _NOT_IN_TOTAL), (weights, _BY_QUANTITY)):
        if names := _unpriced(rows, min(top, NAMES_MAX)):
            found.append(f"*Unpriced*: {names}. {means}")
    found += _new_prices(figures.new_prices, min(top, NAMES_MAX))
    found += [note for money in currencies for note in [*_lost(money), *_no_rate(money)]]
    found += [f"*No rate* {pair} for {figures.day}: not added up." for pair in sorted(figures.no_rate)]
    found += _held(figures.held, min(top, NAMES_MAX))
    return "\n".join(f"• {note}" for note in found)


def _missing(figures: Figures, top: int) -> list[str]:
    """What is not there, since when, and for which further days."""
    ordered = sorted(figures.missing, key=lambda source: key_bytes((source.name, source.since)))
    since = [f"nothing since {date_text(source.since)}" if source.since else "never read" for source in ordered]
    names = [f"`{shown(source.name)}` ({said})" for source, said in zip(ordered, since, strict=True)]
    found = [f"*Missing*: {', '.join(cut(names, top))}. The figures are without it."]
    if not names:
        found = ["*Not computed yet*: all reports are there, but no run came to its end with them; see the failed run."]
    if figures.lasts:
        days = ", ".join(cut([date_text(day) for day in sorted(figures.lasts)], NAMES_MAX))
        are = "is" if len(figures.lasts) == 1 else "are"
        found.append(f"*It lasts*: {days} {are} not complete either.")
    return found


def _held(rows: Sequence[HeldDay], top: int) -> list[str]:
    """What is not booked until somebody says so, the newest day first."""
    order = sorted(rows, key=lambda row: (row.day, key_bytes((row.account, row.unit)), row.load_id), reverse=True)
    texts = [
        f"`{shown(row.account)}` {date_text(row.day)}, load {row.load_id} says {_measure(row, row.said)} where "
        f"{_measure(row, row.booked)} is booked; if it is right, `llm-finops accept {row.load_id}`"
        for row in order
    ]
    return [f"*Held*: {'. '.join(cut(texts, top))}."] if texts else []


def _measure(row: HeldDay, amount: int) -> str:
    if _CURRENCY.fullmatch(row.unit):
        return escape(amount_text(amount, row.unit))
    return f"{amount:,} `{shown(row.unit)}`"


def trust(figures: Figures, currencies: Sequence[CurrencyFigures]) -> str:
    """Where the cost comes from, what of it has no owner, what the logs cover; then what was found."""
    pieces = [f"in {figures.main_currency}, rates of {_listed(figures.rates_of)}"] if figures.rates_of else []
    pieces += [piece for money in currencies if money.has_cost for piece in _bases(money)]
    if not figures.logged:
        pieces.append("no request log")
    elif figures.covered is None or figures.quantity is None:
        pieces.append(f"coverage by request logs {UNKNOWN}")
    elif figures.quantity > 0:
        pieces.append(f"{percent_text(figures.covered, figures.quantity)} of tokens found in request logs")
    if figures.quarantined:
        pieces.append(f"{count_text(figures.quarantined, 'row')} quarantined")
    if not figures.findings:
        return " · ".join([*pieces, "no findings"])
    return "\n".join(line for line in (" · ".join(pieces), _findings(figures.findings)) if line)


def _bases(money: CurrencyFigures) -> list[str]:
    amounts: dict[str, int | None] = {
        "reported": money.reported_nano,
        "estimated": money.estimated_nano,
        "invoiced": money.invoiced_nano,
        "unallocated": money.unallocated_nano or None,
        "excluded (tax, credit)": money.excluded_nano or None,
    }
    return [f"{escape(short_text(nano, money.currency))} {name}" for name, nano in amounts.items() if nano is not None]


def _findings(found: Sequence[Doubts]) -> str:
    """How many, and of which kinds the most."""
    total = count_text(sum(doubts.count for doubts in found), "finding")
    untold = [doubts for doubts in found if doubts.kind not in _TOLD]
    news = [doubts for doubts in untold if doubts.kind not in _USUAL] or untold
    named = sorted(news, key=lambda of: (-of.count, key_bytes((of.kind, sorted(of.largest)))))[:KINDS_MAX]
    if not named:
        return total
    return f"{total}: {', '.join([*map(_kind, named), *_others(found, named)])}"


def _kind(doubts: Doubts) -> str:
    """Never a sum: the difference of a whole day may stand beside those of its projects."""
    units = [at for at in doubts.largest if at[1] and (at[0] == "tokens" or _CURRENCY.fullmatch(at[0]))]
    most = min(units, key=lambda at: (at[0] == "tokens", -at[1], at[0]), default=None)
    upto = "up to " if doubts.count > 1 else ""
    return f"{shown(doubts.kind)} {doubts.count:,}" + (f" ({upto}{_amount(*most)})" if most else "")


def _amount(unit: str, amount: int) -> str:
    return escape(short_text(amount, unit)) if unit != "tokens" else f"{amount:,} tokens"


def _others(found: Iterable[Doubts], named: Sequence[Doubts]) -> list[str]:
    rest = sum(doubts.count for doubts in found) - sum(doubts.count for doubts in named)
    return [count_text(rest, "other")] if rest else []


def _uncosted(figures: Figures, top: int) -> list[str]:
    """Zero was reported; that it was may still be wrong."""
    names = _names(sorted({row.account for row in figures.uncosted}), top)
    return [
        f"*No cost reported*: usage worth {amount_text(nano, code)} at list has no cost ({names})."
        for code, nano in figures.uncosted_by_currency[:CURRENCIES_MAX]
    ]


def _unpriced(rows: Sequence[Unpriced], top: int) -> str:
    """Models with what was used of them, the most first."""
    used: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        used.setdefault(row.model, []).append((row.quantity, row.unit))
    order = sorted(used.items(), key=lambda at: (-max(at[1])[0], key_bytes((at[0],))))
    texts = [f"`{shown(model)}` ({', '.join(cut(_quantities(units), 2))})" for model, units in order[:top]]
    return ", ".join(cut([*texts, *(model for model, _ in order[top:])], top))


def _quantities(units: Iterable[tuple[int, str]]) -> list[str]:
    ordered = sorted(units, key=lambda at: (-at[0], key_bytes(at)))
    return [f"{quantity:,} `{shown(unit)}`" for quantity, unit in ordered]


def _new_prices(rows: Sequence[PriceDiffers], top: int) -> list[str]:
    """Told on the first day only; the check of `implied_prices` tells it every day."""
    order = sorted(rows, key=lambda row: (-abs(row.billed_nano - row.booked_nano), key_bytes(astuple(row))))
    texts = [
        f"`{shown(row.model)}` {shown(row.meter)} {nano_text(row.billed_nano)} {row.currency} a million, "
        f"{nano_text(row.booked_nano)} in the book ({shown(row.reason)})"
        for row in order
    ]
    return [f"*Price differs from bill* since this day: {', '.join(cut(texts, top))}."] if texts else []


def _lost(money: CurrencyFigures) -> list[str]:
    """Failed and retried requests, from a hundredth of what the logs found."""
    if money.lost_nano <= 0 or money.lost_nano * _LOST_SHARE < money.logged_cost_nano:
        return []
    lost, share = amount_text(money.lost_nano, money.currency), percent_text(money.lost_nano, money.logged_cost_nano)
    return [f"*Failed and retried requests* cost {lost}, {share} of what request logs found."]


def _no_rate(money: CurrencyFigures) -> list[str]:
    """Who is left out of the margin, and with how much."""
    pays = [customer for customer in money.apart if customer.cost_nano]
    costs = [customer for customer in money.apart if not customer.cost_nano]
    found = []
    if pays:
        cost = amount_text(sum(customer.cost_nano for customer in pays), money.currency)
        found.append(f"*No rate*: {_who(pays, 'pay')}; {cost} of cost is not in the margin.")
    if costs and money.has_cost:
        paid = amount_text(sum(customer.revenue_nano or 0 for customer in costs), money.currency)
        found.append(f"*No rate*: {_who(costs, 'cost')}; {paid} of revenue is not in the margin.")
    return found


def _who(customers: Sequence[Owner], verb: str) -> str:
    codes = sorted({code for customer in customers for code in customer.elsewhere})
    one = "s" if len(customers) == 1 else ""
    return f"{count_text(len(customers), 'customer')} {verb}{one} in {', '.join(cut(codes, NAMES_MAX))}"


def _names(names: Sequence[str], top: int) -> str:
    spans = [f"`{shown(name)}`" for name in sorted(names, key=lambda name: key_bytes((name,)))]
    return ", ".join(cut(spans, top)) or "not said which"


def _listed(days: Sequence[str]) -> str:
    return " and ".join(sorted(days))


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
