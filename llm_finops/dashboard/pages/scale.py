"""Margin as usage scales: by decile of usage, beside the line where cost and revenue are equal; who crosses it."""

from collections.abc import Iterator, Sequence

from llm_finops.charts import scatter
from llm_finops.charts.chart import NANO
from llm_finops.core.records import UNALLOCATED
from llm_finops.dashboard.blocks import Block, Note, Picture, Tile, Tiles, Tone
from llm_finops.dashboard.pages.crossing import CLOSE, Stands, stands
from llm_finops.dashboard.pages.parts import toned
from llm_finops.dashboard.pages.scale_crossing import crossing
from llm_finops.dashboard.pages.scale_deciles import picture, table
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import Scaled, scaled

_DRAWN = 300
_TILES: dict[Stands, tuple[str, str, Tone]] = {
    "below": ("Below zero", "they cost more than they pay", "bad"),
    "close": ("Close to zero", f"below zero with at most {100 * CLOSE} % more usage", "warn"),
    "further": ("Further away", "below zero with more usage than that", ""),
    "never": ("Pay as they use", "what they pay grows at least as fast as what they cost", ""),
    "unknown": ("Not known", "a part of the revenue is not known", ""),
}
_HOW = (
    "All of the cost is taken to grow with usage, and of the revenue what names a feature, as a price for each "
    "operation does. Revenue that names none is a flat fee, which stays. The ledger knows no plan of a customer, so "
    "there are no figures by plan: join the files of these tables with your own list of plans."
)


def show(view: View) -> Sequence[Block]:
    """Where customers stand, what each tenth of them costs and pays, and the customers nearest to the line."""
    return list(_blocks(view))


def _blocks(view: View) -> Iterator[Block]:
    every = scaled(view.reader, view.asked)
    if not every:
        yield Note("Nothing is booked in this period.")
        return
    customers = [row for row in every if row.customer != UNALLOCATED]
    yield _standing(view, customers)
    yield Note(_HOW)
    if any(row.decile for row in customers):
        yield picture(view, customers)
    else:
        yield Note(
            "No operation of a customer is logged: usage needs a request log ([requests.NAME] in finops.toml).", "warn"
        )
    if any(row.margin_nano is not None for row in customers):
        yield _scatter(view, customers)
    yield table(view, every)
    yield from crossing(view, every)


def _standing(view: View, customers: Sequence[Scaled]) -> Tiles:
    """How many customers stand where; each counts once, and each figure leads to them."""
    places = [stands(row) for row in customers]
    tiles = [
        Tile(label, f"{places.count(at):,}", note, _to(view, at), tone if places.count(at) else "")
        for at, (label, note, tone) in _TILES.items()
        if at != "unknown" or at in places
    ]
    return Tiles(tiles, f"Where {len(customers):,} customer{'s' if len(customers) != 1 else ''} stand")


def _to(view: View, at: Stands) -> str:
    return f"{view.link(stands=at)}#crossing"


def _scatter(view: View, customers: Sequence[Scaled]) -> Picture:
    known = [row for row in customers if row.margin_nano is not None]
    drawn = sorted(known, key=lambda row: (-row.cost_nano, row.customer))[:_DRAWN]
    points = [
        (row.cost_nano / NANO, row.revenue_nano / NANO, _side(row), _said(view, row))
        for row in sorted(drawn, key=lambda row: _side(row) != "above zero")
    ]
    named = f"{len(drawn):,} of {len(customers):,} customers"
    of = "" if len(drawn) == len(customers) else f": the {_DRAWN} dearest" if len(drawn) < len(known) else ""
    says = f"{named}{of}. Below the dashed line a customer costs more than it pays."
    cost, revenue = f"cost, {view.currency}", f"revenue, {view.currency}"
    return Picture(scatter("Cost against revenue by customer", says, points, x_unit=cost, y_unit=revenue), says)


def _side(row: Scaled) -> str:
    return "below zero" if toned(row.margin_nano) else "above zero"


def _said(view: View, row: Scaled) -> str:
    money = f"cost {view.money(row.cost_nano)}, revenue {view.money(row.revenue_nano)}"
    return f"{row.customer}: {money}, {row.operations:,} operations"


PAGE = Page(
    "/scale",
    "Scale",
    "Cost, revenue and margin as usage grows.",
    show,
    filters=("customer",),
    keeps=("decile", "stands"),
)
