"""What a day shows in Dagster: amounts as text, points of plots, small tables; unknown is said, and nobody is named."""

import re
from collections.abc import Iterable
from typing import Any

import dagster as dg
import pytest

from llm_finops.definitions import build
from llm_finops.pipeline import assets
from llm_finops.pipeline.graph import declared
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, USED, Little
from llm_finops_tests.pipeline.test_events import told

BOARD = "https://finops.example.com"
NAMED = "[reporting]\ncustomer_names_in_dagster = true"
CUSTOMERS = re.compile(r"\b(ada|bob)\b")


def shown(company: Little, asset: str, day: str = LAST) -> dict[str, Any]:
    """The metadata of a day as the ledger stands: tables as lists of rows, all else as it is."""
    with company.finops.work("shown") as work:
        (node,) = [node for node in declared(company.config) if node.name == asset]
        found = assets._shown(work, node, DAYS)[day]
    return {name: rows(value) if isinstance(value, dg.TableMetadataValue) else value for name, value in found.items()}


def rows(table: dg.TableMetadataValue) -> list[tuple[Any, ...]]:
    return [tuple(record.data.values()) for record in table.records]


def events_of(instance: dg.DagsterInstance, run_id: str) -> str:
    """All that Dagster wrote down of a run, as text."""
    return "\n".join(map(str, instance.all_logs(run_id)))


@pytest.fixture
def settled(little: Little) -> Little:
    little.settle()
    return little


def test_each_step_shows_its_money_as_text_as_a_point_and_by_what_it_is_of(settled: Little) -> None:
    assert shown(settled, "paper_cost_lines") == {
        "cost": "$4.10",
        "cost_USD": 4.1,
        "cost_by_model": [("sheet-1", "$3.50", "85.4 %"), ("sheet-2", "$0.60", "14.6 %")],
        "findings": 0,
    }
    assert shown(settled, "paper_usage")["tokens"] == "1,510,000"
    assert shown(settled, "paper_usage")["used_by_model"] == [
        ("sheet-1", "tokens", "1,150,000"),
        ("sheet-2", "tokens", "360,000"),
    ]
    assert shown(settled, "request_totals")["requests"] == 4
    assert shown(settled, "revenue") == {"revenue": "$5.40", "revenue_USD": 5.4, "findings": 0}
    assert shown(settled, "allocations")["cost_by_method"] == [
        ("request log", "$3.40", "82.9 %"),
        ("unallocated", "$0.70", "17.1 %"),
    ]
    assert shown(settled, "estimates")["estimated"] == "nothing: the reports cover the day"


def test_margins_show_revenue_cost_and_what_is_left(settled: Little) -> None:
    found = shown(settled, "margins")
    assert {name: found[name] for name in ("revenue", "cost", "margin", "margin_USD", "requests")} == {
        "revenue": "$5.40",
        "cost": "$4.10",
        "margin": "$1.30",
        "margin_USD": 1.3,
        "requests": 4,
    }
    assert found["cost_by_feature"] == [("chat", "$3.40", "82.9 %"), ("(no feature named)", "$0.70", "17.1 %")]
    assert shown(settled, "daily_summary")["margin"] == "$1.30"


def test_reconciliations_show_both_sides_and_how_many_comparisons_came_to_what(little: Little) -> None:
    little.report(LAST, amount="2.20")
    little.settle()
    found = shown(little, "reconciliations")
    assert found["usage_and_cost"] == [("paper", "$4.10", "$4.30", "$0.20", "differs")]
    states = {row[:2]: row[2] for row in found["comparisons_by_state"]}
    assert states["cost", "differs"] > 0
    assert found["differs"] == sum(count for (_, state), count in states.items() if state == "differs")
    assert found["findings_by_kind"]


def test_revenue_that_is_not_loaded_is_not_0_and_no_point_of_a_plot(little: Little) -> None:
    (little.root / "revenue" / f"{LAST}.csv").unlink()
    little.settle()
    assert shown(little, "revenue")["revenue"] == "not loaded"
    found = shown(little, "margins")
    assert (found["revenue"], found["cost"], found["margin"]) == ("not loaded", "$4.10", "not known")
    assert not {"revenue_USD", "margin_USD"} & set(found)
    assert shown(little, "margins", FIRST)["margin"] == "$1.30"


def test_what_has_no_price_is_not_0(little: Little) -> None:
    little.report(LAST, used=[*USED, ("red", "k3", "sheet-9", 3_000_000, 0)])
    little.settle()
    found = shown(little, "paper_priced_usage")["list_cost_by_model"]
    assert ("sheet-9", "no price", "") in found
    assert all(name != "sheet-9" for name, cost, _ in found if cost != "no price")


def test_nobody_is_named_unless_it_is_asked_for(little: Little, instance: dg.DagsterInstance) -> None:
    report = little.run(instance=instance)
    assert report.ok
    said = events_of(instance, report.run_id)
    assert "sheet-1" in said
    assert CUSTOMERS.findall(said) == []

    little.configure(NAMED)
    assert shown(little, "margins")["customers"] == [
        ("ada", "$5.00", "$1.70", "$3.30"),
        ("bob", "$0.40", "$1.70", "−$1.30"),
        ("(unallocated)", "$0.00", "$0.70", "−$0.70"),
    ]


def test_the_days_link_to_the_dashboard_where_there_is_one(settled: Little) -> None:
    def linked(names: Iterable[str]) -> dict[str, str]:
        found = {name: shown(settled, name).get("dashboard") for name in names}
        return {name: link.value for name, link in found.items() if link}

    names = [asset.name for asset in declared(settled.config) if not asset.monthly]
    assert linked(names) == {}
    settled.configure(f'[reporting]\ndashboard_url = "{BOARD}/"')
    address = f"{BOARD}/?from={LAST}&to={LAST}"
    assert linked(names) == dict.fromkeys(("allocations", "margins", "daily_summary"), address)


def test_a_run_of_two_that_are_not_neighbours_keeps_their_order(played: Little, instance: dg.DagsterInstance) -> None:
    played.report(LAST, amount="3.00")
    definitions = build(played.config, played.finops)
    keys = [dg.AssetKey(name) for name in ("allocations", "paper_cost_lines")]

    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=keys, partition_key=LAST
    )

    assert result.success
    assert told(instance, "allocations") == {LAST}
    spent = "select sum(cost_nano) from current_allocations where day = :day"
    assert played.rows(spent, day=LAST) == [(5_100_000_000,)]
