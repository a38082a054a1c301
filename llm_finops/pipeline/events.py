"""Dagster's events of a range run: one materialisation and one evaluation of each check a day.

All that leans on Dagster's internals stands here, pinned by llm_finops_tests/pipeline/test_events.py: in a
range run Dagster itself would mark every partition materialised, the bad day too.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

# On the step's own result: "the partitions were told one by one", so no automatic event for all of them.
TOLD_ONE_BY_ONE = {"__source_asset_observation__": True}
# On the job: do not plan 90 materialisations an asset before the first step (half of a run's time).
DEFERRED = {"dagster/defer_asset_events": "true"}

Event = dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.Output[None] | dg.MaterializeResult[Any]


@dataclass(frozen=True)
class Verdict:
    """A check of one day."""

    passed: bool
    said: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DayTold:
    """What is told of one day: its metadata if it is good, and what each check says."""

    ok: bool
    metadata: Mapping[str, Any]
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


def tell(
    context: dg.AssetExecutionContext, name: str, days: Mapping[str, DayTold], specs: Sequence[dg.AssetCheckSpec]
) -> Iterator[Event]:
    """The events of a step: materialisations of its good days first, so that checks find what they speak of."""
    asset = dg.AssetKey(name)
    for day, told in sorted(days.items()):
        if told.ok:
            yield dg.AssetMaterialization(asset, partition=day, metadata=told.metadata)
    records = context.instance.event_log_storage.get_latest_storage_id_by_partition(
        asset, dg.DagsterEventType.ASSET_MATERIALIZATION, set(days)
    )
    for spec in specs:
        for day, told in sorted(days.items()):
            if spec.name in told.verdicts:
                yield _evaluation(context, asset, spec, day, told.verdicts[spec.name], records.get(day))
        yield dg.Output(None, output_name=spec.get_python_identifier())
    yield dg.MaterializeResult(asset_key=asset, metadata=TOLD_ONE_BY_ONE)


def tell_periods(
    name: str, known: dg.PartitionsDefinition, periods: Mapping[str, DayTold]
) -> Iterator[dg.AssetMaterialization]:
    """The events of an asset with other partitions than the step that settled it; a job takes one kind only."""
    for period, told in sorted(periods.items()):
        # An invoice may be of a month to come, which Dagster does not know yet.
        if told.ok and known.has_partition_key(period):
            yield dg.AssetMaterialization(dg.AssetKey(name), partition=period, metadata=told.metadata)


def tell_whole(name: str, metadata: Mapping[str, Any]) -> Iterator[Event]:
    """The events of an asset without days. Deferring holds back its automatic one too."""
    asset = dg.AssetKey(name)
    yield dg.AssetMaterialization(asset, metadata=metadata)
    yield dg.MaterializeResult(asset_key=asset, metadata=TOLD_ONE_BY_ONE)


def _evaluation(
    context: dg.AssetExecutionContext,
    asset: dg.AssetKey,
    spec: dg.AssetCheckSpec,
    day: str,
    verdict: Verdict,
    record: int | None,
) -> dg.AssetCheckEvaluation:
    target = None
    if record is not None:
        target = Target(run_id=context.run.run_id, storage_id=record, timestamp=time.time())
    severity = dg.AssetCheckSeverity.ERROR if spec.name == "conserved" else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckEvaluation(
        asset_key=asset,
        check_name=spec.name,
        partition=day,
        passed=verdict.passed,
        severity=severity,
        description=verdict.said,
        metadata=verdict.metadata,
        target_materialization_data=target,
    )
