"""Anthropic's rows, whichever interface they came by: the same quantities and charges, read by the same tables."""

from collections.abc import Iterator
from typing import NamedTuple

from llm_finops.connectors import _fields
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._pulling import Answer, Doubts
from llm_finops.connectors._rows import cost_line, money
from llm_finops.core import meters
from llm_finops.core.records import ANY, NONE, CostLine, Usage

# Five are allowed, and the two of costs. So `speed` and `inference_geo` are not told apart: what was charged holds
# them, but usage of fast mode or of a region is priced like any other, which shows as "usage and cost differ" once it
# weighs.
GRAIN = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
PROFILE = "user_profile_id"

_METERS = {
    "uncached_input_tokens": "input_uncached",
    "cache_read_input_tokens": "input_cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "input_cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "input_cache_write_1h",
    "output_tokens": "output",
}
_CHARGES = {name: name for name in ("web_search", "code_execution", "session_usage")}
_CACHE_FIELDS = frozenset(name.partition(".")[2] for name in _METERS)
_TOOL_FIELDS = frozenset({"web_search_requests"})
COUNTED_FIELDS = frozenset({*(name.partition(".")[0] for name in _METERS), "server_tool_use"})

# Bought by the month: it stands in usage, and in no cost report.
_COMMITTED = "priority"


class Charge(NamedTuple):
    """What a row of costs names; None where it says null, `(any)` where it was not broken down."""

    workspace: str | None
    api_key: str | None
    model: str | None
    service_tier: str | None
    context_window: str | None
    cost_type: str | None
    token_type: str | None


def used(answer: Answer, group: Fields, said: Fields, doubts: Doubts) -> Iterator[Usage]:
    """What a row says was used; `group` names it, in the dimensions that were asked for. Unreadable if it lacks any."""
    cache, tools = _fields.inner(said, "cache_creation"), _fields.inner(said, "server_tool_use")
    doubts.unknown_fields(cache, _CACHE_FIELDS)
    doubts.unknown_fields(tools, _TOOL_FIELDS)
    named = {name: _fields.promised(group, name) or NONE for name in answer.grain}
    project, key, model, tier, band, actor = (named.get(name, NONE) for name in (*GRAIN, PROFILE))
    dimensions = (answer.account, answer.provider, project, key, actor, model, tier, band)
    tokens = 0
    for name, meter in _METERS.items():
        outer, _, within = name.partition(".")
        quantity = _fields.count(cache, within) if within else _fields.count(said, outer)
        tokens += quantity
        yield Usage(*dimensions, meter, meters.TOKENS, quantity)
    if tier == _COMMITTED and tokens:
        detail = "Priority Tier is bought by commitment: it is in usage and in no cost report"
        doubts.add("paid by commitment", model, meters.TOKENS, tokens, detail)
    searches = _fields.count(tools, "web_search_requests")
    yield Usage(*dimensions, "web_search", meters.UNITS["web_search"], searches)


def charged(answer: Answer, of: Charge, cost: Fields, item: str | None, doubts: Doubts) -> CostLine:
    """What a row says was charged. Unreadable where an amount is missing or no exact number of cents."""
    label = ", ".join(part for part in (of.cost_type, of.token_type) if part) or NONE
    what = f"{item or label} of {of.model} in workspace {of.workspace}"
    amount = money(_fields.get(cost, "amount"), _fields.get(cost, "currency"), what, minor=True)
    listed_at = cost.get("list_amount")
    tier, band = of.service_tier, of.context_window
    if of.cost_type != "tokens":  # not priced by tier or length of context: null says nothing of them
        tier, band = tier or ANY, band or ANY
    return cost_line(answer, amount, str(cost["amount"]))._replace(
        project=of.workspace or NONE,
        api_key=of.api_key or NONE,
        model=of.model or NONE,
        service_tier=tier or NONE,
        context_band=band or NONE,
        meter=_meter(of.cost_type, of.token_type, doubts),
        line_item=item or label,
        provider_list_nano=None if listed_at is None else money(listed_at, amount.currency, what, minor=True).nano,
    )


def _meter(cost_type: str | None, token_type: str | None, doubts: Doubts) -> str:
    if cost_type == "tokens" and token_type is None:
        return ANY
    meter = _METERS.get(token_type or "") if cost_type == "tokens" else _CHARGES.get(cost_type or "")
    if meter is None:
        doubts.add("unknown label", f"{cost_type}, {token_type}", "lines", 1, "booked whole under `other`")
    return meter or meters.OTHER
