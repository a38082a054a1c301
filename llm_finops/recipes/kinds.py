"""The kinds of request logs that `init` knows, and the files beside this one that make them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FILES = Path(__file__).parent / "files"

# What the callback and the SDK wrapper write. `input_total` counts cached tokens in, so the meters stay disjoint.
_LINE = {
    "id": "id",
    "time": "time",
    "provider": "provider",
    "model": "model",
    "service_tier": "service_tier",
    "customer": "customer",
    "feature": "feature",
    "input_total": "input_total",
    "input_cache_read": "cache_read",
    "input_cache_write": "cache_write",
    "input_cache_write_5m": "cache_write_5m",
    "input_cache_write_1h": "cache_write_1h",
    "output": "output",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way to a request log: its columns as ours = theirs; none where they are looked up in a file that is there."""

    about: str
    paths: str
    columns: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # comments above the columns


KINDS: Mapping[str, Recipe] = {
    "litellm": Recipe(
        "LiteLLM: a callback that appends a line a request",
        "logs/*.jsonl",
        {
            **_LINE,
            "status": "status",
            "input_cache_write_30m": "cache_write_30m",
            "input_cache_write_12h": "cache_write_12h",
        },
        ("litellm_callback.py",),
        (
            "Written by litellm_callback.py, which says how to hang it in. LiteLLM's own keys are no provider's keys,",
            "so none is mapped. Its prompt_tokens count cached tokens in, for Anthropic too.",
        ),
    ),
    "litellm-table": Recipe(
        "LiteLLM: an export of its table LiteLLM_SpendLogs",
        "logs/litellm-*.csv",
        {
            "id": "request_id",
            "time": "start_time",
            "provider": "custom_llm_provider",
            "model": "model",
            "customer": "end_user",
            "feature": "feature",
            "status": "status",
            "input_total": "prompt_tokens",
            "input_cache_read": "cached_tokens",
            "input_cache_write": "cache_creation_tokens",
            "output": "completion_tokens",
        },
        ("litellm_spend_logs.sql",),
        ("Exported by litellm_spend_logs.sql. Keep a file a day; LiteLLM may prune its table.",),
    ),
    "sdk": Recipe(
        "the OpenAI or Anthropic SDK: a wrapper around your calls",
        "logs/*.jsonl",
        _LINE,
        ("log_requests.py",),
        (
            "Written by log_requests.py: answer = logged(client.messages.create(...), customer=..., feature=...)",
            "Where every call says environment=, operation=, api_key= or project= (the provider's ids), map them too:",
            'api_key = "api_key". A mapped key or project that a row does not say meets only usage without one.',
        ),
    ),
    "otel": Recipe(
        "OpenTelemetry GenAI spans",
        "logs/spans-*.jsonl",
        {
            "id": "span_id",
            "time": "start_time_unix_nano",
            "provider": "gen_ai.provider.name",
            "model": "model",
            "service_tier": "openai.response.service_tier",
            "customer": "llm_finops.customer",
            "feature": "llm_finops.feature",
            "environment": "deployment.environment.name",
            "operation": "gen_ai.conversation.id",
            "status": "status",
            "input_total": "gen_ai.usage.input_tokens",
            "input_cache_read": "gen_ai.usage.cache_read.input_tokens",
            "input_cache_write": "gen_ai.usage.cache_creation.input_tokens",
            "output": "gen_ai.usage.output_tokens",
        },
        ("otel_spans.py",),
        (
            "Made by otel_spans.py of the collector's OTLP JSON. By the semantic conventions input_tokens count cached",
            "tokens in; an emitter that leaves them out shows as quarantined rows: input_total less than its parts.",
        ),
    ),
    "sql": Recipe(
        "a table of your own, by an SQL query",
        "logs/*.csv",
        {
            "id": "id",
            "time": "time",
            "provider": "provider",
            "api_key": "api_key",
            "model": "model",
            "customer": "customer",
            "feature": "feature",
            "environment": "environment",
            "status": "status",
            "input_total": "input_total",
            "input_cache_read": "cache_read",
            "output": "output",
        },
        ("requests.sql",),
        ("Exported by requests.sql, once its right-hand sides name your columns.",),
    ),
    "csv": Recipe("CSV files that are there", "logs/*.csv"),
    "parquet": Recipe("Parquet files that are there", "logs/*.parquet"),
    "jsonl": Recipe("JSON lines that are there", "logs/*.jsonl"),
    "none": Recipe("no request log: rules and spread alone", ""),
}


def recipe_files(kind: str) -> dict[str, str]:
    """{name: content} of the files that a kind of log is made by."""
    return {name: (_FILES / name).read_text(encoding="utf-8") for name in KINDS[kind].files}
