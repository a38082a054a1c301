"""Logs requests of the OpenAI and Anthropic SDKs: one line each in logs/requests.jsonl, as finops.toml maps it.

    answer = logged(client.responses.create(...), customer="acme", feature="support")
    answer = logged(client.messages.create(...), customer="acme", feature="support")

Of a stream, pass the last object that has `usage` (OpenAI sends it with stream_options={"include_usage": True};
Anthropic's is stream.get_final_message()).
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

LOG = Path(os.environ.get("LLM_FINOPS_LOG", "logs/requests.jsonl"))
Response = TypeVar("Response")


def logged(response: Response, *, customer: str, feature: str, **more: str) -> Response:
    """Append the response's usage; `more` may say environment, operation, actor, api_key or project (the ids)."""
    answer: Any = response
    meters = _anthropic(answer.usage) if hasattr(answer.usage, "cache_read_input_tokens") else _openai(answer.usage)
    about = {"id": answer.id, "time": datetime.now(UTC).isoformat(), "model": answer.model, **more}
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**about, "customer": customer, "feature": feature, **_tier(answer), **meters}) + "\n")
    return response


def _openai(usage: Any) -> dict[str, Any]:
    """OpenAI counts cached tokens into the input; Chat Completions and Responses differ in names only."""
    chat = hasattr(usage, "prompt_tokens")
    parts = getattr(usage, "prompt_tokens_details" if chat else "input_tokens_details", None)
    return {
        "provider": "openai",
        "input_total": usage.prompt_tokens if chat else usage.input_tokens,
        "cache_read": getattr(parts, "cached_tokens", None) or 0,
        "cache_write": getattr(parts, "cache_write_tokens", None) or 0,
        "output": usage.completion_tokens if chat else usage.output_tokens,
    }


def _anthropic(usage: Any) -> dict[str, Any]:
    """Anthropic counts them beside the input: here they are added to it, so that `input_total` means one thing."""
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    hour = getattr(usage.cache_creation, "ephemeral_1h_input_tokens", 0) or 0
    total = usage.input_tokens + read + written
    lives = {"cache_write_5m": written - hour, "cache_write_1h": hour}
    return {"provider": "anthropic", "input_total": total, "cache_read": read, **lives, "output": usage.output_tokens}


def _tier(answer: Any) -> dict[str, Any]:
    return {"service_tier": getattr(answer, "service_tier", None) or getattr(answer.usage, "service_tier", None)}
