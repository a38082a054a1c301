"""Restated: what has moved since a day was told, before and after, and why; of one day, or of many together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from llm_finops.core.digest.figures import CurrencyFigures, Figures
from llm_finops.core.digest.message import Message, made_of, section
from llm_finops.core.digest.tables import Row, Table, render
from llm_finops.core.digest.words import MINUS, UNKNOWN, count_text, cut, date_text, day_text, exact_text, shown
from llm_finops.core.records import key_bytes

MEASURES = ("cost", "gross margin", "unallocated")
SPANS_MAX = 20  # stretches of days that are named
CAUSES_MAX = 12

_SUBJECTS = {
    "cost_lines": "the cost report of `{}`",
    "usage": "the usage report of `{}`",
    "log_days": "the request log `{}`",
    "revenue": "the revenue of `{}`",
    "invoices": "the invoices of `{}`",
    "true_ups": "the true-ups of `{}`",
    "prices": "the price book",
    "fx_rates": "the rates of exchange",
    "settings": "rules, mappings or the list of sources",
    "names": "names of projects or keys of `{}`",
}
_PLURAL = {"invoices", "true_ups", "fx_rates", "settings", "names"}


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a change must reach to be answered: a share of what was told (millionths), and an amount (nano)."""

    millionths: int
    nano: int


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of a day that has moved; None is unknown. Nano-units of the currency."""

    measure: str
    currency: str
    before: int | None
    after: int | None

    def reaches(self, threshold: Threshold) -> bool:
        """Whether it is worth an answer; what was or becomes unknown counts with the whole of its amount."""
        if self.before is None or self.after is None:
            return abs(self.before or self.after or 0) >= threshold.nano
        moved = abs(self.after - self.before)
        return moved >= threshold.nano and moved * 1_000_000 >= threshold.millionths * abs(self.before)


@dataclass(frozen=True, slots=True)
class Cause:
    """Something given to us that is not what it was: a dataset, whose, and how (`arrived`, `changed`, `gone`)."""

    dataset: str
    scope: str
    how: str


def changes(before: Figures, after: Figures) -> tuple[Change, ...]:
    """The figures of a day that moved, by currency: its cost, its margin, what of it has no owner."""
    was, now = ({money.currency: money for money in figures.currencies} for figures in (before, after))
    found = []
    for currency in sorted(was.keys() | now.keys()):
        amounts = zip(MEASURES, _amounts(was.get(currency)), _amounts(now.get(currency)), strict=True)
        found += [Change(measure, currency, old, new) for measure, old, new in amounts if old != new]
    return tuple(found)


def restated(day: str, moved: Sequence[Change], causes: Iterable[Cause]) -> Message:
    """The answer in the thread of a day's message."""
    text = f"Restated: LLM costs on {day_text(day)}"
    return made_of(f"{text}. {_sentence(moved)}", [section(_table(f"{text} (UTC)", moved)), section(_why(causes))])


def restated_together(days: Mapping[str, Sequence[Change]], causes: Iterable[Cause]) -> Message:
    """One message about many days: which, the sums before and after, and why."""
    title = f"Restated: {count_text(len(days), 'day')} of LLM costs"
    sums = _sums([change for moved in days.values() for change in moved])
    blocks = [section(f"{_table(title, sums)}\n*Days* (UTC): {_spans(sorted(days))}")]
    if unknown := sorted(day for day, moved in days.items() if any(None in (c.before, c.after) for c in moved)):
        said = f"A figure of {count_text(len(unknown), 'day')} was or is {UNKNOWN} and not in these sums: "
        blocks.append(section(f"{said}{_spans(unknown)}."))
    return made_of(f"{title}, {_spans(sorted(days))}. {_sentence(sums)}", [*blocks, section(_why(causes))])


def _amounts(money: CurrencyFigures | None) -> tuple[int | None, ...]:
    if money is None:
        return (None, None, None)
    if not money.has_cost or money.cost_nano is None:
        return (None, money.margin_nano, None)
    return (money.cost_nano, money.margin_nano, money.unallocated_nano)


def _sums(moved: Iterable[Change]) -> list[Change]:
    """By measure and currency, over the changes that are known on both sides."""
    before: dict[tuple[str, str], int] = {}
    after: dict[tuple[str, str], int] = {}
    for change in moved:
        if change.before is not None and change.after is not None:
            key = (change.currency, change.measure)
            before[key] = before.get(key, 0) + change.before
            after[key] = after.get(key, 0) + change.after
    order = sorted(before, key=lambda key: (key[0], MEASURES.index(key[1])))
    return [Change(measure, code, before[code, measure], after[code, measure]) for code, measure in order]


def _table(title: str, moved: Sequence[Change]) -> str:
    codes = {change.currency for change in moved}
    rows = []
    for change in moved:
        cells = (_amount(change.before, change.currency), _amount(change.after, change.currency), _difference(change))
        rows.append(Row(0, cells, change.measure + (f", {change.currency}" if len(codes) > 1 else "")))
    return render(Table(title, ("before", "after", "change"), tuple(rows)), "USD", len(rows))


def _sentence(moved: Sequence[Change]) -> str:
    texts = [
        f"{change.measure} {_amount(change.before, change.currency)} → {_amount(change.after, change.currency)}"
        for change in moved
    ]
    return f"{'; '.join(cut(texts, len(MEASURES)))}." if texts else "The figures beside it have moved."


def _amount(nano: int | None, currency: str) -> str:
    return UNKNOWN if nano is None else exact_text(nano, currency)


def _difference(change: Change) -> str:
    if change.before is None or change.after is None:
        return ""
    text = exact_text(change.after - change.before, change.currency)
    return text if text.startswith(MINUS) else f"+{text}"


def _why(causes: Iterable[Cause]) -> str:
    named = sorted(set(causes), key=lambda c: (list(_SUBJECTS).index(c.dataset), key_bytes((c.scope, c.how))))
    texts = [f"{_SUBJECTS[cause.dataset].format(shown(cause.scope))} {_how(cause)}" for cause in named]
    return f"*Why*: {'; '.join(cut(texts, CAUSES_MAX)) or 'nothing that was given to us has changed'}."


def _how(cause: Cause) -> str:
    many = cause.dataset in _PLURAL
    if cause.how == "gone":
        return "were taken out" if many else "was taken out"
    if cause.how == "arrived":
        return "arrived"
    restates = cause.dataset in {"cost_lines", "usage"}
    return "was restated" if restates else "have changed" if many else "has changed"


def _spans(days: Sequence[str]) -> str:
    """Days as stretches: 1 November to 9 November, 12 November."""
    spans: list[tuple[str, str]] = []
    for day in days:
        if spans and date.fromisoformat(spans[-1][1]) + timedelta(days=1) == date.fromisoformat(day):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return ", ".join(cut([_span(*span) for span in spans], SPANS_MAX))


def _span(first: str, last: str) -> str:
    years = first[:4] != last[:4]
    texts = [f"{date_text(day)}{f' {day[:4]}' if years else ''}" for day in (first, last)]
    return texts[0] if first == last else " to ".join(texts)
