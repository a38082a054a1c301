"""What a click in Dagster's UI does: its GraphQL mutation, its implicit asset job, against the ledger."""

import asyncio
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
