"""OpenAI: the organization's usage and costs reports, in day buckets, under an Admin API key.

Usage comes in one report for each kind of work (`_openai_usage`); a day is whole only if each of them is. Costs name a
project and a line item in words ("gpt-5.6-luna, input"): the tier is known there only where the words name it. Amounts
are dollars, as a JSON number or as text.
"""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import quote

from llm_finops.connectors import _fields, contract
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._openai_items import read_line_item
from llm_finops.connectors._openai_usage import REPORTS, is_lacking, read_usage
from llm_finops.connectors._paging import Entry, follow, listed
from llm_finops.connectors._pulling import Answer, Doubts, Report, bucketed, pull
from llm_finops.connectors._reading import Access, Reader
from llm_finops.connectors._rows import add_up, cost_line, money, numbered, quantity
from llm_finops.connectors.contract import (
    PATIENCE,
    Asked,
    BadRequest,
    Clock,
    Pulled,
    Refused,
    Waiting,
    utc_now,
)
from llm_finops.core import meters
from llm_finops.core.records import ANY, CREDIT, NONE, USAGE, CostLine, Name, Usage

PROVIDER = "openai"
ABOUT = contract.About(
    key_kind="an Admin API key (sk-admin-...) that may read usage",
    scope="read-only; usage and costs need api.usage.read, the names of projects and keys api.management.read"
    " (Organization Administration: Read)",
    made_at="https://platform.openai.com/settings/organization/admin-keys, by an owner of the organization",
    history="the past 365 days",
    lag="costs appear within hours and still change for a day or two",
    begins="sk-admin-",
    other_keys={"sk-proj-": "a project key", "sk-svcacct-": "a service account's key of one project"},
)

_COSTS, _PROJECTS = "/organization/costs", "/organization/projects"
_BY_KEY = "api_key_id"
_COSTS_GRAIN = ("project_id", "line_item")
_COSTS_BUCKETS_MAX, _USAGE_BUCKETS_MAX = 180, 31
_COSTS_FIELDS = frozenset(
    "object amount line_item project_id api_key_id user_id api_source quantity quantity_unit".split()
)

_UNITS = {
    "1000_tokens": (meters.TOKENS, 1000),
    "duration_seconds": ("seconds", 1),
    "duration_minutes": ("minutes", 1),
    "duration_hours": ("hours", 1),
}


class Options(contract.Options):
    """`[providers.openai]`."""

    admin_key_env: contract.Variable = "OPENAI_ADMIN_KEY"
    base_url: str = "https://api.openai.com/v1"
    settle_hours: contract.Hours = 24


def connect(
    account: str, options: Options, key: str, *, wait: Waiting = PATIENCE, clock: Clock = utc_now
) -> contract.Connector:
    """An organization under its Admin API key. Nothing is sent yet; Refused if the key cannot be one."""
    access = Access(PROVIDER, account, options, ABOUT.key_kind, key)
    return _Organization(Reader(access, {"Authorization": f"Bearer {key}"}, wait, clock))


class _Organization:
    """One organization. What it has of usage, and whether costs by key, is found out when first asked, and remembered.

    So it is decided once a load: what has been answered once is not left out further on.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_key = True
        self._has: dict[str, str] = {}  # usage report: "", or why the organization does not have it

    def usage(self, asked: Asked) -> Pulled[Usage]:
        reports = [Report(partial(self._usage, name), partial(read_usage, name)) for name in REPORTS]
        return pull(self._reader, asked, *reports, join=add_up)

    def costs(self, asked: Asked) -> Pulled[CostLine]:
        return pull(self._reader, asked, Report(self._costs, read_costs))

    def names(self) -> tuple[Name, ...]:
        self._reader.begin()
        found: set[Name] = set()
        for name, archived in self._listed(_PROJECTS, _project, ("include_archived", "true")):
            found |= {name, *self._keys(name.id, archived=archived)}
        return tuple(sorted(found))

    def close(self) -> None:
        self._reader.close()

    def _usage(self, name: str, asked: Asked) -> Mapping[str, Answer]:
        grain = REPORTS[name].grain
        if not self._has.get(name):
            try:
                answers = self._buckets(f"/organization/usage/{name}", asked, grain)
            except (BadRequest, Refused) as error:
                if name in self._has or not is_lacking(name, error):
                    raise
                # In words that are the same in every load: the answer's own hold the number of the request.
                self._has[name] = f"the organization does not have it (status {error.status}); nothing of it is counted"
            else:
                self._has[name] = ""
                return answers
        why = self._has[name]
        return {day: Answer(asked.account, PROVIDER, day, [], grain, left_out=why) for day in asked.days}

    def _costs(self, asked: Asked) -> Mapping[str, Answer]:
        if self._by_key:
            try:
                return self._buckets(_COSTS, asked, (*_COSTS_GRAIN, _BY_KEY))
            except BadRequest as error:
                if "group_by" not in error.param and _BY_KEY not in str(error):
                    raise
            self._by_key = False  # documented, yet refused to some organizations
        return self._buckets(_COSTS, asked, _COSTS_GRAIN)

    def _buckets(self, path: str, asked: Asked, grain: tuple[str, ...]) -> Mapping[str, Answer]:
        what = f"{path.removeprefix('/organization/')} of {asked}"
        pages = follow(
            lambda cursor: self._page(path, asked, grain, cursor), "next_page", f"{self._reader.access}, {what}"
        )
        return bucketed(pages, asked, self._reader, what, ("start_time", "end_time"), grain)

    def _page(self, path: str, asked: Asked, grain: tuple[str, ...], cursor: str | None) -> Fields:
        params = [
            ("start_time", str(_fields.unix(asked.first))),
            ("end_time", str(_fields.unix(asked.until))),
            ("bucket_width", "1d"),
            ("limit", str(_COSTS_BUCKETS_MAX if path == _COSTS else _USAGE_BUCKETS_MAX)),
            *(("group_by[]", name) for name in grain),
        ]
        what = f"{path.removeprefix('/organization/')} of {asked}"
        return self._reader.get(path, [*params, ("page", cursor)] if cursor else params, what)

    def _listed(self, path: str, read: Callable[[Fields], Entry], *params: tuple[str, str]) -> list[Entry]:
        return listed(self._reader, path, [*params, ("limit", "100")], ("last_id", "after"), read)

    def _keys(self, project: str, *, archived: bool) -> list[Name]:
        path = f"{_PROJECTS}/{quote(project, safe='')}/api_keys"
        try:
            return self._listed(path, lambda entry: _name("api_key", entry, project))
        except BadRequest:
            if not archived:
                raise
            return []  # an archived project may have lost its keys, and their list with them


def _project(entry: Fields) -> tuple[Name, bool]:
    return _name("project", entry, NONE), _fields.text(entry, "status") == "archived"


def _name(kind: str, entry: Fields, project: str) -> Name:
    identity = _fields.required(entry, "id")
    return Name(kind, identity, _fields.text(entry, "name") or identity, project)


def read_costs(answer: Answer, doubts: Doubts) -> list[CostLine]:
    """A day's cost lines. Unreadable where a row that names something has no amount, or no exact number of dollars."""
    rows = [row for row in answer.rows if not _says_nothing(row)]
    if empty := len(answer.rows) - len(rows):
        doubts.add("empty row", "costs", "rows", empty, "no amount, and nothing named that it could be of; left out")
    if rows and _BY_KEY not in answer.grain:
        detail = "OpenAI refused costs by API key; each line stands for all keys of its project"
        doubts.add("coarser grain", "costs by api_key_id", "lines", len(rows), detail)
    return numbered(_cost(answer, row, doubts) for row in rows)


def _cost(answer: Answer, row: Fields, doubts: Doubts) -> tuple[tuple[object, ...], CostLine]:
    doubts.unknown_fields(row, _COSTS_FIELDS)
    project, item, key = (
        _fields.promised(row, "project_id"),
        _fields.promised(row, "line_item"),
        _fields.text(row, _BY_KEY),
    )
    said = _fields.inner(row, "amount")
    value = _fields.get(said, "value")
    amount = money(value, _fields.get(said, "currency"), f"line item {item!r} of project {project}")
    model, tier, meter = read_line_item(item or "")
    if item and meter == meters.OTHER:
        whose = "no model" if model == ANY else f"model {model}"
        doubts.add("unknown label", item, "lines", 1, f"booked whole under `other`, for {whose}")
    count, unit = _quantity(row, item or NONE, doubts)
    line = cost_line(answer, amount, str(value))._replace(
        project=project or NONE,
        api_key=(key or NONE) if _BY_KEY in answer.grain else ANY,
        model=model,
        service_tier=tier,
        meter=meter,
        line_item=item or NONE,
        quantity=count,
        unit=unit,
        charge_category=CREDIT if "credit" in (item or "").lower() else USAGE,
    )
    return (project, line.api_key, item, amount.currency), line


def _says_nothing(row: Fields) -> bool:
    """Whether a row has no amount and names nothing that one could be of, as was seen live. A field gone is no null."""
    if not {"amount", *_COSTS_GRAIN} <= row.keys():
        return False
    amount = row["amount"]
    if isinstance(amount, dict):
        amount = amount.get("value", amount)
    return amount is None and all(value is None for name, value in row.items() if name not in {"object", "amount"})


def _quantity(row: Fields, item: str, doubts: Doubts) -> tuple[int, str] | tuple[None, None]:
    """The quantity, if it is said of what; one that cannot be read is left out, for the money does not hang on it."""
    value = row.get("quantity")
    try:
        unit = _fields.text(row, "quantity_unit")
        if value is None or unit is None:
            return None, None
        return quantity(value, *_UNITS.get(unit, (unit, 1)))
    except _fields.Unreadable as error:
        doubts.add("unreadable quantity", item, "lines", 1, f"booked without quantity: {error}")
        return None, None
