"""The finops.toml of the made-up company."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from llm_finops.demo import keys, unlogged
from llm_finops.demo.company import REPORTS, SEARCH
from llm_finops.demo.files import INVOICES, PRICES, REQUESTS, REVENUE, write_if_changed
from llm_finops.demo.invoices import invoiced
from llm_finops.demo.world import Window

CONFIG_NAME = "finops.toml"
SLACK_CHANNEL = "C0LANTERN01"
OPENAI_KEY_VARIABLE, ANTHROPIC_KEY_VARIABLE = "OPENAI_ADMIN_KEY", "ANTHROPIC_ADMIN_KEY"
SLACK_TOKEN_VARIABLE = "SLACK_BOT_TOKEN"  # noqa: S105  (the name of a variable)

# Our name of each field of the request log, and the gateway's.
_LOG_COLUMNS = {
    "id": "request_id",
    "time": "ts",
    "provider": "provider",
    "project": "project_id",
    "api_key": "api_key_id",
    "model": "model",
    "service_tier": "tier",
    "customer": "customer_id",
    "feature": "feature",
    "environment": "env",
    "operation": "operation_id",
    "status": "status",
    "input_total": "prompt_tokens",
    "input_cache_read": "cached_tokens",
    "input_cache_write_5m": "cache_write_5m_tokens",
    "input_cache_write_1h": "cache_write_1h_tokens",
    "output": "completion_tokens",
}
_REVENUE_COLUMNS = {name: name for name in ("customer", "feature", "amount", "currency", "from", "until")}
_STAGING = {"customer": keys.INTERNAL, "environment": keys.STAGING, "cost_class": "opex"}
_OWNERS: tuple[tuple[str, keys.Key, Mapping[str, str]], ...] = (
    ("staging at OpenAI", keys.OPENAI_STAGING, _STAGING),
    ("staging at Anthropic", keys.ANTHROPIC_STAGING, _STAGING),
    ("nightly enrichment", keys.OPENAI_ENRICHMENT, {"customer": "northwind", "feature": REPORTS}),
    ("contract extraction", keys.ANTHROPIC_CONTRACTS, {"customer": "harbor-legal", "feature": SEARCH}),
)

Table = Mapping[str, object]


def write_config(
    home: Path,
    window: Window,
    openai_url: str,
    anthropic_url: str,
    slack_url: str | None = None,
    *,
    logged: bool = True,
) -> Path:
    """Write finops.toml into `home`, unless it says so already; its path.

    It starts at the window's first day, or where an earlier one did. Without `slack_url` nothing is posted. A company
    that is not `logged` has no request log, but rules by key and shares by seat.
    """
    path = home / CONFIG_NAME
    tables = [
        *_tables(openai_url, anthropic_url, logged=logged),
        *_invoices(home, window),
        *_slack(slack_url),
        ("[reporting]", {"at": "06:30"}),
    ]
    lines = ["# The made-up company of `llm-finops demo`, written by it.", f"start_date = {_start(path, window)}"]
    for heading, table in tables:
        lines += ["", heading, *(f"{_name(name)} = {_value(value)}" for name, value in table.items())]
    write_if_changed(path, ("\n".join(lines) + "\n").encode())
    return path


def is_logged(home: Path) -> bool:
    """Whether the company in this home has a request log."""
    return "requests" in tomllib.loads((home / CONFIG_NAME).read_text(encoding="utf-8"))


def _tables(openai_url: str, anthropic_url: str, *, logged: bool) -> Iterator[tuple[str, Table]]:
    for provider, variable, url, hours in (
        (keys.OPENAI, OPENAI_KEY_VARIABLE, openai_url, 24),
        (keys.ANTHROPIC, ANTHROPIC_KEY_VARIABLE, anthropic_url, 6),
    ):
        yield f"[providers.{provider}]", {"admin_key_env": variable, "base_url": url, "settle_hours": hours}
    if logged:
        yield "[requests.gateway]", {"paths": [f"{REQUESTS}/*.parquet"], "columns": _LOG_COLUMNS}
    yield "[revenue.billing]", {"paths": [f"{REVENUE}/*.csv"], "columns": _REVENUE_COLUMNS}
    yield "[prices]", {"paths": [PRICES]}
    yield "[models]", keys.ALIASES
    for name, key, given in _OWNERS:
        yield "[[owners]]", {"name": name, "match": {"account": key.project.provider, "api_key": key.id}, **given}
    if not logged:
        yield from unlogged.rules()


def _invoices(home: Path, window: Window) -> Iterator[tuple[str, Table]]:
    """Of a provider that has sent any: paths without a file are refused."""
    for provider in keys.PROVIDERS:
        written = next((home / INVOICES).glob(f"{provider}-*.csv"), None)
        if written or any(provider == by for _, by in invoiced(window)):
            yield f"[invoices.{provider}]", {"account": provider, "paths": [f"{INVOICES}/{provider}-*.csv"]}


def _slack(url: str | None) -> list[tuple[str, Table]]:
    if url is None:
        return []
    return [("[slack]", {"channel": SLACK_CHANNEL, "token_env": SLACK_TOKEN_VARIABLE, "base_url": url})]


def _start(path: Path, window: Window) -> date:
    if not path.is_file():
        return window.first
    written = tomllib.loads(path.read_text(encoding="utf-8")).get("start_date")
    return min(written, window.first) if isinstance(written, date) else window.first


def _value(value: object) -> str:
    """A value as TOML writes it; text as JSON does, which is TOML too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_value(name)} = {_value(inner)}" for name, inner in value.items()) + " }"
    return json.dumps(value)


def _name(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else json.dumps(name)
