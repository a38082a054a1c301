"""The nodes of the graph as Dagster's assets: partitions, checks, and the gate at a run's end."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from llm_finops.config import Config, asset_name
from llm_finops.pipeline.columns import column_schema
from llm_finops.pipeline.descriptions import reference as reference_said
from llm_finops.pipeline.events import DayTold, Event, tell, tell_periods, tell_whole
from llm_finops.pipeline.graph import SUMMARY, Asset, declared, drawn
from llm_finops.pipeline.links import dashboard_of
from llm_finops.pipeline.outcome import FAULTS, Result, failures, totals
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.shown_results import findings
from llm_finops.pipeline.work import Finops, Work

DAILY_JOB = "daily"
ONLY_MISSING = "llm_finops/only_missing"  # a run's tag: read only what is missing or provisional
MORE_TO_COME = "llm_finops/more_to_come"  # a run's tag: others of the same backfill follow, so no day is due yet
OWNERS = ["team:finops"]
_TAG_MAX = 63  # characters that Dagster takes for the value of a tag


def partitions(config: Config) -> dg.DailyPartitionsDefinition:
    """UTC days from the configured start."""
    return dg.DailyPartitionsDefinition(start_date=config.start_date.isoformat(), timezone="UTC")


def month_partitions(config: Config) -> dg.MonthlyPartitionsDefinition:
    """Months (UTC) from that of the configured start to the one that is not over yet."""
    return dg.MonthlyPartitionsDefinition(
        start_date=f"{config.start_date:%Y-%m}", fmt="%Y-%m", timezone="UTC", end_offset=1
    )


def build_assets(config: Config) -> list[dg.AssetsDefinition]:
    """Every asset of a configuration."""
    days, months = partitions(config), month_partitions(config)
    nodes = list(declared(config))
    monthly = [asset for asset in nodes if asset.monthly]
    stands_on = drawn(nodes)
    made = [_reference()]
    for place, asset in enumerate(nodes):
        along = monthly if asset.name == SUMMARY else ()
        made.append(_definition(asset, stands_on[asset.name], place, months if asset.monthly else days, months, along))
    return made


def _reference() -> dg.AssetsDefinition:
    @dg.asset(
        name="reference",
        group_name="ingest",
        kinds={"python"},
        owners=OWNERS,
        tags={"verb": "ingest"},
        required_resource_keys={"finops"},
        description=reference_said(),
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


def _definition(
    asset: Asset,
    deps: Sequence[str],
    place: int,
    periods: dg.PartitionsDefinition,
    months: dg.PartitionsDefinition,
    along: Sequence[Asset],
) -> dg.AssetsDefinition:
    """One node; the assets by month `along` with it are settled and told in its step of a whole run (decision 010).

    `deps` are those that are drawn. By its `place` in the order, a run of a few assets keeps to it all the same.
    """
    specs = [
        dg.AssetCheckSpec(name, asset=asset.name, description=said, partitions_def=periods)
        for name, said, _ in asset.checks
    ]

    @dg.asset(
        name=asset.name,
        group_name=asset.group,
        deps=list(deps),
        op_tags={"dagster/priority": str(-place)},
        partitions_def=periods,
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds=set(asset.kinds),
        owners=OWNERS,
        tags=_tags(asset),
        description=asset.description,
        metadata=_definition_metadata(asset),
        check_specs=specs,
        required_resource_keys={"finops"},
        output_required=False,
    )
    def body(context: dg.AssetExecutionContext) -> Iterator[Event]:
        finops: Finops = context.resources.finops
        *others, (_, told) = _settled(context, finops, (*along, asset))
        for name, said in others:
            yield from tell_periods(name, months, said)
        yield from tell(context, asset.name, told, specs)
        _gate(context, finops, asset.name)

    return body


def _settled(
    context: dg.AssetExecutionContext, finops: Finops, nodes: Sequence[Asset]
) -> list[tuple[str, dict[str, DayTold]]]:
    """What is told of the last of the nodes and, in a whole run, of those that go along with it: all are settled."""
    run_id, tags = context.run.run_id, context.run.tags
    whole = context.run.job_name == DAILY_JOB
    how = {"only_missing": tags.get(ONLY_MISSING) == "true", "announces": tags.get(MORE_TO_COME) != "true"}
    with finops.work(run_id, whole=whole, **how) as work:
        asked = list(context.partition_keys)
        done = [(of, of.step(work, asked)) for of in (nodes if whole else nodes[-1:])]
        told = [(of.name, _told(work, of, result)) for of, result in done]
    for of, result in done:
        finops.note(run_id, failures(of.name, result), result.computed)
    return told


def _tags(asset: Asset) -> dict[str, str]:
    """By which the graph can be filtered: verb, and where it is one account's, whose."""
    of = {"verb": asset.group, "provider": asset.provider, "account": asset_name(asset.account)[:_TAG_MAX]}
    return {name: value for name, value in of.items() if value}


def _definition_metadata(asset: Asset) -> dict[str, Any]:
    if asset.dataset is None:
        return {}
    view = f"current_{asset.dataset.table}"
    return {"dagster/table_name": view, "dagster/column_schema": column_schema(asset.dataset)}


def _told(work: Work, asset: Asset, result: Result) -> dict[str, DayTold]:
    days = sorted(result.by_day)
    verdicts = {name: check(work, days) for name, _, check in asset.checks} if days else {}
    shown = _shown(work, asset, days) if days else {}
    told = {}
    for day, outcomes in result.by_day.items():
        found = {name: by_day[day] for name, by_day in verdicts.items() if day in by_day}
        counts = {"new_versions": sum(o.is_new for o in outcomes), **totals(outcomes)}
        told[day] = DayTold(all(o.ok for o in outcomes), {**shown[day], **counts, **shown[day]}, found)
    return told


def _shown(work: Work, asset: Asset, days: list[str]) -> dict[str, dict[str, Any]]:
    """What each day's materialisation shows first: figures, the link, tables; and findings as they are booked."""
    figures = asset.shows(work, days)
    doubts = findings(work, days, asset.dataset.name, asset.account) if asset.dataset else {}
    found = {}
    for day in days:
        link = dashboard_of(work.config, day) if asset.is_linked else ""
        linked = {"dashboard": dg.MetadataValue.url(link)} if link else {}
        found[day] = {**figures[day], **linked, **doubts.get(day, {})}
    return found


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
