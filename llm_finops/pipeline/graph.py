"""The nodes of the graph: the sentence, drawn. Names are the datasets they book; groups are the verbs, in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llm_finops.config import Config, asset_name
from llm_finops.config.config import Provider
from llm_finops.connectors.contract import about
from llm_finops.ledger import datasets as d
from llm_finops.pipeline import audited, checks, decide, freshness, ingest, invoices, logs, matches, sources
from llm_finops.pipeline import descriptions as say
from llm_finops.pipeline import shown_results as results
from llm_finops.pipeline import shown_sources as given
from llm_finops.pipeline.outcome import Result
from llm_finops.pipeline.rates import load_rates
from llm_finops.pipeline.shown_sources import Show
from llm_finops.pipeline.summary import summarise
from llm_finops.pipeline.work import Work

SUMMARY = "daily_summary"
PYTHON = frozenset({"python"})
CSV = frozenset({"csv"})

Step = Callable[[Work, list[str]], Result]
CheckOfDays = Callable[[Work, list[str]], dict[str, Any]]
Check = tuple[str, str, CheckOfDays]  # its name, what it asks, the question itself


@dataclass(frozen=True)
class Asset:
    """One node of the graph."""

    name: str
    group: str
    step: Step
    deps: Sequence[str]
    description: str
    kinds: frozenset[str]
    shows: Show
    dataset: d.Dataset[Any] | None = None  # whose rows and findings it shows; None: those of the whole day
    account: str = ""  # of a node that is one account's
    provider: str = ""
    checks: Sequence[Check] = ()
    monthly: bool = False  # its step takes days too: their months
    is_linked: bool = False  # to the dashboard, where there is one


def drawn(nodes: Sequence[Asset]) -> dict[str, list[str]]:
    """By node what it is drawn to stand on: of all it is made of, what no other of them already stands on.

    The others would only cross the picture. `nodes` are in order: each after all it is made of.
    """
    below: dict[str, set[str]] = {}
    kept = {}
    for asset in nodes:
        implied = {far for near in asset.deps for far in below.get(near, ())}
        kept[asset.name] = [dep for dep in asset.deps if dep not in implied]
        below[asset.name] = implied | set(asset.deps)
    return kept


def declared(config: Config) -> Iterator[Asset]:
    """The nodes in the order of the sentence."""
    lines: list[str] = []
    priced: list[str] = []
    for account, provider in config.providers.items():
        yield from _provider_assets(account, provider)
        lines.append(f"{asset_name(account)}_cost_lines")
        priced.append(f"{asset_name(account)}_priced_usage")
    for name in config.costs:
        yield _cost_file(name)
        lines.append(f"{asset_name(name)}_cost_lines")
    yield from _given()
    if config.rates or config.reporting.currency:
        yield _rates()
    yield from _reconciling(lines, priced)
    yield from _auditing(lines, priced)
    yield from _telling(lines, priced)
    if currency := config.reporting.currency:
        yield _converted(currency)
    yield _summary("converted_margins" if config.reporting.currency else "margins")


def _fresh(mend: str, check: CheckOfDays) -> Check:
    return ("fresh", f"Has the source said what it should have said by now? If not: {mend}.", check)


def _given() -> Iterator[Asset]:
    """What people give us beside the providers' own."""
    yield Asset(
        "request_totals",
        "ingest",
        logs.load_requests,
        ["reference"],
        say.REQUESTS,
        frozenset({"duckdb"}),
        given.requests,
        d.REQUEST_TOTALS,
        checks=[_fresh("see that the log is still written to its `paths`", freshness.requests)],
    )
    mend = "add the file of the period to the `paths` of [revenue]"
    check = _fresh(mend, freshness.revenue)
    yield Asset(
        "revenue", "ingest", sources.load_revenue, [], say.REVENUE, CSV, given.revenue, d.REVENUE, checks=[check]
    )
    yield Asset(
        "invoices",
        "ingest",
        invoices.load_invoices,
        [],
        say.INVOICES,
        CSV,
        given.invoices,
        d.INVOICES,
        monthly=True,
    )


def _provider_assets(account: str, provider: Provider) -> Iterator[Asset]:
    name, called = asset_name(account), provider.connector.PROVIDER
    kinds = frozenset({about(provider.connector).logo or called})
    mend = "`llm-finops doctor` says why, `llm-finops backfill --missing` reads it again"
    yield Asset(
        f"{name}_usage",
        "ingest",
        lambda work, days: ingest.load_usage(work, account, days),
        ["reference"],
        say.usage(account),
        kinds,
        given.usage(account),
        d.USAGE,
        account,
        called,
        [_fresh(mend, freshness.read_whole(d.USAGE, account))],
    )
    asks = "Has every model, tier and meter that was used a price? If not: add it to the CSV of [prices]."
    yield Asset(
        f"{name}_priced_usage",
        "ingest",
        lambda work, days: decide.price(work, account, days),
        [f"{name}_usage", "reference"],
        say.priced_usage(account),
        kinds,
        given.priced(account),
        d.PRICED_USAGE,
        account,
        called,
        [("priced", asks, checks.priced(account))],
    )
    yield Asset(
        f"{name}_cost_lines",
        "ingest",
        lambda work, days: ingest.load_costs(work, account, days),
        [f"{name}_priced_usage"],
        say.cost_lines(account),
        kinds,
        given.cost_lines(account),
        d.COST_LINES,
        account,
        called,
        [_fresh(mend, freshness.read_whole(d.COST_LINES, account))],
    )


def _cost_file(name: str) -> Asset:
    return Asset(
        f"{asset_name(name)}_cost_lines",
        "ingest",
        lambda work, days: sources.load_cost_file(work, name, days),
        ["reference"],
        say.cost_file(name),
        CSV,
        given.cost_lines(name),
        d.COST_LINES,
        name,
        checks=[_fresh(f"add the file of the period to the `paths` of [costs.{name}]", freshness.cost_file(name))],
    )


def _reconciling(lines: list[str], priced: list[str]) -> Iterator[Asset]:
    yield Asset(
        "estimates",
        "reconcile",
        decide.estimate_days,
        [*priced, *lines],
        say.ESTIMATES,
        PYTHON,
        results.estimates,
        d.ESTIMATES,
    )
    asks = "Do usage at list price and reported cost agree? If not: a contract's price may be missing in [prices]."
    yield Asset(
        "reconciliations",
        "reconcile",
        decide.reconcile_days,
        ["estimates", *priced, *lines, "request_totals"],
        say.RECONCILIATIONS,
        PYTHON,
        results.reconciliations,
        d.RECONCILIATIONS,
        checks=[("reconciled", asks, checks.reconciled)],
    )


def _auditing(lines: list[str], priced: list[str]) -> Iterator[Asset]:
    """The bill held to the invoice, and to the price book."""
    yield Asset(
        "invoice_matches",
        "reconcile",
        matches.match_months,
        ["invoices", *lines],
        say.MATCHES,
        PYTHON,
        results.matches,
        d.INVOICE_MATCHES,
        monthly=True,
    )
    asks = "Does the bill charge what the price book says? If not: correct the book, or ask the provider."
    yield Asset(
        "implied_prices",
        "reconcile",
        audited.audit_days,
        ["reference", *priced, *lines],
        say.IMPLIED,
        PYTHON,
        results.prices,
        d.IMPLIED_PRICES,
        checks=[("billed_as_priced", asks, checks.billed_as_priced)],
    )


def _telling(lines: list[str], priced: list[str]) -> Iterator[Asset]:
    conserved = "Do the shares of a day add up to its cost lines, exactly? If not: trust nothing of it, run it again."
    covered = "Do the request logs know enough of the day's tokens? If not: `llm-finops doctor` names what to add."
    yield Asset(
        "allocations",
        "allocate",
        decide.allocate_days,
        ["reconciliations", "estimates", *priced, *lines, "request_totals"],
        say.ALLOCATIONS,
        PYTHON,
        results.allocations,
        d.ALLOCATIONS,
        checks=[("conserved", conserved, checks.conserved), ("covered", covered, checks.covered)],
        is_linked=True,
    )
    yield Asset(
        "margins",
        "margin",
        decide.margin_days,
        ["allocations", "request_totals", "revenue"],
        say.MARGINS,
        PYTHON,
        results.margins(),
        d.MARGINS,
        is_linked=True,
    )
    yield Asset(
        "request_costs",
        "margin",
        audited.request_cost_days,
        ["allocations", "request_totals"],
        say.REQUEST_COSTS,
        PYTHON,
        results.outcomes,
        d.REQUEST_COSTS,
    )


def _rates() -> Asset:
    return Asset("fx_rates", "ingest", load_rates, [], say.RATES, CSV, given.rates, d.FX_RATES)


def _converted(currency: str) -> Asset:
    return Asset(
        "converted_margins",
        "margin",
        decide.convert_days,
        ["margins", "fx_rates"],
        say.converted(currency),
        PYTHON,
        results.margins("converted_margins"),
        d.CONVERTED_MARGINS,
        is_linked=True,
    )


def _summary(after: str) -> Asset:
    return Asset(
        SUMMARY,
        "tell",
        summarise,
        [after, "invoice_matches", "implied_prices", "request_costs"],
        say.SUMMARY,
        frozenset({"sql", "slack"}),
        results.summary,
        is_linked=True,
    )
