"""Which of a file's columns is which of ours, by the names that logs and billing exports usually have."""

import csv
import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, cast

LOG: Mapping[str, str] = {
    "id": "request_id id call_id span_id",
    "time": "ts time timestamp created_at start_time starttime created started_at date",
    "provider": "provider custom_llm_provider gen_ai.provider.name vendor",
    "project": "project_id workspace_id",
    "api_key": "api_key_id key_id",
    "model": "model response_model gen_ai.response.model model_name",
    "service_tier": "service_tier tier",
    "customer": "customer_id customer tenant_id tenant org_id organization_id company_id end_user client_id",
    "feature": "feature feature_name feature_id use_case",
    "environment": "environment env deployment_environment",
    "operation": "operation_id operation",
    "status": "status",
    "input_total": "input_total prompt_tokens input_tokens tokens_in gen_ai.usage.input_tokens",
    "input_cache_read": "cached_tokens cache_read_tokens cache_read_input_tokens input_cached_tokens",
    "input_cache_write_5m": "cache_write_5m_tokens ephemeral_5m_input_tokens",
    "input_cache_write_1h": "cache_write_1h_tokens ephemeral_1h_input_tokens",
    "output": "output completion_tokens output_tokens tokens_out gen_ai.usage.output_tokens",
}
REVENUE: Mapping[str, str] = {
    "customer": "customer customer_id tenant_id org_id account account_id client_id company_id",
    "feature": "feature product sku",
    "amount": "amount revenue net_amount total price mrr",
    "currency": "currency currency_code",
    "day": "day date",
    "from": "from period_start start starts_at start_date",
    "until": "until period_end end ends_at end_date",
}


def guessed(names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """{ours: theirs} for the columns whose names are known; each of theirs is taken once."""
    theirs = {name.lower(): name for name in reversed(list(names))}
    found: dict[str, str] = {}
    for ours, spellings in known.items():
        named = next((theirs[name] for name in spellings.split() if name in theirs), None)
        if named is not None and named not in found.values():
            found[ours] = named
    return found


def header(path: Path) -> list[str]:
    """The columns of a Parquet, CSV or JSONL file; of JSON the keys of its first line, `a.b` for one inside another.

    OSError or ValueError where it cannot be read.
    """
    name = path.name.lower()
    if name.endswith(".parquet"):
        import pyarrow.parquet as pq

        return [str(column) for column in pq.read_schema(path).names]
    with _opened(path) as stream:
        first = stream.readline().decode("utf-8-sig")
    if name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        return list(_flat(json.loads(first or "{}")))
    return max((next(csv.reader([first], delimiter=d), []) for d in ",;\t|"), key=len)


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def _flat(value: Mapping[str, object], within: str = "") -> Iterable[str]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{within}{name}.")
        else:
            yield within + name
