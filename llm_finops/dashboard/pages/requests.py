"""What a request costs."""

from collections.abc import Iterator, Sequence

from llm_finops.core.records import REQUEST_LOG
from llm_finops.dashboard.blocks import Block, Heading, Note, Tile, Tiles
from llm_finops.dashboard.pages.request_ends import ends
from llm_finops.dashboard.pages.request_meters import savings, shares
from llm_finops.dashboard.pages.request_parts import tables
from llm_finops.dashboard.pages.request_spread import spread
from llm_finops.dashboard.view import Page, View
from llm_finops.dashboard.words import UNKNOWN, percent_text, price_text
from llm_finops.ledger.queries import cost_by, requests_by


def show(view: View) -> Sequence[Block]:
    """Cost per request and its spread; what requests are made of; what failed, and what caching saved."""
    return list(_blocks(view))


def _blocks(view: View) -> Iterator[Block]:
    total = requests_by(view.reader, view.asked)
    if not total or not total[0].requests:
        said = "No logged request in this period: cost per request needs a request log ([request_logs] in finops.toml)."
        yield Note(said, "warn")
    else:
        yield _figures(view, total[0].requests, total[0].operations)
        yield from spread(view)
        yield Heading("By model, feature, tier and status", "At list price, a contract's before the list's.")
        yield from tables(view)
        yield from ends(view)
    yield from shares(view)
    yield from savings(view)


def _figures(view: View, requests: int, operations: int) -> Tiles:
    """Of the allocated cost: what providers charge, not what the list says."""
    by = {row.key[0]: row.cost_nano for row in cost_by(view.reader, view.asked, "method")}
    logged, cost = by.get(REQUEST_LOG, 0), sum(by.values())
    each = price_text(logged // requests, view.currency)
    per = price_text(logged // operations, view.currency) if operations else UNKNOWN
    found = f"{view.money(logged)} found by request logs, over all logged requests, failed ones too"
    share = f"{view.money(logged)} of {view.money(cost)}; the rest goes by rules, or to nobody"
    return Tiles(
        [
            Tile("Cost per request", each, found, "#models"),
            Tile("Requests", f"{requests:,}", "every logged request, whatever came of it", "#statuses"),
            Tile("Operations", f"{operations:,}", "what was asked for, however many requests it took", "#outcomes"),
            Tile("Cost per operation", per, "the same cost over operations", "#features"),
            Tile("Found by request log", percent_text(logged, cost), share, view.link("/customers")),
        ],
        "In the period",
    )


PAGE = Page(
    "/requests", "Cost per request", "What a request costs, how that is spread, and what was spent in vain.", show
)
