"""Anthropic: the Usage and Cost Analytics API (beta), in rows by day, under an Admin key.

Input is counted without what was read from or written to a cache, so its meters are disjoint as they come. Amounts
are text in CENTS, fractions of a cent included: "123.45" is $1.2345, after discounts and before credits.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from pydantic import field_validator

from llm_finops.connectors import _fields, contract
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._paging import follow, listed
from llm_finops.connectors._pulling import Answer, Doubts, Report, canonical, pull
from llm_finops.connectors._reading import Access, Reader
from llm_finops.connectors._rows import add_up, cost_line, money, numbered
from llm_finops.connectors.contract import PATIENCE, Asked, Clock, NotWhole, Pulled, Waiting, utc_now
from llm_finops.core import meters
from llm_finops.core.records import ANY, NONE, CostLine, Name, Usage

PROVIDER = "anthropic"

_VERSION = {"anthropic-version": "2023-06-01", "anthropic-beta": "analytics-usage-cost-2026-08-24"}
_ROOT = "/v1/organizations"
# Five are allowed, and the two of costs. So `speed` and `inference_geo` are not told apart: what was charged holds
# them, but usage of fast mode or of a region is priced like any other, which shows as "usage and cost differ" once it
# weighs.
_GRAIN = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
_COST_GRAIN = (*_GRAIN, "cost_type", "token_type")
_WINDOW_DAYS = 31

_METERS = {
    "uncached_input_tokens": "input_uncached",
    "cache_read_input_tokens": "input_cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "input_cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "input_cache_write_1h",
    "output_tokens": "output",
}
_CHARGES = {name: name for name in ("web_search", "code_execution", "session_usage")}
_TOOL_FIELDS = frozenset({"web_search_requests"})
_ROW_FIELDS = frozenset("starting_at ending_at group usage cost".split())
_GROUP_FIELDS = frozenset(
    """actor actor_type agent_id api_key_id claude_tag_category claude_tag_user_id context_window cost_type
    deployment_id environment_id inference_geo model organization_id product rbac_group_id service_tier session_id
    slack_channel_id speed token_type user_profile_id workspace_id""".split()
)
_USAGE_FIELDS = frozenset(
    {*(name.partition(".")[0] for name in _METERS), "server_tool_use", "requests", "total_tokens"}
)
_CACHE_FIELDS = frozenset(name.partition(".")[2] for name in _METERS)
_COST_FIELDS = frozenset("amount list_amount currency requests".split())


class Options(contract.Options):
    """`[providers.anthropic]`."""

    admin_key_env: contract.Variable = "ANTHROPIC_ADMIN_KEY"
    base_url: str = "https://api.anthropic.com"
    settle_hours: contract.Hours = 6

    @field_validator("base_url")
    @classmethod
    def _without_version(cls, url: str) -> str:
        return url.rstrip("/").removesuffix("/v1")  # people copy it with and without


def connect(
    account: str, options: Options, key: str, *, wait: Waiting = PATIENCE, clock: Clock = utc_now
) -> contract.Connector:
    """An organization under its Admin key. Nothing is sent yet; Refused if the key cannot be one."""
    access = Access(PROVIDER, account, options, "an Admin key (sk-ant-admin...) or one that may read analytics", key)
    return _Organization(Reader(access, {"x-api-key": key, **_VERSION}, wait, clock))


class _Organization:
    """One organization; ranges are asked for in windows of at most 31 days."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usage(self, asked: Asked) -> Pulled[Usage]:
        report = Report(lambda days: self._rows("usage", days, _GRAIN), read_usage, _WINDOW_DAYS)
        return pull(self._reader, asked, report)

    def costs(self, asked: Asked) -> Pulled[CostLine]:
        report = Report(lambda days: self._rows("cost", days, _COST_GRAIN), read_costs, _WINDOW_DAYS)
        return pull(self._reader, asked, report)

    def names(self) -> tuple[Name, ...]:
        self._reader.begin()
        every = (("include_archived", "true"), ("include_default", "true"))
        projects = self._listed("workspaces", lambda entry: _name("project", entry, NONE), *every)
        keys = self._listed("api_keys", lambda entry: _name("api_key", entry, _workspace(entry)))
        return tuple(sorted({*projects, *keys}))

    def close(self) -> None:
        self._reader.close()

    def _rows(self, report: str, asked: Asked, grain: tuple[str, ...]) -> Mapping[str, Answer]:
        """A window's rows by day. A day without rows is answered too: the last page says that there are no more."""
        where = f"{self._reader.access}, {report} of {asked}"
        fresh = now = self._reader.clock()
        answers = {day: Answer(asked.account, PROVIDER, day, [], grain) for day in asked.days}
        seen: dict[str, str] = {}
        for page in follow(lambda cursor: self._page(report, asked, grain, cursor), "next_page", where):
            fresh = min(fresh, _refreshed(page) or now)
            for row in _fields.objects(page, "data"):
                day, clipped = _fields.day_of(row, "starting_at", "ending_at")
                if day not in answers or (clipped and _fields.is_over(day, now)):
                    raise NotWhole(f"{where}: expected rows of whole days asked for, saw {_fields.shown(row)}")
                _take(answers[day], row, seen, where)
        for day, answer in answers.items():
            answer.clipped = not _fields.is_over(day, fresh)
        return answers

    def _page(self, report: str, asked: Asked, grain: tuple[str, ...], cursor: str | None) -> Fields:
        params = [
            ("starting_at", f"{asked.first}T00:00:00Z"),
            ("ending_at", f"{asked.until}T00:00:00Z"),
            ("time_bucket_width", "1d"),
            *(("group_by[]", name) for name in grain),
            ("order_by", "time"),  # the default, by amount, reshuffles while one pages
            ("order", "asc"),
            ("limit", "1000"),
        ]
        path = f"{_ROOT}/analytics/{report}"
        return self._reader.get(path, [*params, ("page", cursor)] if cursor else params, f"{report} of {asked}")

    def _listed(self, name: str, read: Callable[[Fields], Name], *params: tuple[str, str]) -> list[Name]:
        return listed(self._reader, f"{_ROOT}/{name}", [*params, ("limit", "1000")], ("last_id", "after_id"), read)


def _take(answer: Answer, row: Fields, seen: dict[str, str], where: str) -> None:
    """Put a row with its day. A group has one row a day: twice the same is a page that overlaps another."""
    key, content = f"{answer.day} {canonical(_fields.inner(row, 'group'))}", canonical(row)
    if key not in seen:
        seen[key] = content
        answer.rows.append(row)
    elif seen[key] == content:
        answer.duplicates += 1
    else:
        raise NotWhole(f"{where}: a row of {answer.day} came twice with other content; it changed while being read")


def _refreshed(page: Fields) -> datetime | None:
    """Until when Anthropic says its data reach; not every answer says so."""
    try:
        return _fields.instant(page, "data_refreshed_at")
    except _fields.Unreadable:
        return None


def _workspace(entry: Fields) -> str:
    scope = entry.get("scope")
    return _fields.text(scope if isinstance(scope, dict) else entry, "workspace_id") or NONE


def _name(kind: str, entry: Fields, project: str) -> Name:
    identity = _fields.required(entry, "id")
    return Name(kind, identity, _fields.text(entry, "name") or identity, project)


def read_usage(answer: Answer, doubts: Doubts) -> list[Usage]:
    """A day's usage by meter. Unreadable where a quantity is missing or negative."""
    return add_up(usage for row in answer.rows for usage in _usage(answer, row, doubts))


def _usage(answer: Answer, row: Fields, doubts: Doubts) -> Iterator[Usage]:
    group = _group(row, doubts)
    said = _fields.inner(row, "usage")
    cache, tools = _fields.inner(said, "cache_creation"), _fields.inner(said, "server_tool_use")
    for fields, known in ((said, _USAGE_FIELDS), (cache, _CACHE_FIELDS), (tools, _TOOL_FIELDS)):
        doubts.unknown_fields(fields, known)
    project, key, model, tier, band = (_fields.promised(group, name) or NONE for name in _GRAIN)
    dimensions = (answer.account, PROVIDER, project, key, NONE, model, tier, band)
    tokens = {}
    for name, meter in _METERS.items():
        outer, _, within = name.partition(".")
        tokens[meter] = _fields.count(cache, within) if within else _fields.count(said, outer)
        yield Usage(*dimensions, meter, meters.TOKENS, tokens[meter])
    off = abs(_fields.count(said, "total_tokens") - sum(tokens.values()))
    if off:
        detail = (
            f"the parts add up to {sum(tokens.values())}, total_tokens is {said['total_tokens']}; the parts are booked"
        )
        doubts.add("meters disagree", model, meters.TOKENS, off, detail)
    searches = _fields.count(tools, "web_search_requests")
    yield Usage(*dimensions, "web_search", meters.UNITS["web_search"], searches)


def _group(row: Fields, doubts: Doubts) -> Fields:
    group = _fields.inner(row, "group")
    doubts.unknown_fields(row, _ROW_FIELDS)
    doubts.unknown_fields(group, _GROUP_FIELDS, "group.")
    return group


def read_costs(answer: Answer, doubts: Doubts) -> list[CostLine]:
    """A day's cost lines. Unreadable where an amount is missing or no exact number of cents."""
    return numbered(_cost(answer, row, doubts) for row in answer.rows)


def _cost(answer: Answer, row: Fields, doubts: Doubts) -> tuple[tuple[object, ...], CostLine]:
    group, cost = _group(row, doubts), _fields.inner(row, "cost")
    doubts.unknown_fields(cost, _COST_FIELDS, "cost.")
    key = tuple(_fields.promised(group, name) for name in _COST_GRAIN)
    *dimensions, cost_type, token_type = key
    item = ", ".join(part for part in (cost_type, token_type) if part) or NONE
    what = f"{item} of {dimensions[2]} in workspace {dimensions[0]}"
    amount = money(_fields.get(cost, "amount"), _fields.get(cost, "currency"), what, minor=True)
    listed_at = cost.get("list_amount")
    project, api_key, model, tier, band = (value or NONE for value in dimensions)
    if cost_type != "tokens":  # not priced by tier or length of context: null says nothing of them
        tier, band = (value or ANY for value in dimensions[3:])
    line = cost_line(answer, amount, str(cost["amount"]))._replace(
        project=project,
        api_key=api_key,
        model=model,
        service_tier=tier,
        context_band=band,
        meter=_meter(cost_type, token_type, doubts),
        line_item=item,
        provider_list_nano=None if listed_at is None else money(listed_at, amount.currency, what, minor=True).nano,
    )
    return (*key, amount.currency), line


def _meter(cost_type: str | None, token_type: str | None, doubts: Doubts) -> str:
    if cost_type == "tokens" and token_type is None:
        return ANY
    meter = _METERS.get(token_type or "") if cost_type == "tokens" else _CHARGES.get(cost_type or "")
    if meter is None:
        doubts.add("unknown label", f"{cost_type}, {token_type}", "lines", 1, "booked whole under `other`")
    return meter or meters.OTHER
