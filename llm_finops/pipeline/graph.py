"""The nodes of the graph: the sentence, drawn. Names are the datasets they book; groups are the verbs, in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llm_finops.config import Config, asset_name
from llm_finops.ledger import datasets as d
from llm_finops.pipeline import audited, checks, decide, freshness, ingest, invoices, logs, matches, sources
from llm_finops.pipeline.outcome import Result
from llm_finops.pipeline.rates import load_rates
from llm_finops.pipeline.summary import summarise
from llm_finops.pipeline.work import Work

SUMMARY = "daily_summary"
FRESH = ("fresh", "The source has said what it should have said by now.")

Step = Callable[[Work, list[str]], Result]
CheckOfDays = Callable[[Work, list[str]], dict[str, Any]]


@dataclass(frozen=True)
class Asset:
    """One node of the graph."""

    name: str
    group: str
    step: Step
    deps: Sequence[str]
    description: str
    kinds: frozenset[str]
    checks: Sequence[tuple[str, str, CheckOfDays]] = ()
    monthly: bool = False  # its step takes days too: their months


def declared(config: Config) -> Iterator[Asset]:
    """The nodes in the order of the sentence."""
    lines: list[str] = []
    priced: list[str] = []
    for account, provider in config.providers.items():
        yield from _provider_assets(account, provider.connector.PROVIDER)
        lines.append(f"{asset_name(account)}_cost_lines")
        priced.append(f"{asset_name(account)}_priced_usage")
    for name in config.costs:
        yield _cost_file(name)
        lines.append(f"{asset_name(name)}_cost_lines")
    yield from _given()
    if config.rates or config.reporting.currency:
        yield _rates()
    yield from _reconciling(lines, priced)
    yield from _telling(lines, priced)
    if currency := config.reporting.currency:
        yield _converted(currency)
    yield _summary("converted_margins" if config.reporting.currency else "margins")


def _given() -> Iterator[Asset]:
    """What people give us beside the providers' own."""
    yield Asset(
        "request_totals",
        "ingest",
        logs.load_requests,
        ["reference"],
        "Your own request logs, priced request by request and added up by customer and feature: the weights of every "
        "split. Also the exact quantiles of the cost of a request.",
        frozenset({"duckdb"}),
        [(*FRESH, freshness.requests)],
    )
    yield Asset(
        "revenue",
        "ingest",
        sources.load_revenue,
        [],
        "What each customer pays for the day. A day that no revenue file covers is unknown, not zero.",
        frozenset({"csv"}),
        [(*FRESH, freshness.revenue)],
    )
    yield Asset(
        "invoices",
        "ingest",
        invoices.load_invoices,
        [],
        "The invoices of an account, by month: each number once, and as it was booked first unless you accept another.",
        frozenset({"csv"}),
        monthly=True,
    )


def _provider_assets(account: str, provider: str) -> Iterator[Asset]:
    name = asset_name(account)
    kinds = frozenset({provider})
    yield Asset(
        f"{name}_usage",
        "ingest",
        lambda work, days: ingest.load_usage(work, account, days),
        ["reference"],
        f"What {account} says was used: quantities by project, key, model, tier and meter.",
        kinds,
        [(*FRESH, freshness.read_whole(d.USAGE, account))],
    )
    yield Asset(
        f"{name}_priced_usage",
        "ingest",
        lambda work, days: decide.price(work, account, days),
        [f"{name}_usage", "reference"],
        f"Usage of {account} at the price in force, your contract before the list. Without a price: unpriced, loudly.",
        kinds,
        [("priced", "Every model, tier and meter that was used has a price.", checks.priced(account))],
    )
    yield Asset(
        f"{name}_cost_lines",
        "ingest",
        lambda work, days: ingest.load_costs(work, account, days),
        [f"{name}_priced_usage"],
        f"What {account} says it costs, line by line, exactly as reported.",
        kinds,
        [(*FRESH, freshness.read_whole(d.COST_LINES, account))],
    )


def _cost_file(name: str) -> Asset:
    return Asset(
        f"{asset_name(name)}_cost_lines",
        "ingest",
        lambda work, days: sources.load_cost_file(work, name, days),
        ["reference"],
        f"Cost lines of the file source {name!r} (FOCUS columns), each spread over the days it is for.",
        frozenset({"csv"}),
        [(*FRESH, freshness.cost_file(name))],
    )


def _reconciling(lines: list[str], priced: list[str]) -> Iterator[Asset]:
    yield Asset(
        "estimates",
        "reconcile",
        decide.estimate_days,
        [*priced, *lines],
        "Priced usage as cost lines, for days that no cost report covers yet; empty once the report is there.",
        frozenset({"python"}),
    )
    yield Asset(
        "reconciliations",
        "reconcile",
        decide.reconcile_days,
        ["estimates", *priced, *lines, "request_totals"],
        "Priced usage beside reported cost, and your logs beside the provider's meters: what matches, what differs.",
        frozenset({"python"}),
        [("reconciled", "Usage at list price and reported cost agree.", checks.reconciled)],
    )
    yield Asset(
        "invoice_matches",
        "reconcile",
        matches.match_months,
        ["invoices", *lines],
        "What a month's reports say was billed beside its invoices, by category: matched, differs, not invoiced yet, "
        "no invoice expected, invoice without cost. The difference is exact.",
        frozenset({"python"}),
        monthly=True,
    )

    yield Asset(
        "implied_prices",
        "reconcile",
        audited.audit_days,
        ["reference", *priced, *lines],
        "What the bill implies a million of each meter costs, beside the price book: where they part, since when and "
        "probably why; and the price to add where the book has none. Estimates are priced by the book: left out.",
        frozenset({"python"}),
        [("billed_as_priced", "The bill charges what the price book says.", checks.billed_as_priced)],
    )


def _telling(lines: list[str], priced: list[str]) -> Iterator[Asset]:
    yield Asset(
        "allocations",
        "allocate",
        decide.allocate_days,
        ["reconciliations", "estimates", *priced, *lines, "request_totals"],
        "Every cost line given to a customer and a feature: by request log, rule or spread; what nobody owns is "
        "(unallocated). The shares add up to the lines, to the last billionth.",
        frozenset({"python"}),
        [
            ("conserved", "The shares of a day add up to its cost lines, exactly.", checks.conserved),
            ("covered", "The request logs account for enough of the day's tokens.", checks.covered),
        ],
    )
    yield Asset(
        "margins",
        "margin",
        decide.margin_days,
        ["allocations", "request_totals", "revenue"],
        "Revenue less allocated cost, by customer and feature. Revenue that is not loaded is unknown, not zero.",
        frozenset({"python"}),
    )
    yield Asset(
        "request_costs",
        "margin",
        audited.request_cost_days,
        ["allocations", "request_totals"],
        "What failed and retried requests cost, by customer and feature: parts of the cost that request logs found.",
        frozenset({"python"}),
    )


def _rates() -> Asset:
    return Asset(
        "fx_rates",
        "ingest",
        load_rates,
        [],
        "Dated rates of exchange from your files: a day's is the newest on or before it, at most 7 days old.",
        frozenset({"csv"}),
    )


def _converted(currency: str) -> Asset:
    return Asset(
        "converted_margins",
        "margin",
        decide.convert_days,
        ["margins", "fx_rates"],
        f"The margins in {currency}, at the day's rates. What has no rate is not added up: its figure is unknown.",
        frozenset({"python"}),
    )


def _summary(after: str) -> Asset:
    return Asset(
        SUMMARY,
        "tell",
        summarise,
        [after, "invoice_matches", "implied_prices", "request_costs"],
        "The day in figures. At the end of a run it makes the newest complete day due for Slack, and fails the run if "
        "a day failed anywhere, naming account and day; the good days are recorded all the same.",
        frozenset({"slack"}),
    )
