"""Prices as time lines: list, contract and what bills imply, a picture a meter, and the book's dates as a table."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from llm_finops.charts import Point, by_day
from llm_finops.charts.chart import units
from llm_finops.core.derived import DIFFERS, UNPRICED
from llm_finops.core.meters import UNITS
from llm_finops.core.records import NONE, STANDARD
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Picture, Table, Value
from llm_finops.dashboard.pages.price_words import readable
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import exact_text
from llm_finops.ledger.queries import Implied, PriceChange, PriceSpan, implied, meters, price_changes, price_spans

_OF_MODEL, _OF_CHANGES = 8, 4  # pictures, at most


class Thing(NamedTuple):
    """What has a price."""

    provider: str
    model: str
    service_tier: str
    context_band: str
    meter: str


Used = tuple[str, str, str, str]  # provider, model, tier, meter


class Line(NamedTuple):
    """A thing with the prices of the book and those that bills imply."""

    of: Thing
    spans: Sequence[PriceSpan]
    implied: Sequence[Implied]


def lines(view: View, model: str) -> Iterator[Block]:
    """Of the model, or else of what changed its price in the period; the book's dates below."""
    found = _of_model(view, model) if model else _changed(view)
    most = _OF_MODEL if model else _OF_CHANGES
    for line in found[:most]:
        yield _picture(view, line)
    if len(found) > most:
        more = "the table below has all" if model else "a model's own page has all of its meters"
        yield Note(f"{most} of {len(found)} prices are drawn; {more}.")
    if found:
        yield _book(view, [span for line in found for span in line.spans])


def _of_model(view: View, model: str) -> list[Line]:
    """What of the model is used or billed in the period; what bills part from first."""
    used = in_use(view)
    bills = [row for row in implied(view.reader, view.asked) if row.price.model == model]
    pairs = {of[:2] for of in used if of[1] == model} | {(row.price.provider, model) for row in bills}
    spans = [span for span in price_spans(view.reader, view.asked, pairs) if _used(span) in used]
    return sorted(_lines(spans, bills), key=lambda line: (_rank(line), line.of))


def _changed(view: View) -> list[Line]:
    """What changed in the period, the newest change first."""
    when = {Thing(*row[1:6]): row.at for row in changes(view)}
    pairs = {(of.provider, of.model) for of in when}
    spans = [span for span in price_spans(view.reader, view.asked, pairs) if Thing(*span[:5]) in when]
    bills = [row for row in implied(view.reader, view.asked) if _thing(row) in when]
    by_name = sorted(_lines(spans, bills), key=lambda line: line.of)
    return sorted(by_name, key=lambda line: when[line.of], reverse=True)


def in_use(view: View) -> set[Used]:
    """What usage is priced by in the period; a tier that is not told is the standard one."""
    return {
        (row.provider, row.model, STANDARD if row.service_tier == NONE else row.service_tier, row.meter)
        for row in meters(view.reader, view.asked)
    }


def changes(view: View) -> list[PriceChange]:
    """The changes of the period, in its currency, of what is in use; the oldest first."""
    used = in_use(view)
    found = price_changes(view.reader, view.asked.first, view.asked.last)
    return [row for row in found if row.currency == view.currency and _used(row) in used]


def _used(of: PriceSpan | PriceChange) -> Used:
    return of.provider, of.model, of.service_tier, of.meter


def _thing(row: Implied) -> Thing:
    return Thing(*row.price[:5])


def _lines(spans: Sequence[PriceSpan], bills: Sequence[Implied]) -> list[Line]:
    things = {Thing(*span[:5]) for span in spans} | {_thing(row) for row in bills}
    return [
        Line(of, [span for span in spans if span[:5] == of], [row for row in bills if _thing(row) == of])
        for of in things
    ]


def _rank(line: Line) -> int:
    states = {row.price.state for row in line.implied}
    return 0 if DIFFERS in states else 1 if UNPRICED in states else 2 if line.implied else 3


def _picture(view: View, line: Line) -> Picture:
    of = line.of
    band = [] if of.context_band == NONE else [of.context_band]
    unit = UNITS.get(of.meter) or next((row.price.unit for row in line.implied), "units")
    says = f"Of {of.model} at {of.provider}: the price on each day; the figures are in the tables below."
    title = " ".join([of.model, of.service_tier, *band, of.meter])
    return Picture(
        by_day(title, says, list(_points(view, line)), unit=f"{view.currency} a million {unit}", mark="step")
    )


def _points(view: View, line: Line) -> Iterator[Point]:
    for kind in ("list", "contract"):
        for span in line.spans:
            if span.kind == kind:
                said = f"{kind} {exact_text(span.price_nano, view.currency)}"
                yield from (Point(day, kind, units(span.price_nano), said) for day in _days(span))
    if not line.spans:  # a charge for several prices: the book's, in the mix that was used
        for row in line.implied:
            yield _point(view, row.day, "book, same mix", row.price.expected_price_nano)
    accounts = {row.account for row in line.implied}
    for row in line.implied:
        name = "by the bill" if len(accounts) == 1 else f"by the bill, {row.account}"
        yield _point(view, row.day, name, row.price.implied_price_nano)


def _point(view: View, day: str, name: str, nano: int | None) -> Point:
    return Point(day, name, units(nano), f"{name} {readable(view, nano)}")


def _days(span: PriceSpan) -> Iterator[str]:
    first, last = date.fromisoformat(span.first), date.fromisoformat(span.last)
    return (str(first + timedelta(days=n)) for n in range((last - first).days + 1))


def _book(view: View, spans: Sequence[PriceSpan]) -> Table:
    columns = [Column("model", "Model"), Column("service_tier", "Tier"), Column("meter", "Meter")]
    columns += [Column("context_band", "Context"), Column("kind", "Kind"), Column("first", "From", "day")]
    columns += [Column("last", "To", "day"), Column("price", "Price", "exact"), Column("source", "Source")]
    rows: list[list[Value]] = [
        [
            Cell(of.model, view.link(model=of.model)),
            *(of.service_tier, of.meter, of.context_band, of.kind, of.first, of.last, of.price_nano, of.source),
        ]
        for of in spans
    ]
    note = "Of a million of the meter's unit, on the days of the period at whose start it holds."
    return Table("book", "What the book says", columns, rows, note=note)
