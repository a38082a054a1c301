"""LiteLLM callback: appends one line a request to logs/requests.jsonl, with the columns that finops.toml maps.

Proxy: put this file beside config.yaml, and in it `litellm_settings: {callbacks: litellm_callback.finops_log}`.
In Python: `litellm.callbacks = [finops_log]`. Say whom a request is for when you send it: `user="CUSTOMER"` and
`metadata={"feature": "FEATURE"}`.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

LOG = Path(os.environ.get("LLM_FINOPS_LOG", "logs/requests.jsonl"))


class FinopsLog(CustomLogger):
    """One line a request, the failed ones too: a provider may charge for them."""

    def log_success_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: Any) -> None:
        """Of a request made without `await`."""
        append(kwargs, response_obj, start_time)

    log_failure_event = log_success_event

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: datetime, end_time: Any
    ) -> None:
        """Of a request that was awaited, and of every one of the proxy."""
        append(kwargs, response_obj, start_time)

    async_log_failure_event = async_log_success_event


def append(kwargs: dict[str, Any], response: Any, start: datetime) -> None:
    """Write what LiteLLM tells its loggers about a request."""
    told = kwargs["standard_logging_object"]
    if told.get("cache_hit"):
        return  # LiteLLM's own cache answered: no provider saw the request
    said = told["metadata"]
    given = {**((kwargs.get("litellm_params") or {}).get("metadata") or {}), **(said.get("requester_metadata") or {})}
    usage = said.get("usage_object") or {}
    parts = usage.get("prompt_tokens_details") or {}
    lives = parts.get("cache_creation_token_details") or {}
    written = parts.get("cache_creation_tokens") or parts.get("cache_write_tokens") or 0
    by_life = {life: lives.get(f"ephemeral_{life}_input_tokens") or 0 for life in ("5m", "30m", "1h", "12h")}
    row = {
        "id": told["id"],
        "time": start.astimezone().isoformat(),
        "provider": told["custom_llm_provider"],
        # What the provider answers with is its own name of the model; what was asked for may be an alias.
        "model": getattr(response, "model", None) or told["model"],
        "customer": told.get("end_user") or told["model_parameters"].get("user"),
        "feature": given.get("feature"),
        "status": told["status"],
        "input_total": told["prompt_tokens"],  # LiteLLM counts cached tokens in, for every provider
        "cache_read": parts.get("cached_tokens") or 0,
        "cache_write": max(written - sum(by_life.values()), 0),
        **{f"cache_write_{life}": tokens for life, tokens in by_life.items()},
        "output": told["completion_tokens"],
        "service_tier": usage.get("service_tier") or getattr(response, "service_tier", None),
    }
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


finops_log = FinopsLog()
