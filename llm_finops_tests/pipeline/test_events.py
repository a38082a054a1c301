"""What Dagster 1.13 makes of the events of a range run: pinned, because events.py leans on its internals."""

from collections import Counter

import dagster as dg
import pytest

from llm_finops.definitions import build
from llm_finops.pipeline.automation import range_tags
from llm_finops.pipeline.graph import declared
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little

BAD = "2026-11-19"
UNREADABLE = "expected a decimal number such as 12.50, saw '2,00'"

BOTH_LANES = """
    select count(*) from versions a join versions b on a.scope = b.scope and a.period = b.period
    where a.dataset = 'cost_lines' and b.dataset = 'estimates' and a.rows > 0 and b.rows > 0
    and (b.until_seq is null or a.from_seq < b.until_seq) and (a.until_seq is null or b.from_seq < a.until_seq)
"""


def told(instance: dg.DagsterInstance, asset: str) -> set[str]:
    return set(instance.get_materialized_partitions(dg.AssetKey(asset)))


def evaluations(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetCheckEvaluation]:
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    found = []
    for record in records:
        assert record.event_log_entry.dagster_event is not None
        found.append(record.event_log_entry.dagster_event.asset_check_evaluation_data)
    return found


def failure(instance: dg.DagsterInstance, run_id: str) -> str:
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    (event,) = [record.event_log_entry.dagster_event for record in records]
    assert event is not None
    assert event.step_failure_data.user_failure_data is not None
    return event.step_failure_data.user_failure_data.description or ""


def bases(company: Little) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for day, basis in company.rows("select distinct day, basis from current_cost_lines"):
        found.setdefault(day, set()).add(basis)
    return found


def test_one_bad_day_of_five_costs_that_day_its_report_and_nothing_else(
    little: Little, instance: dg.DagsterInstance
) -> None:
    little.report(BAD, amount="2,00")

    report = little.run(instance=instance)

    assert not report.ok
    assert [(f.asset, f.subject, f.day) for f in report.failed] == [("paper_cost_lines", "paper", BAD)]
    assert UNREADABLE in report.failed[0].why
    assert failure(instance, report.run_id).startswith(
        f"1 failed, everything else is booked: paper_cost_lines paper {BAD}"
    )
    assert told(instance, "paper_cost_lines") == set(DAYS) - {BAD}
    for asset in declared(little.config):
        if asset.name != "paper_cost_lines" and not asset.monthly:
            assert told(instance, asset.name) == set(DAYS), asset.name
    assert bases(little) == {**{day: {"reported"} for day in DAYS}, BAD: {"estimated"}}
    # Estimated or reported, it is the same usage at the same prices: here the two agree.
    assert little.rows("select day, sum(cost_nano) from current_margins group by day order by day") == [
        (day, 4_100_000_000) for day in DAYS
    ]


def test_every_check_speaks_of_every_day_and_of_its_newest_materialisation(
    little: Little, instance: dg.DagsterInstance
) -> None:
    little.report(BAD, used=[("red", "k1", "sheet-9", 900_000, 100_000)])  # a model without a price

    report = little.run(instance=instance)

    assert report.ok
    said = evaluations(instance, report.run_id)
    assert Counter(e.check_name for e in said) == {
        "priced": 5,
        "conserved": 5,
        "covered": 5,
        "reconciled": 5,
        "fresh": 20,
        "billed_as_priced": 5,
    }
    assert {e.partition for e in said} == set(DAYS)
    assert {(e.check_name, e.partition) for e in said if not e.passed} == {("priced", BAD), ("covered", BAD)}
    (unpriced,) = [e for e in said if e.check_name == "priced" and not e.passed]
    assert unpriced.description == (
        "no price for sheet-9 standard input_uncached, sheet-9 standard output: add it to the CSV of [prices]"
    )
    # The UI's Checks page counts an evaluation only if it points at its partition's newest materialisation.
    storage = instance.event_log_storage
    for evaluation in said:
        newest = storage.get_latest_storage_id_by_partition(
            evaluation.asset_key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(DAYS)
        )
        assert evaluation.target_materialization_data is not None
        assert evaluation.partition is not None
        assert evaluation.target_materialization_data.storage_id == newest[evaluation.partition]


def test_a_range_run_plans_nothing_and_tells_each_day_once(little: Little, instance: dg.DagsterInstance) -> None:
    report = little.run(instance=instance)

    assert (
        instance.get_records_for_run(report.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED).records
        == []
    )
    records = instance.get_records_for_run(report.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    told_days = Counter((record.asset_key, record.partition_key) for record in records)
    assert set(told_days.values()) == {1}
    assert {key.to_user_string() for key, day in told_days if key and day is None} == {"reference"}
    (margins,) = [r for r in records if r.asset_key == dg.AssetKey("margins") and r.partition_key == LAST]
    assert margins.asset_materialization is not None
    found = {name: value.value for name, value in margins.asset_materialization.metadata.items()}
    counts = {name: found[name] for name in ("new_versions", "rows", "findings")}
    assert counts == {"new_versions": 1, "rows": 4, "findings": 0}
    assert (found["cost"], found["cost_USD"]) == ("$4.10", 4.1)


def test_an_asset_asked_for_alone_over_a_range_tells_only_its_good_days(
    played: Little, instance: dg.DagsterInstance
) -> None:
    played.report(BAD, amount="2,00")
    finops = played.finops
    job = build(played.config, finops).resolve_implicit_global_asset_job_def()

    result = job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey("paper_cost_lines")],
        tags=range_tags(FIRST, LAST),
        raise_on_error=False,
    )

    # Started so, a run has no tag that defers events: the key on the step's result must hold them back.
    assert not result.success
    assert BAD in failure(instance, result.run_id)
    assert told(instance, "paper_cost_lines") == set(DAYS) - {BAD}


def test_only_the_mended_day_is_read_again_and_its_cost_never_counts_twice(little: Little) -> None:
    little.report(BAD, amount="2,00")
    assert not little.settle().ok
    little.report(BAD, amount="1.90")
    before = len(little.calls())

    reports = little.run_missing()

    assert [(report.ok, report.failed) for report in reports] == [(True, [])]
    assert little.calls()[before:] == [f"costs {BAD}"]
    assert bases(little) == {day: {"reported"} for day in DAYS}
    assert little.rows("select sum(cost_nano) from current_margins where day = :day", day=BAD) == [(4_000_000_000,)]
    assert little.rows(BOTH_LANES) == [(0,)]
    assert little.run_missing() == []


@pytest.mark.parametrize("selection", [["allocations"], ["margins", "daily_summary"]])
def test_a_good_asset_asked_for_alone_is_green(
    played: Little, instance: dg.DagsterInstance, selection: list[str]
) -> None:
    job = build(played.config, played.finops).resolve_implicit_global_asset_job_def()

    result = job.execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey(name) for name in selection], partition_key=BAD
    )

    assert result.success
    assert {name: told(instance, name) for name in selection} == {name: {BAD} for name in selection}
