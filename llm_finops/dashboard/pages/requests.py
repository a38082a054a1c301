"""What a request costs."""

from collections.abc import Iterator, Sequence

from llm_finops.core.records import REQUEST_LOG
from llm_finops.dashboard.blocks import Block, Heading, Note, Tile, Tiles
from llm_finops.dashboard.pages.parts import per_request
from llm_finops.dashboard.pages.request_ends import ends
from llm_finops.dashboard.pages.request_meters import savings, shares
from llm_finops.dashboard.pages.request_parts import each_of, tables
from llm_finops.dashboard.pages.request_spread import spread
from llm_finops.dashboard.view import Page, View
from llm_finops.dashboard.words import UNKNOWN, percent_text, price_text
from llm_finops.ledger.queries import Requests, cost_by, margin_total, requests_by


def show(view: View) -> Sequence[Block]:
    """Cost per request and its spread; what requests are made of; what failed, and what caching saved."""
    return list(_blocks(view))


def _blocks(view: View) -> Iterator[Block]:
    total = requests_by(view.reader, view.asked)
    if not total or not total[0].requests:
        said = (
            "No logged request in this period: cost per request needs a request log ([requests.NAME] in finops.toml)."
        )
        yield Note(said, "warn")
    else:
        yield _figures(view, total[0])
        yield from spread(view)
        yield Heading("By model, feature, tier and status", "At list price, a contract's before the list's.")
        yield from tables(view)
        yield from ends(view)
    yield from shares(view)
    yield from savings(view)


def _figures(view: View, total: Requests) -> Tiles:
    """What a request costs, how many there are, and how much of the cost they explain."""
    by = {row.key[0]: row.cost_nano for row in cost_by(view.reader, view.asked, "method")}
    logged, cost = by.get(REQUEST_LOG, 0), sum(by.values())
    share = f"{view.money(logged)} of {view.money(cost)}; the rest goes by rules, or to nobody"
    requests, operations = f"{total.requests:,}", f"{total.operations:,}"
    return Tiles(
        [
            *_each(view, total),
            Tile("Requests", requests, "every logged request, whatever came of it", "#statuses"),
            Tile("Operations", operations, "what was asked for, however many requests it took", "#outcomes"),
            Tile("Found by request log", percent_text(logged, cost), share, view.link("/customers")),
        ],
        "In the period",
    )


def _each(view: View, total: Requests) -> Iterator[Tile]:
    """Of the cost that request logs found, and the very requests it is of: those of customers, without staging.

    Both are not kept by provider or environment: there the list cost is told, of all that is logged.
    """
    if view.asked.provider or view.asked.environment:
        each = each_of(total)
        note = f"{view.money(total.list_cost_nano)} at list, over the requests with a price"
        yield Tile("List cost per request", _price(view, each), note, "#models")
        return
    of = margin_total(view.reader, view.asked)
    found = f"{view.money(of.logged_cost_nano)} found by request logs, over {of.requests:,} requests of customers"
    yield Tile("Cost per request", _price(view, per_request(of.logged_cost_nano, of.requests)), found, "#outcomes")
    each = per_request(of.logged_cost_nano, of.operations)
    yield Tile(
        "Cost per operation", _price(view, each), f"the same cost over {of.operations:,} operations", "#features"
    )


def _price(view: View, nano: int | None) -> str:
    return UNKNOWN if nano is None else price_text(nano, view.currency)


PAGE = Page(
    "/requests",
    "Cost per request",
    "What a request costs, how that is spread, and what was spent in vain.",
    show,
    keeps=("by", "key"),
)
