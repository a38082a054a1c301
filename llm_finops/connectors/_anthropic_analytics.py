"""Anthropic's Usage and Cost Analytics API (beta): rows by day, broken down by key, in pages of rows."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from llm_finops.connectors import _fields
from llm_finops.connectors._anthropic_rows import COUNTED_FIELDS, GRAIN, PROFILE, Charge, charged, used
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._paging import follow
from llm_finops.connectors._pulling import Answer, Doubts, canonical
from llm_finops.connectors._reading import Reader
from llm_finops.connectors.contract import Asked, NotWhole, SourceError
from llm_finops.core import meters
from llm_finops.core.records import ANY, CostLine, Usage

BETA = "analytics-usage-cost-2026-08-24"
_HEADERS = {"anthropic-beta": BETA}
_KINDS = ("cost_type", "token_type")
_ROW_FIELDS = frozenset("starting_at ending_at group usage cost".split())
_GROUP_FIELDS = frozenset(
    """actor actor_type agent_id api_key_id claude_tag_category claude_tag_user_id context_window cost_type
    deployment_id environment_id inference_geo model organization_id product rbac_group_id service_tier session_id
    slack_channel_id speed token_type user_profile_id workspace_id""".split()
)
_USAGE_FIELDS = COUNTED_FIELDS | {"requests", "total_tokens"}
_COST_FIELDS = frozenset("amount list_amount currency requests".split())


def is_lacking(error: SourceError) -> bool:
    """Whether an answer says that the organization does not have this interface yet: 404, or words about the beta."""
    named = "anthropic-beta" in error.said or BETA in error.said
    return error.status == 404 or (error.status in {400, 403} and named)


def usage_grain(*, by_profile: bool) -> tuple[str, ...]:
    """What usage is grouped by. Five are allowed: profiles take the place of the length of context."""
    return (*GRAIN[:4], PROFILE) if by_profile else GRAIN


def cost_grain(*, by_profile: bool) -> tuple[str, ...]:
    """What costs are grouped by: as usage, so that they meet, without the profile, which no cost line has."""
    return (*(GRAIN[:4] if by_profile else GRAIN), *_KINDS)


def fetch(reader: Reader, report: str, asked: Asked, grain: tuple[str, ...]) -> Mapping[str, Answer]:
    """A window's rows by day. A day without rows is answered too: the last page says that there are no more."""
    where = f"{reader.access}, {report} of {asked}"
    fresh = now = reader.clock()
    provider = reader.access.provider
    answers = {day: Answer(asked.account, provider, day, [], grain) for day in asked.days}
    seen: dict[str, str] = {}
    for page in follow(lambda cursor: _page(reader, report, asked, grain, cursor), "next_page", where):
        fresh = min(fresh, _refreshed(page) or now)
        for row in _fields.objects(page, "data"):
            day, clipped = _fields.day_of(row, "starting_at", "ending_at")
            if day not in answers or (clipped and _fields.is_over(day, now)):
                raise NotWhole(f"{where}: expected rows of whole days asked for, saw {_fields.shown(row)}")
            _take(answers[day], row, seen, where)
    for day, answer in answers.items():
        answer.clipped = not _fields.is_over(day, fresh)
    return answers


def _page(reader: Reader, report: str, asked: Asked, grain: tuple[str, ...], cursor: str | None) -> Fields:
    params = [
        ("starting_at", f"{asked.first}T00:00:00Z"),
        ("ending_at", f"{asked.until}T00:00:00Z"),
        ("time_bucket_width", "1d"),
        *(("group_by[]", name) for name in grain),
        ("order_by", "time"),  # the default, by amount, reshuffles while one pages
        ("order", "asc"),
        ("limit", "1000"),
        *([("page", cursor)] if cursor else []),
    ]
    return reader.get(f"/v1/organizations/analytics/{report}", params, f"{report} of {asked}", _HEADERS)


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


def read_usage(answer: Answer, row: Fields, doubts: Doubts) -> Iterator[Usage]:
    """A row's usage by meter."""
    group, said = _group(row, doubts), _fields.inner(row, "usage")
    doubts.unknown_fields(said, _USAGE_FIELDS)
    rows = list(used(answer, group, said, doubts))
    tokens = sum(usage.quantity for usage in rows if usage.unit == meters.TOKENS)
    if off := abs(_fields.count(said, "total_tokens") - tokens):
        detail = f"the parts add up to {tokens}, total_tokens is {said['total_tokens']}; the parts are booked"
        doubts.add("meters disagree", rows[0].model, meters.TOKENS, off, detail)
    yield from rows


def read_cost(answer: Answer, row: Fields, doubts: Doubts) -> tuple[tuple[object, ...], CostLine]:
    """A row's cost line, and what Anthropic tells it from others by."""
    group, cost = _group(row, doubts), _fields.inner(row, "cost")
    doubts.unknown_fields(cost, _COST_FIELDS, "cost.")
    key = {name: _fields.promised(group, name) for name in answer.grain}
    line = charged(answer, Charge(*(key.get(name, ANY) for name in (*GRAIN, *_KINDS))), cost, None, doubts)
    return (*key.values(), line.currency), line


def _group(row: Fields, doubts: Doubts) -> Fields:
    group = _fields.inner(row, "group")
    doubts.unknown_fields(row, _ROW_FIELDS)
    doubts.unknown_fields(group, _GROUP_FIELDS, "group.")
    return group
