"""What a click in Dagster's UI does: its GraphQL mutation, its implicit asset job, against the ledger."""

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.schema import create_schema

from llm_finops_tests.pipeline import location
from llm_finops_tests.pipeline.little import Little
from llm_finops_tests.pipeline.test_events import evaluations, told

DAY = "2026-11-18"
RULE = '[[owners]]\nname = "the rest of red"\nmatch = { project = "red" }\ncustomer = "dora"\n'
# What the button "Materialize" of an asset's page sends.
LAUNCH = """
mutation($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) {
    __typename
    ... on LaunchRunSuccess { run { runId pipelineName } }
    ... on PythonError { message stack }
  }
}
"""
# What an asset's page and its checks ask for.
LOOK = """
query($day: [String!]) {
  assetNodes {
    assetKey { path }
    groupName
    description
    kinds
    owners { ... on TeamAssetOwner { team } }
    tags { key value }
    hasMaterializePermission
    assetChecksOrError { ... on AssetChecks { checks { name description } } }
    assetMaterializations(partitions: $day) {
      metadataEntries {
        __typename
        label
        ... on TextMetadataEntry { text }
        ... on FloatMetadataEntry { floatValue }
        ... on IntMetadataEntry { intValue }
        ... on UrlMetadataEntry { url }
        ... on TableMetadataEntry { table { records } }
      }
    }
  }
}
"""
# What the launchpad of the job `backfill` shows beside its editor.
LAUNCHPAD = """
query($selector: PipelineSelector!) {
  runConfigSchemaOrError(selector: $selector, mode: "default") {
    ... on RunConfigSchema {
      rootDefaultYaml
      allConfigTypes { ... on CompositeConfigType { fields { name description isRequired } } }
    }
  }
}
"""
VERSIONS = "select version_id, dataset, scope, period, until_seq from versions"


class Ui:
    """The UI's server and the daemon that takes from its queue, in this process."""

    def __init__(self, workspace: WorkspaceProcessContext) -> None:
        self._workspace = workspace
        self._schema = create_schema()

    def materialise(self, asset: str, day: str | None) -> str:
        """Ask for one asset, of one day; the id of the run that came of it."""
        context = self._workspace.create_request_context()
        run_id = self._queued(context, asset, day)
        context.instance.launch_run(run_id, context)
        run = context.instance.get_run_by_id(run_id)
        assert run
        assert run.status == dg.DagsterRunStatus.SUCCESS
        return run_id

    def asked(self, query: str, **variables: Any) -> Any:
        """What its server answers to a page's query."""
        context = self._workspace.create_request_context()
        answer = asyncio.run(self._schema.execute_async(query, context_value=context, variable_values=variables))
        assert answer.errors is None, answer.errors
        return answer.data

    def job(self, name: str) -> dict[str, str]:
        """Where a job is."""
        (here,) = self._workspace.create_request_context().code_locations
        (repository,) = here.get_repositories()
        return {"repositoryLocationName": here.name, "repositoryName": repository, "pipelineName": name}

    def _queued(self, context: WorkspaceRequestContext, asset: str, day: str | None) -> str:
        (here,) = context.code_locations
        (repository,) = here.get_repositories()
        params: dict[str, Any] = {
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": day}] if day else []},
            "selector": {
                "repositoryLocationName": here.name,
                "repositoryName": repository,
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": [asset]}],
            },
        }
        asked = self._schema.execute_async(LAUNCH, context_value=context, variable_values={"executionParams": params})
        answer = asyncio.run(asked)
        assert answer.errors is None, answer.errors
        launched = answer.data["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        assert launched["run"]["pipelineName"] == "__ASSET_JOB"
        return str(launched["run"]["runId"])


@pytest.fixture
def instance(root: Path) -> Iterator[dg.DagsterInstance]:
    """One that queues what it is asked for, as ours do, and launches it in this process."""
    here = {
        "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"},
        "run_launcher": {
            "module": "dagster._core.launcher.sync_in_memory_run_launcher",
            "class": "SyncInMemoryRunLauncher",
        },
    }
    with dg.DagsterInstance.local_temp(str(root), overrides=here) as made:
        yield made


@pytest.fixture
def ui(played: Little, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ui]:
    for name, value in played.environment.items():
        monkeypatch.setenv(name, value)
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=location.__name__)
    load_target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target))
    with WorkspaceProcessContext(instance, load_target) as workspace:
        yield Ui(workspace)


def test_allocations_asked_for_alone_for_one_day_in_the_ui_rebook_that_day_and_nothing_else(
    played: Little, ui: Ui, instance: dg.DagsterInstance
) -> None:
    # Every day's allocations are stale by a new rule, and the provider has restated the day; nobody asks for that.
    played.configure(RULE)
    played.report(DAY, amount="3.00")
    ui.materialise("reference", None)
    before, message, calls = set(played.rows(VERSIONS)), played.rows("select * from digests"), played.calls()

    run_id = ui.materialise("allocations", DAY)

    after = set(played.rows(VERSIONS))
    current = [version[1:4] for version in after - before if version[-1] is None]
    ended = [version[1:4] for version in before - after]
    assert current == ended == [("allocations", "paper", DAY)]
    assert len(after) == len(before) + 1
    assert (played.rows("select * from digests"), played.calls()) == (message, calls)
    assert {asset: told(instance, asset) for asset in ("allocations", "margins", "daily_summary")} == {
        "allocations": {DAY},
        "margins": set(),
        "daily_summary": set(),
    }
    assert {(e.check_name, e.partition) for e in evaluations(instance, run_id)} == {
        ("conserved", DAY),
        ("covered", DAY),
    }
    given = played.rows("select distinct day from current_allocations where customer = 'dora'")
    assert given == [(DAY,)]


@pytest.fixture
def looked_at(played: Little, ui: Ui) -> dict[str, Any]:
    """{asset: what its page shows of the day}, after margins and their neighbours were asked for."""
    played.configure('[reporting]\ndashboard_url = "https://finops.example.com"')
    for asset in ("reconciliations", "allocations", "margins"):
        ui.materialise(asset, DAY)
    return {node["assetKey"]["path"][-1]: node for node in ui.asked(LOOK, day=[DAY])["assetNodes"]}


def entries(node: dict[str, Any]) -> dict[str, Any]:
    """{label: what stands beside it} of the newest materialisation."""
    said = node["assetMaterializations"][0]["metadataEntries"]
    values = ("text", "floatValue", "intValue", "url", "table")
    return {entry["label"]: next(entry[name] for name in values if name in entry) for entry in said}


def test_a_newcomer_is_told_of_each_node_what_it_is_from_what_and_what_to_query(looked_at: dict[str, Any]) -> None:
    assert {node["groupName"] for node in looked_at.values()} == {"ingest", "reconcile", "allocate", "margin", "tell"}
    for name, node in looked_at.items():
        first, *points = [line for line in node["description"].splitlines() if line]
        assert len(first) <= 120, name
        assert not set("*`#<") & set(first), name  # it is shown on the graph, where nothing is rendered
        assert [point.split("**")[1] for point in points[:3]] == ["Made of", "A row is", "To query"], name
        assert points[-1].startswith("- **Red**"), name
        assert node["owners"] == [{"team": "finops"}], name
        assert {"key": "verb", "value": node["groupName"]} in node["tags"], name
        for check in node["assetChecksOrError"]["checks"]:
            asked, _, mend = check["description"].partition("? ")
            assert asked, check
            assert mend.startswith("If not: "), check
            assert f"`{check['name']}`" in node["description"], f"{name} says nothing of its check {check['name']}"
    tags = {(tag["key"], tag["value"]) for tag in looked_at["paper_usage"]["tags"]}
    assert tags >= {("provider", "paper"), ("account", "paper")}
    assert looked_at["request_totals"]["kinds"] == ["duckdb"]


def test_a_day_shows_its_money_its_plots_and_small_tables_and_no_customer(looked_at: dict[str, Any]) -> None:
    margins = entries(looked_at["margins"])
    assert (margins["revenue"], margins["cost"], margins["margin"]) == ("$5.40", "$4.10", "$1.30")
    assert (margins["margin_USD"], margins["requests"]) == (1.3, 4)
    assert margins["dashboard"] == f"https://finops.example.com/?from={DAY}&to={DAY}"
    (methods, *_) = [entries(looked_at["allocations"])["cost_by_method"]["records"]]
    assert [json.loads(row) for row in methods] == [
        {"found by": "request log", "cost": "$3.40", "share": "82.9 %"},
        {"found by": "unallocated", "cost": "$0.70", "share": "17.1 %"},
    ]
    assert "usage_and_cost" in entries(looked_at["reconciliations"])
    assert re.findall(r"\b(ada|bob)\b", json.dumps(looked_at)) == []


def test_the_launchpad_of_the_backfill_asks_for_days_in_words_and_needs_none(ui: Ui) -> None:
    schema = ui.asked(LAUNCHPAD, selector=ui.job("backfill"))["runConfigSchemaOrError"]
    fields = {field["name"]: field for of in schema["allConfigTypes"] for field in of.get("fields", [])}
    for name in ("first", "last", "only_missing"):
        assert not fields[name]["isRequired"]
        assert len(fields[name]["description"]) > 30
    assert "last: yesterday" in schema["rootDefaultYaml"]
