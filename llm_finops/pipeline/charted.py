"""The chart in the thread of a day's message: what is drawn, from the dashboard's own queries, and said beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from llm_finops.charts import Chart, Day, NotDrawn, month, png
from llm_finops.charts.chart import units
from llm_finops.config import Config
from llm_finops.core.days import each_day
from llm_finops.core.digest import in_order
from llm_finops.core.digest.words import UNKNOWN, amount_text, count_text, date_text, percent_text
from llm_finops.ledger import Digest, LedgerError, utc_now
from llm_finops.ledger.journals import EDIT, SENT, SUMMARY
from llm_finops.ledger.queries import (
    Asked,
    Margins,
    Reader,
    basis_days,
    booked_days,
    converted_days,
    currencies,
    margin_days,
    provisional_days,
    snapshot,
)
from llm_finops.ledger.queries.health import MISSING
from llm_finops.pipeline.converted_day import in_reporting_currency
from llm_finops.pipeline.figures import figures_of
from llm_finops.pipeline.ledger_day import LedgerDay
from llm_finops.pipeline.work import Work
from llm_finops.slack import Drawn, NotSent, Picture, Posted, Shown

DAYS = 30
LATEST = timedelta(days=1)  # after the message was whole; later nobody looks for it
# What may go wrong in the database or the renderer: another time it may go well, and no message waits for it.
_BUILT_IN = (OSError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError, MemoryError, RuntimeError)
_UNFORESEEN = (SQLAlchemyError, ImportError, *_BUILT_IN)
_SHORT = 3  # letters of a month under the bars


def charted(work: Work, rows: Sequence[Digest], at: Posted) -> Shown | None:
    """The chart of the day that these rows are of, in the thread of its message; None where it comes too late."""
    sent = [row for row in rows if row.kind in {SUMMARY, EDIT} and row.state == SENT and row.done_at]
    whole = [row.done_at for row in sent if not row.partial]
    if not work.config.slack.chart or not whole or _is_over(min(whole)):
        return None
    day = rows[0].day
    title = f"Cost and gross margin up to {date_text(day)} {day[:4]} (UTC)"
    return Shown(Picture(f"llm-finops-{day}.png", title, partial(_drawn, work, day)), at)


def _is_over(since: str) -> bool:
    return datetime.fromisoformat(utc_now()).astimezone(UTC) - datetime.fromisoformat(since) > LATEST


def _drawn(work: Work, day: str) -> Drawn:
    try:
        of = figures_drawn(work, day)
        return Drawn(png(_chart(of)), _words(of))
    except (LedgerError, NotDrawn, *_UNFORESEEN) as error:
        said = " ".join(f"{error}".splitlines()[:1]) or type(error).__name__
        trouble = NotSent(f"the chart of {day} cannot be drawn: {said}", permanent=not isinstance(error, _UNFORESEEN))
    raise trouble


@dataclass(frozen=True)
class Figures:
    """What is drawn: the days from the first that is booked to the newest, in one currency."""

    days: tuple[str, ...]
    by_day: Mapping[str, Margins]  # the days whose cost is known
    currency: str
    converted: bool  # into it, at each day's rate
    others: int  # currencies beside it
    not_final: frozenset[str]  # days that a source lacks, or was read of before they were settled
    at_utc: str

    @property
    def unknown(self) -> list[str]:
        """Days of which not everything that is drawn is known."""
        return [day for day in self.days if day not in self.by_day or self.by_day[day].margin_nano is None]

    @property
    def total(self) -> Margins:
        """What the days whose cost is known add up to; its margin is known where that of every day is."""
        known = [self.by_day[day][1:] for day in self.days if day in self.by_day]
        sums = Margins("", *map(sum, zip(*known, strict=True))) if known else Margins("", 0, 0, 0, 0, 0, 0, 0)
        return sums._replace(revenue_unknown=len(self.unknown))


def figures_drawn(work: Work, day: str) -> Figures:
    """The figures of the days up to this one, in the currency that the day's message puts first.

    The same as on the dashboard, or, where the message is in the reporting currency, as they were converted.
    """
    first = str(date.fromisoformat(day) - timedelta(days=DAYS - 1))
    with snapshot(work.ledger) as reader:
        told = figures_of(work, day, seq=reader.seq)
        code = next((money.currency for money in in_order(told)), told.main_currency)
        asked = Asked(first, day, code)
        converted = bool(in_reporting_currency(LedgerDay(work.ledger, day, reader.seq)).currency)
        rows = converted_days(reader, asked) if converted else {row.key: row for row in margin_days(reader, asked)}
        booked = booked_days(reader, first, day)
        empty = {at: _empty(at, of.revenue_known) for at, of in booked.items() if not (converted and of.rows)}
        others = {row.currency for row in currencies(reader, first, day)} - {code}
        days = tuple(each_day(min(booked, default=day), day))
        return Figures(
            days,
            {**empty, **rows},
            code,
            converted,
            0 if converted else len(others),
            _not_final(work.config, reader, asked) & set(days),
            reader.at_utc or "",
        )


def _empty(day: str, revenue_known: bool) -> Margins:
    """A day on which nothing was used or paid, in this currency: that is known, and 0, if revenue was loaded."""
    return Margins(day, 0, 0, 0 if revenue_known else 1, 0, 0, 0, 0)


def _not_final(config: Config, reader: Reader, asked: Asked) -> frozenset[str]:
    settle = {account: provider.settle_hours for account, provider in config.providers.items()}
    provisional = provisional_days(reader, asked.first, asked.last, settle)
    rows = basis_days(reader, asked)
    return frozenset(provisional) | {row.day for row in rows if row.account in settle and row.basis == MISSING}


def _chart(of: Figures) -> Chart:
    days = [_day(of, day) for day in of.days]
    pale = "pale: not final" if of.not_final else ""
    gaps = "?: not known" if of.unknown else ""
    notes = " · ".join(note for note in (pale, gaps) if note)
    newest = _sums(of, of.by_day.get(of.days[-1]))
    title = f"Cost and gross margin, {count_text(len(of.days), 'day')}"
    text = f"{_short(of.days[-1])}: {newest}"
    return month(title, _words(of), days, newest=text, notes=[notes] if notes else [], unit=of.currency)


def _day(of: Figures, day: str) -> Day:
    found = of.by_day.get(day)
    cost, margin = (found.cost_nano, found.margin_nano) if found else (None, None)
    return Day(_short(day), units(cost), units(margin), day not in of.not_final)


def _short(day: str) -> str:
    number, name = date_text(day).split()
    return f"{number} {name[:_SHORT]}"


def _sums(of: Figures, row: Margins | None) -> str:
    """Cost and margin of a day, or of all."""
    if row is None:
        return UNKNOWN
    cost = f"cost {amount_text(row.cost_nano, of.currency)}"
    if row.margin_nano is None:
        return f"{cost} · margin {UNKNOWN}"
    percent = percent_text(row.margin_nano, row.revenue_nano)
    return f"{cost} · margin {amount_text(row.margin_nano, of.currency)} ({percent})"


def _words(of: Figures) -> str:
    """What the picture shows, for whoever does not see it."""
    newest = of.days[-1]
    said = [f"{date_text(newest)}: {_sums(of, of.by_day.get(newest))}."]
    if len(of.days) > 1:
        known = sum(day in of.by_day for day in of.days)
        part = "" if known == len(of.days) else f"{known} of "
        said.append(f"{part}{len(of.days)} days: {_sums(of, of.total if known else None)}.")
    if of.unknown:
        said.append(f"Not known in full: {_some(of.unknown)}.")
    if of.not_final:
        said.append(f"Not final: {_some(sorted(of.not_final))}.")
    if of.converted:
        said.append(f"In {of.currency}, at each day's rate.")
    if of.others:
        said.append(f"In {of.currency} alone; the dashboard has {of.others} more.")
    return " ".join([*said, f"Cost is cogs, as booked at {of.at_utc[:16].replace('T', ' ')} UTC."])


def _some(days: Sequence[str], most: int = 3) -> str:
    """The newest of some days, the newest first."""
    shown = [date_text(day) for day in list(days)[::-1][:most]]
    return ", ".join([*shown, *([f"{len(days) - most} more"] if len(days) > most else [])])
