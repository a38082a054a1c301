"""The asset graph: the sentence, drawn. Names are the datasets they book; groups are the verbs, in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from llm_finops.config import Config, asset_name
from llm_finops.ledger import datasets as d
from llm_finops.pipeline import checks, decide, freshness, ingest, logs, sources
from llm_finops.pipeline.events import DayTold, Event, tell, tell_whole
from llm_finops.pipeline.outcome import FAULTS, Result, failures, totals
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.summary import summarise
from llm_finops.pipeline.work import Finops, Work

DAILY_JOB = "daily"
SUMMARY = "daily_summary"
FRESH = ("fresh", "The source has said what it should have said by now.")
ONLY_MISSING = "llm_finops/only_missing"  # a run's tag: read only what is missing or provisional
MORE_TO_COME = "llm_finops/more_to_come"  # a run's tag: others of the same backfill follow, so no day is due yet
OWNERS = ["team:finops"]

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


def partitions(config: Config) -> dg.DailyPartitionsDefinition:
    """UTC days from the configured start."""
    return dg.DailyPartitionsDefinition(start_date=config.start_date.isoformat(), timezone="UTC")


def build_assets(config: Config) -> list[dg.AssetsDefinition]:
    """Every asset of a configuration."""
    days = partitions(config)
    return [_reference(), *(_definition(asset, days) for asset in declared(config))]


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
    yield from _reconciling(lines, priced)
    yield from _telling(lines, priced)


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
        SUMMARY,
        "tell",
        summarise,
        ["margins"],
        "The day in figures. At the end of a run it makes the newest complete day due for Slack, and fails the run if "
        "a day failed anywhere, naming account and day; the good days are recorded all the same.",
        frozenset({"slack"}),
    )


def _reference() -> dg.AssetsDefinition:
    @dg.asset(
        name="reference",
        group_name="ingest",
        kinds={"python"},
        owners=OWNERS,
        required_resource_keys={"finops"},
        description="What every day stands on: the price book, your rules and mappings, names of projects and keys.",
    )
    def reference(context: dg.AssetExecutionContext) -> Iterator[Event]:
        finops: Finops = context.resources.finops
        try:
            with finops.work(context.run.run_id) as work:
                said = book_reference(work)
        except FAULTS as error:
            # No day can be right without it: the run ends here, and says why.
            raise dg.Failure(str(error), allow_retries=False) from error
        yield from tell_whole("reference", said)

    return reference


def _definition(asset: Asset, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    specs = [
        dg.AssetCheckSpec(name, asset=asset.name, description=said, partitions_def=days)
        for name, said, _ in asset.checks
    ]

    @dg.asset(
        name=asset.name,
        group_name=asset.group,
        deps=list(asset.deps),
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds=set(asset.kinds),
        owners=OWNERS,
        description=asset.description,
        check_specs=specs,
        required_resource_keys={"finops"},
        output_required=False,
    )
    def body(context: dg.AssetExecutionContext) -> Iterator[Event]:
        finops: Finops = context.resources.finops
        run_id = context.run.run_id
        whole = context.run.job_name == DAILY_JOB
        missing = context.run.tags.get(ONLY_MISSING) == "true"
        announces = context.run.tags.get(MORE_TO_COME) != "true"
        with finops.work(run_id, whole=whole, only_missing=missing, announces=announces) as work:
            result = asset.step(work, list(context.partition_keys))
            told = _told(work, asset, result)
        finops.note(run_id, failures(asset.name, result), result.computed)
        yield from tell(context, asset.name, told, specs)
        _gate(context, finops, asset.name)

    return body


def _told(work: Work, asset: Asset, result: Result) -> dict[str, DayTold]:
    days = sorted(result.by_day)
    verdicts = {name: check(work, days) for name, _, check in asset.checks} if days else {}
    told = {}
    for day, outcomes in result.by_day.items():
        found = {name: by_day[day] for name, by_day in verdicts.items() if day in by_day}
        metadata = {"new_versions": sum(o.is_new for o in outcomes), **totals(outcomes)}
        told[day] = DayTold(all(o.ok for o in outcomes), metadata, found)
    return told


def _gate(context: dg.AssetExecutionContext, finops: Finops, name: str) -> None:
    """Fail at the end of what was asked for: a whole run goes on downstream first, with what is there."""
    chosen = context.run.asset_selection or ()
    if name != SUMMARY and (context.run.job_name == DAILY_JOB or dg.AssetKey(SUMMARY) in chosen):
        return
    failed = finops.failed.pop(context.run.run_id, [])
    if failed:
        raise dg.Failure(
            f"{len(failed)} failed, everything else is booked: " + "; ".join(str(f) for f in failed[:20]),
            metadata={"failed": [str(f) for f in failed]},
            allow_retries=False,
        )
