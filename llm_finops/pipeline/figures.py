"""Gather what the day's message says from the ledger, all as of one commit."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from llm_finops.core.digest import CurrencyFigures, EarlierDay, Figures, Owner, Part
from llm_finops.core.records import ALL, COGS, EXCLUDED, OPEX, UNALLOCATED, Margin
from llm_finops.ledger import datasets as d
from llm_finops.ledger import findings_by_kind, sums
from llm_finops.pipeline.work import Work

_Nano = dict[str, int]


def figures_of(work: Work, day: str, earlier: Iterable[str] = ()) -> Figures:
    """The figures of a complete day; `earlier` are days whose own message could not be sent."""
    ledger = work.ledger
    seq = ledger.seq()
    one = (day, day)
    currencies = sorted({row[0] for row in sums(ledger, "allocations", ("currency",), ("rows",), one, seq)})
    covered = sums(ledger, "coverage", ("unit",), ("covered", "quantity"), one, seq).get(("tokens",))
    unpriced = sums(ledger, "priced_usage", ("unit",), ("quantity", "rows"), one, seq, {"list_cost_nano": None})
    kinds = findings_by_kind(ledger, one, seq)
    return Figures(
        day=day,
        currencies=tuple(_currency(work, day, currency, seq) for currency in currencies),
        covered=covered[0] if covered else None,
        quantity=covered[1] if covered else None,
        unpriced_rows=sum(rows for _, rows in unpriced.values()),
        unpriced=tuple(sorted((unit, quantity) for (unit,), (quantity, _) in unpriced.items())),
        findings=sum(kinds.values()),
        earlier=tuple(_earlier(work, past, seq) for past in sorted(earlier)),
    )


def _earlier(work: Work, day: str, seq: int) -> EarlierDay:
    by_currency = sums(work.ledger, "allocations", ("currency",), ("cost_nano",), (day, day), seq)
    return EarlierDay(day, tuple(sorted((currency, nano) for (currency,), (nano,) in by_currency.items())))


def _currency(work: Work, day: str, currency: str, seq: int) -> CurrencyFigures:
    def split(by: str) -> _Nano:
        found = sums(work.ledger, "allocations", (by,), ("cost_nano",), (day, day), seq, {"currency": currency})
        return {key[0]: nano for key, (nano,) in found.items()}

    classes, bases = split("cost_class"), split("basis")
    margins = [m for m in _margins(work, day, seq) if m.currency == currency]
    history = _history(work, day, currency, seq)
    at = date.fromisoformat(day)
    month = [str(at.replace(day=1) + timedelta(days=i)) for i in range(at.day)]
    known = [history[past] for past in month if past in history]
    return CurrencyFigures(
        currency=currency,
        cost_nano=sum(classes.values()),
        cogs_nano=classes.get(COGS, 0),
        opex_nano=classes.get(OPEX, 0),
        excluded_nano=classes.get(EXCLUDED, 0),
        revenue_nano=_known_sum(m.revenue_nano for m in margins),
        day_before_nano=history.get(str(at - timedelta(days=1))),
        week_before_nano=history.get(str(at - timedelta(days=7))),
        month_to_date_nano=sum(known),
        month_days_unknown=len(month) - len(known),
        logged_cost_nano=sum(m.logged_cost_nano for m in margins),
        requests=sum(m.requests for m in margins),
        p95_nano=_p95(work, day, currency, seq),
        reported_nano=bases.get("reported", 0),
        estimated_nano=bases.get("estimated", 0),
        invoiced_nano=bases.get("invoiced", 0),
        unallocated_nano=split("customer").get(UNALLOCATED, 0),
        providers=_parts(split("provider")),
        models=_parts(split("model")),
        customers=_owners(margins, "customer"),
        features=_features(margins),
    )


def _margins(work: Work, day: str, seq: int) -> list[Margin]:
    return work.ledger.read(d.MARGINS, "*", day, seq)


def _history(work: Work, day: str, currency: str, seq: int) -> _Nano:
    """{day: cost} of the month so far and of the week before; a day that was never booked is absent, not 0."""
    at = date.fromisoformat(day)
    first = str(min(at - timedelta(days=7), at.replace(day=1)))
    booked = {key.period for key in work.ledger.heads(d.ALLOCATIONS, seq=seq) if first <= key.period <= day}
    costs = sums(work.ledger, "allocations", ("day",), ("cost_nano",), (first, day), seq, {"currency": currency})
    return {past: costs.get((past,), (0,))[0] for past in booked}


def _known_sum(values: Iterable[int | None]) -> int | None:
    """The sum, unknown as soon as a part of it is; unknown too where there is nothing."""
    known = list(values)
    return sum(value for value in known if value is not None) if known and None not in known else None


def _parts(by_name: _Nano) -> tuple[Part, ...]:
    return tuple(Part(name, nano) for name, nano in sorted(by_name.items()))


def _owners(margins: list[Margin], by: str) -> tuple[Owner, ...]:
    costs: _Nano = defaultdict(int)
    revenue: dict[str, list[int | None]] = defaultdict(list)
    for margin in margins:
        name = getattr(margin, by)
        costs[name] += margin.cost_nano
        revenue[name].append(margin.revenue_nano)
    return tuple(Owner(name, costs[name], _known_sum(revenue[name])) for name in sorted(costs))


def _features(margins: list[Margin]) -> tuple[Owner, ...]:
    """Features with their cost; their revenue is not known where some of it names no feature."""
    if any(m.feature == ALL and m.revenue_nano for m in margins):
        margins = [m._replace(revenue_nano=None) for m in margins if m.feature != ALL or m.cost_nano]
    return _owners(margins, "feature")


def _p95(work: Work, day: str, currency: str, seq: int) -> int | None:
    """Of all requests, where one log holds them all: quantiles of several logs cannot be combined."""
    found = [
        row.p95_nano
        for rows in work.ledger.read_days(d.REQUEST_QUANTILES, day, day, seq=seq).values()
        for row in rows
        if (row.grouping, row.currency) == ("all", currency)
    ]
    return found[0] if len(found) == 1 else None
