"""Anthropic's older usage and cost reports, in day buckets: for organizations without the analytics API.

Cost is not broken down by key here, has no list price, and names its kind in words beside the codes. The default
workspace is null; everywhere else it has an id, and it gets that one.
"""

from collections.abc import Iterator, Mapping

from llm_finops.connectors import _fields
from llm_finops.connectors._anthropic_rows import COUNTED_FIELDS, GRAIN, Charge, charged, used
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._paging import follow
from llm_finops.connectors._pulling import Answer, Doubts, bucketed
from llm_finops.connectors._reading import Reader
from llm_finops.connectors.contract import Asked
from llm_finops.core.records import ANY, CostLine, Usage

NAME = "legacy"
_ROOT = "/v1/organizations"
_PATHS = {"usage": f"{_ROOT}/usage_report/messages", "cost": f"{_ROOT}/cost_report"}
_GRAINS = {"usage": GRAIN, "cost": ("workspace_id", "description")}
_BUCKETS_MAX = 31

_DIMENSIONS = frozenset("account_id service_account_id inference_geo speed".split()) | frozenset(GRAIN)
_USAGE_FIELDS = COUNTED_FIELDS | _DIMENSIONS
_COST_FIELDS = frozenset("amount currency description cost_type token_type".split()) | _DIMENSIONS
_OLDER = (
    "the organization does not have the analytics API: read from the older reports, which tell cost by no key and at"
    " no list price"
)


def fetch(reader: Reader, report: str, asked: Asked) -> Mapping[str, Answer]:
    """A window's buckets, `usage` or `cost`, by day."""
    grain = _GRAINS[report]
    what = f"{report} of {asked} (older reports)"

    def page(cursor: str | None) -> Fields:
        params = [
            ("starting_at", f"{asked.first}T00:00:00Z"),
            ("ending_at", f"{asked.until}T00:00:00Z"),
            ("bucket_width", "1d"),
            *(("group_by[]", name) for name in grain),
            ("limit", str(_BUCKETS_MAX)),
            *([("page", cursor)] if cursor else []),
        ]
        return reader.get(_PATHS[report], params, what)

    pages = follow(page, "next_page", f"{reader.access}, {what}")
    answers = bucketed(pages, asked, reader, what, ("starting_at", "ending_at"), grain)
    for answer in answers.values():
        answer.interface = NAME
    return answers


def in_default_workspace(answers: Mapping[str, Answer]) -> list[Answer]:
    """The answers with rows of the default workspace, which have no id of it."""
    return [answer for answer in answers.values() if any(map(_has_none, answer.rows))]


def name_default(answer: Answer, workspace: str) -> None:
    """Give the rows of the default workspace its id."""
    answer.rows = [{**row, "workspace_id": workspace} if _has_none(row) else row for row in answer.rows]


def _has_none(row: Fields) -> bool:
    return row.get("workspace_id", "") is None


def note(answer: Answer, report: str, doubts: Doubts) -> None:
    """Say by which interface a day was read."""
    doubts.add("older interface", report, "days", 1, _OLDER)
    if unnamed := sum(_has_none(row) for row in answer.rows):
        detail = "the list of workspaces does not tell which is the default one; it has no id here"
        doubts.add("default workspace unknown", report, "rows", unnamed, detail)


def read_usage(answer: Answer, row: Fields, doubts: Doubts) -> Iterator[Usage]:
    """A row's usage by meter."""
    doubts.unknown_fields(row, _USAGE_FIELDS)
    return used(answer, row, row, doubts)


def read_cost(answer: Answer, row: Fields, doubts: Doubts) -> tuple[tuple[object, ...], CostLine]:
    """A row's cost line, and what Anthropic tells it from others by."""
    doubts.unknown_fields(row, _COST_FIELDS)
    workspace, item = (_fields.promised(row, name) for name in _GRAINS["cost"])
    names = ("model", "service_tier", "context_window", "cost_type", "token_type")
    model, *rest = (_fields.promised(row, name) for name in names)
    if row["cost_type"] != "tokens":
        model = model or ANY  # "Web Search Usage" is of all models
    line = charged(answer, Charge(workspace, ANY, model, *rest), row, item, doubts)
    return (workspace, item, *(row[name] for name in names), line.currency), line
