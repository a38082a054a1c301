"""OpenAI: the organization's usage and costs reports, in day buckets, under an Admin API key.

Usage counts input with everything in it; here it is taken apart into meters that do not overlap, and they add up to
OpenAI's own totals. Costs name a project and a line item in words ("gpt-5.6-luna, input"): the tier is known there
only where the words name it. Amounts are dollars, as a JSON number or as text.
"""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from llm_finops.connectors import _fields, contract
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._openai_items import read_line_item
from llm_finops.connectors._paging import Entry, follow, listed
from llm_finops.connectors._pulling import Answer, Doubts, Report, place, pull
from llm_finops.connectors._reading import Access, Reader
from llm_finops.connectors._rows import add_up, cost_line, fit, money, numbered, quantity
from llm_finops.connectors.contract import PATIENCE, Asked, BadRequest, Clock, NotWhole, Pulled, Waiting, utc_now
from llm_finops.core import meters
from llm_finops.core.records import ANY, CREDIT, NONE, STANDARD, USAGE, CostLine, Name, Usage

PROVIDER = "openai"

_USAGE, _COSTS, _PROJECTS = (f"/organization/{name}" for name in ("usage/completions", "costs", "projects"))
_BY_KEY = "api_key_id"
_USAGE_GRAIN = ("project_id", _BY_KEY, "user_id", "model", "batch", "service_tier")
_COSTS_GRAIN = ("project_id", "line_item")
_BUCKETS_MAX = {_USAGE: 31, _COSTS: 180}

_USAGE_FIELDS = frozenset(
    """object input_tokens output_tokens num_model_requests input_cached_tokens input_cache_write_tokens
    input_cache_write_30m_tokens input_cache_write_12h_tokens input_uncached_tokens input_text_tokens
    input_audio_tokens input_image_tokens input_cached_text_tokens input_cached_audio_tokens
    input_cached_image_tokens output_text_tokens output_audio_tokens output_image_tokens project_id user_id
    api_key_id model batch service_tier api_source""".split()
)
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
    access = Access(PROVIDER, account, options, "an Admin API key (sk-admin-...) that may read usage", key)
    return _Organization(Reader(access, {"Authorization": f"Bearer {key}"}, wait, clock))


class _Organization:
    """One organization. Whether it gives costs by key is found out at the first question, and remembered."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_key = True

    def usage(self, asked: Asked) -> Pulled[Usage]:
        return pull(self._reader, asked, Report(lambda days: self._buckets(_USAGE, days, _USAGE_GRAIN), read_usage))

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
        access, now = self._reader.access, self._reader.clock()
        what = f"{path.removeprefix('/organization/')} of {asked}"
        answers: dict[str, Answer] = {}
        empty = 0
        for page in follow(lambda cursor: self._page(path, asked, grain, cursor), "next_page", f"{access}, {what}"):
            buckets = _fields.objects(page, "data")
            for bucket in buckets:
                day, clipped = _fields.day_of(bucket, "start_time", "end_time")
                if clipped and _fields.is_over(day, now):
                    raise NotWhole(f"{access}, {what}: the bucket of {day} ends before the day, which is over")
                rows = _fields.objects(bucket, "results")
                place(answers, asked, Answer(asked.account, PROVIDER, day, rows, grain, clipped))
            empty = 0 if buckets else empty + 1
            if empty == 2 and len(answers) == len(asked.days):
                break  # seen live: more pages are promised after the last bucket, and they are empty
        return answers

    def _page(self, path: str, asked: Asked, grain: tuple[str, ...], cursor: str | None) -> Fields:
        params = [
            ("start_time", str(_fields.unix(asked.first))),
            ("end_time", str(_fields.unix(asked.until))),
            ("bucket_width", "1d"),
            ("limit", str(_BUCKETS_MAX[path])),
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


def read_usage(answer: Answer, doubts: Doubts) -> list[Usage]:
    """A day's completions usage, taken apart into meters. Unreadable where a quantity is missing or negative."""
    return add_up(usage for row in answer.rows for usage in _usage(answer, row, doubts))


def _usage(answer: Answer, row: Fields, doubts: Doubts) -> Iterator[Usage]:
    doubts.unknown_fields(row, _USAGE_FIELDS)
    _fields.count(row, "num_model_requests")  # not booked; a row without it is not the row we know
    project, key, actor, model = (
        _fields.promised(row, name) or NONE for name in ("project_id", _BY_KEY, "user_id", "model")
    )
    dimensions = (answer.account, PROVIDER, project, key, actor, model, _tier(row), NONE)
    for side, take_apart in (("input", _input_meters), ("output", _output_meters)):
        quantities, apart = take_apart(row)
        if apart:
            detail = f"the parts of {side}_tokens {row[f'{side}_tokens']} do not add up to it; the total is booked"
            doubts.add("meters disagree", f"{model} {side}", meters.TOKENS, apart, detail)
        for meter, tokens in quantities.items():
            yield Usage(*dimensions, meter, meters.TOKENS, tokens)


def _tier(row: Fields) -> str:
    if row.get("batch") is not None and _fields.flag(row, "batch"):
        return "batch"
    tier = _fields.text(row, "service_tier")
    return STANDARD if tier in {None, "default", "auto"} else str(tier)


def _input_meters(row: Fields) -> tuple[dict[str, int], int]:
    """Input by meter, adding up to the row's total, and by how many tokens the row contradicts itself."""
    lives = _parts(row, {f"{meters.UNSPECIFIED}_{life}": f"input_cache_write_{life}_tokens" for life in ("30m", "12h")})
    writes = _fields.count_if_any(row, "input_cache_write_tokens")
    parts = _parts(row, {"input_cache_read": "input_cached_tokens"})
    if writes is not None or lives:
        parts[meters.UNSPECIFIED] = sum(lives.values()) if writes is None else writes
    parts |= _parts(row, {"input_audio": "input_audio_tokens", "input_image": "input_image_tokens"})
    found, left, apart = fit(_fields.count(row, "input_tokens"), parts)
    if meters.UNSPECIFIED in found:
        by_life, rest, more = fit(found[meters.UNSPECIFIED], lives)
        found |= {**by_life, meters.UNSPECIFIED: rest}
        apart += more
    text_and_more = left + found.get("input_audio", 0) + found.get("input_image", 0)
    return {**found, "input_uncached": left}, max(
        apart, _off(row, "input_uncached_tokens", text_and_more), _off(row, "input_text_tokens", left)
    )


def _output_meters(row: Fields) -> tuple[dict[str, int], int]:
    """Output likewise; reasoning is part of it."""
    parts = _parts(row, {"output_audio": "output_audio_tokens", "output_image": "output_image_tokens"})
    found, left, apart = fit(_fields.count(row, "output_tokens"), parts)
    return {**found, "output": left}, max(apart, _off(row, "output_text_tokens", left))


def _off(row: Fields, field: str, ours: int) -> int:
    said = _fields.count_if_any(row, field)
    return 0 if said is None else abs(said - ours)


def _parts(row: Fields, fields: Mapping[str, str]) -> dict[str, int]:
    found = {meter: _fields.count_if_any(row, field) for meter, field in fields.items()}
    return {meter: tokens for meter, tokens in found.items() if tokens is not None}


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
