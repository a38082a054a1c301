"""Logged requests by what they are: model, feature, tier, status."""

from collections.abc import Callable, Iterator

from llm_finops.dashboard.blocks import Cell, Column, Table, Value
from llm_finops.dashboard.pages.paged import paged
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import RequestDim, Requests, requests_by

_BY: dict[RequestDim, str] = {
    "model": "models",
    "feature": "features",
    "service_tier": "tiers",
    "status": "statuses",
}


def tables(view: View) -> Iterator[Table]:
    """The logged requests by model, feature, tier and status; each table adds up to all of them."""
    (total,) = requests_by(view.reader, view.asked)
    for dim, name in _BY.items():
        label = "Tier" if dim == "service_tier" else dim.capitalize()
        columns = [
            Column(dim, label, sort="name"),
            Column("requests", "Requests", "count", "requests"),
            Column("list_cost", "List cost", "money", "cost"),
            Column("list_cost_per_request", "Per request", "price", "each", "list cost over the requests with a price"),
            Column("unpriced", "Unpriced", "count", "unpriced", "requests without a known price: not in the list cost"),
        ]
        part = paged(view, name, requests_by(view.reader, view.asked, dim), _ORDERS, "-cost")
        lines: list[list[Value]] = [
            [Cell(row.key[0], _lead(view, dim, row.key[0])), *_amounts(row)] for row in part.rows
        ]
        said = f"By {label.lower()}"
        yield Table(name, said, columns, lines, ["Total", *_amounts(total)], part.of, wide=False)


def each_of(row: Requests) -> int | None:
    """The list cost of a request, over those with a known price; None where none has one."""
    priced = row.requests - row.unpriced
    return row.list_cost_nano // priced if row.list_cost_nano is not None and priced else None


_ORDERS: dict[str, Callable[[Requests], int | str | None]] = {
    "cost": lambda row: row.list_cost_nano,
    "requests": lambda row: row.requests,
    "each": each_of,
    "unpriced": lambda row: row.unpriced,
    "name": lambda row: row.key[0],
}


def _amounts(row: Requests) -> tuple[int, int | None, int | None, Cell]:
    return row.requests, row.list_cost_nano, each_of(row), Cell(row.unpriced, tone="warn" if row.unpriced else "")


def _lead(view: View, dim: str, key: str) -> str:
    """To the percentiles of a model or feature."""
    return f"{view.link(by=dim, key=key)}#spread" if dim in {"model", "feature"} else ""
