"""Prices as time lines: list, contract and what bills imply, a picture a meter, and the book's dates as a table."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from llm_finops.charts import Point, by_day
from llm_finops.charts.chart import units
from llm_finops.core.days import each_day
from llm_finops.core.derived import DIFFERS, UNPRICED
from llm_finops.core.meters import UNITS
from llm_finops.core.price.bands import meets
from llm_finops.core.records import ANY, NONE
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Picture, Table, Value
from llm_finops.dashboard.pages.price_words import readable
from llm_finops.dashboard.pages.priced import Priced, Used, used
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import exact_text
from llm_finops.ledger.queries import Implied, PriceSpan, price_spans

_OF_MODEL, _OF_CHANGES = 8, 4  # pictures, at most


class Thing(NamedTuple):
    """What has a price."""

    provider: str
    model: str
    service_tier: str
    context_band: str
    meter: str


class Line(NamedTuple):
    """A thing with the prices of the book and those that bills imply."""

    of: Thing
    spans: Sequence[PriceSpan]
    implied: Sequence[Implied]


def lines(priced: Priced) -> Iterator[Block]:
    """Of the model, with the book's dates below; or else of what changed its price in the period."""
    found = _of_model(priced) if priced.model else _changed(priced)
    most = _OF_MODEL if priced.model else _OF_CHANGES
    told = [line for line in found if _is_told(line) or not priced.model]
    for line in told[:most]:
        yield _picture(priced, line)
    if len(told) > most:
        where = "the tables have all" if priced.model else "a model's own page draws more of it"
        yield Note(f"{most} of {len(told)} prices are drawn, of what costs most; {where}.")
    if priced.model:
        yield _book(priced.view, sorted({span for line in found for span in line.spans}))


def _of_model(priced: Priced) -> list[Line]:
    """What of the model is used or billed in the period; what bills part from first, then what costs most."""
    pairs = {of[:2] for of in priced.listed} | {row.price[:2] for row in priced.bills}
    spans = price_spans(priced.view.reader, priced.view.asked, pairs)
    found = _lines([span for span in spans if used(span) in priced.listed], priced.bills)
    return sorted(found, key=lambda line: (_rank(line), -priced.listed.get(_key(line.of), 0), line.of))


def _changed(priced: Priced) -> list[Line]:
    """What changed in the period: the newest change first, and of one moment what costs most."""
    when = {used(row): row.at for row in priced.changes}
    pairs = {(provider, model) for provider, model, *_ in when}
    spans = price_spans(priced.view.reader, priced.view.asked, pairs)
    bills = [row for row in priced.bills if _billed(row) in when]
    found = _lines([span for span in spans if used(span) in when], bills)
    by_cost = sorted(found, key=lambda line: (-priced.listed.get(_key(line.of), 0), line.of))
    return sorted(by_cost, key=lambda line: when[_key(line.of)], reverse=True)


def _key(of: Thing) -> Used:
    return of.provider, of.model, of.service_tier, of.meter


def _billed(row: Implied) -> Used:
    return row.price.provider, row.price.model, row.price.service_tier, row.price.meter


def _lines(spans: Sequence[PriceSpan], bills: Sequence[Implied]) -> list[Line]:
    """A line a length of context that is billed, or else that the book tells apart."""
    found = []
    for key in sorted({used(span) for span in spans} | {_billed(row) for row in bills}):
        of_key, billed = [span for span in spans if used(span) == key], [row for row in bills if _billed(row) == key]
        told = {span.context_band for span in of_key} - {NONE}
        for band in {row.price.context_band for row in billed} or told or {NONE}:
            of = Thing(*key[:3], band, key[3])
            own = [row for row in billed if row.price.context_band == band]
            found.append(Line(of, [span for span in of_key if _holds(span, band)], own))
    return found


def _holds(span: PriceSpan, band: str) -> bool:
    """Of a charge for several lengths of context, only a price for all of them is the price."""
    return span.context_band == NONE if band == ANY else meets(span.context_band, band)


def _rank(line: Line) -> int:
    states = {row.price.state for row in line.implied}
    return 0 if DIFFERS in states else 1 if UNPRICED in states else 2


def _is_told(line: Line) -> bool:
    """Whether a picture says more than a row: it changed, or a bill tells of it; of a mix only where it is off."""
    return _rank(line) < 2 or (len(line.spans) > 1) or bool(line.spans and line.implied)


def _picture(priced: Priced, line: Line) -> Picture:
    of, view = line.of, priced.view
    named = [] if priced.model else [of.model]
    band = [] if of.context_band == NONE else [of.context_band]
    unit = UNITS.get(of.meter) or next((row.price.unit for row in line.implied), "units")
    says = f"Of {of.model} at {of.provider}: the price on each day; the figures are in the tables below."
    title = ", ".join([*named, of.meter, of.service_tier, *band])
    return Picture(
        by_day(title, says, list(_points(view, line)), unit=f"{view.currency} a million {unit}", mark="step")
    )


def _points(view: View, line: Line) -> Iterator[Point]:
    for kind in ("list", "contract"):
        for span in line.spans:
            if span.kind == kind:
                said = f"{kind} {exact_text(span.price_nano, view.currency)}"
                yield from (Point(day, kind, units(span.price_nano), said) for day in each_day(span.first, span.last))
    if not line.spans:  # a charge for several prices: the book's, in the mix that was used
        for row in line.implied:
            yield _point(view, row.day, "book, same mix", row.price.expected_price_nano)
    accounts = {row.account for row in line.implied}
    for row in line.implied:
        name = "by the bill" if len(accounts) == 1 else f"by the bill, {row.account}"
        yield _point(view, row.day, name, row.price.implied_price_nano)


def _point(view: View, day: str, name: str, nano: int | None) -> Point:
    return Point(day, name, units(nano), f"{name} {readable(view, nano)}")


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
