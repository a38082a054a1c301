"""Turns OpenTelemetry spans into a request log: OTLP JSON in (the collector's `file` exporter), JSON lines out.

    python otel_spans.py spans.json > logs/spans-2026-11-23.jsonl

Of each span with gen_ai.* usage it writes the attributes that finops.toml maps, under the names of the semantic
conventions; resource attributes count too. The conventions name no customer: set `llm_finops.customer` and
`llm_finops.feature` on your spans. Sampled spans are a part of the requests, and cover as much of the bill.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# Names of before, under which some instrumentations still send.
FORMER = {
    "gen_ai.system": "gen_ai.provider.name",
    "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.openai.response.service_tier": "openai.response.service_tier",
}
KEPT = ("gen_ai.", "openai.", "llm_finops.", "deployment.environment.name", "error.type")


def rows(batches: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row a span that says what it used. A span around others that repeats their usage would count it twice."""
    for batch in batches:
        for resource in batch.get("resourceSpans", ()):
            shared = attributes(resource.get("resource", {}))
            for scope in resource.get("scopeSpans", ()):
                for span in scope.get("spans", ()):
                    said = {**shared, **attributes(span)}
                    agent = said.get("gen_ai.operation.name") in {"invoke_agent", "create_agent", "invoke_workflow"}
                    if "gen_ai.usage.output_tokens" in said and not agent:
                        yield row(span, said)


def row(span: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """The span's own time and id, and what of its attributes is about the request."""
    model = said.get("gen_ai.response.model") or said.get("gen_ai.request.model")
    failed = span.get("status", {}).get("code") in {2, "STATUS_CODE_ERROR"}
    about = {"span_id": f"{span['traceId']}-{span['spanId']}", "start_time_unix_nano": span["startTimeUnixNano"]}
    kept = {name: value for name, value in said.items() if name.startswith(KEPT) and "messages" not in name}
    return {**about, "model": model, "status": "error" if failed else "ok", **kept}


def attributes(of: dict[str, Any]) -> dict[str, Any]:
    """OTLP's list of {key, value: {stringValue | intValue | ...}} as a dictionary, under the present names."""
    found = {entry["key"]: next(iter(entry["value"].values()), None) for entry in of.get("attributes", ())}
    return {**{FORMER[name]: value for name, value in found.items() if name in FORMER}, **found}


def main(paths: list[str]) -> None:
    """Convert files, a JSON object a line."""
    for path in paths:
        with Path(path).open(encoding="utf-8") as file:
            for found in rows(json.loads(line) for line in file if line.strip()):
                sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
