"""What Dagster loads: the graph a visitor sees, its schedule, and a location that loads without a configuration."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from llm_finops.config import load
from llm_finops.definitions import build, from_environment
from llm_finops.pipeline.automation import SCHEDULE
from llm_finops.pipeline.work import Finops

ROOT = Path(__file__).parents[1]
TOML = """\
start_date = 2026-11-01

[providers.openai-eu]
connector = "openai"

[costs.azure]
paths = ["azure/*.csv"]
"""

# group: asset, and what it is drawn to stand on: what its neighbours stand on is implied
GRAPH = {
    "ingest": {
        "reference": [],
        "openai_eu_usage": ["reference"],
        "openai_eu_priced_usage": ["openai_eu_usage"],
        "openai_eu_cost_lines": ["openai_eu_priced_usage"],
        "azure_cost_lines": ["reference"],
        "request_totals": ["reference"],
        "revenue": [],
        "invoices": [],
    },
    "reconcile": {
        "estimates": ["azure_cost_lines", "openai_eu_cost_lines"],
        "reconciliations": ["estimates", "request_totals"],
        "invoice_matches": ["azure_cost_lines", "invoices", "openai_eu_cost_lines"],
        "implied_prices": ["azure_cost_lines", "openai_eu_cost_lines"],
    },
    "allocate": {"allocations": ["reconciliations"]},
    "margin": {"margins": ["allocations", "revenue"], "request_costs": ["allocations"]},
    "tell": {"daily_summary": ["implied_prices", "invoice_matches", "margins", "request_costs"]},
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "finops.toml").write_text(TOML, encoding="utf-8")
    return {"LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml"), "LLM_FINOPS_HOME": str(tmp_path / "home")}


@pytest.fixture
def definitions(environment: dict[str, str]) -> dg.Definitions:
    return build(load(environment), Finops(environment))


def nodes(definitions: dg.Definitions) -> dict[str, dg.AssetsDefinition]:
    return {a.key.to_user_string(): a for a in definitions.assets or [] if isinstance(a, dg.AssetsDefinition)}


def test_the_graph_reads_like_the_sentence(definitions: dg.Definitions) -> None:
    graph: dict[str, dict[str, list[str]]] = {}
    for name, asset in nodes(definitions).items():
        deps = sorted(key.to_user_string() for key in asset.dependency_keys)
        graph.setdefault(asset.group_names_by_key[asset.key], {})[name] = deps

    assert graph == GRAPH
    assert list(graph) == list(GRAPH)
    assert [list(assets) for assets in graph.values()] == [list(assets) for assets in GRAPH.values()]


def test_every_asset_says_what_it_is_and_whose(definitions: dg.Definitions) -> None:
    for name, asset in nodes(definitions).items():
        spec = asset.get_asset_spec(asset.key)
        assert len(spec.description or "") > 40, name
        assert list(spec.owners) == ["team:finops"], name
        assert 1 <= len(spec.kinds) <= 3, name
        by = {"invoices": "month", "invoice_matches": "month", "reference": ""}.get(name, "day")
        kinds = {"day": dg.DailyPartitionsDefinition, "month": dg.MonthlyPartitionsDefinition}
        assert {n for n, kind in kinds.items() if isinstance(spec.partitions_def, kind)} == ({by} - {""}), name


def test_the_definitions_load_as_a_whole(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    jobs = {job.name for job in definitions.get_repository_def().get_all_jobs()}
    assert jobs >= {"daily", "post_summary"}
    assert definitions.resolve_job_def("daily").partitions_def is not None
    assert definitions.resolve_job_def("post_summary").tags["dagster/max_runtime"] == "120"
    # Runs that the UI starts of single assets have no job of ours: for them the same stands in dagster.yaml.
    (limit,) = re.findall(r"max_runtime_seconds: (\d+)", (ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    assert definitions.resolve_job_def("daily").run_tags["dagster/max_runtime"] == limit == "14400"


def test_at_half_past_six_the_last_three_days_are_read(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    schedule = repository.get_schedule_def(SCHEDULE)
    assert schedule.cron_schedule == "30 6 * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    at = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)

    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository)
        (request,) = schedule.evaluate_tick(context).run_requests or []

    assert request.tags["dagster/asset_partition_range_start"] == "2026-11-21"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-11-23"
    assert request.run_key == "2026-11-23"


def test_the_first_mornings_do_not_ask_for_days_before_the_start(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    at = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)

    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository)
        (request,) = repository.get_schedule_def(SCHEDULE).evaluate_tick(context).run_requests or []

    assert request.tags["dagster/asset_partition_range_start"] == "2026-11-01"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-11-01"


def test_without_a_configuration_one_asset_says_what_to_do(tmp_path: Path) -> None:
    missing = tmp_path / "finops.toml"
    definitions = from_environment({"LLM_FINOPS_CONFIG": str(missing)})

    dg.Definitions.validate_loadable(definitions)

    (asset,) = nodes(definitions).values()
    assert asset.key.to_user_string() == "not_configured"
    said = asset.get_asset_spec(asset.key).description or ""
    assert f"no configuration at {missing}" in said
    assert "llm-finops demo" in said


def test_with_a_broken_configuration_the_asset_names_file_key_seen_and_allowed(tmp_path: Path) -> None:
    file = tmp_path / "finops.toml"
    file.write_text('start_date = 2026-11-01\n[providers.x]\nconnector = "opanai"\n', encoding="utf-8")
    definitions = from_environment({"LLM_FINOPS_CONFIG": str(file)})

    dg.Definitions.validate_loadable(definitions)

    (asset,) = nodes(definitions).values()
    assert f"{file}: providers.x.connector: saw 'opanai'; there are connectors for anthropic, openai" in (
        asset.get_asset_spec(asset.key).description or ""
    )
    result = dg.materialize([asset], raise_on_error=False)
    assert not result.success


def test_nothing_is_opened_at_import(tmp_path: Path) -> None:
    program = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('a socket was opened at import')\n"
        "socket.socket.connect = refuse\n"
        "import llm_finops.definitions, llm_finops.cli\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_FINOPS", "DAGSTER"))}
    home = {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        env={**environment, **home},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*")) == []
