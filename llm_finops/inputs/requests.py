"""`[requests.NAME]`: what config needs to turn a table of finops.toml into a request log. The engine reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from llm_finops.core.meters import UNITS
from llm_finops.core.rules import glob
from llm_finops.core.settings import RequestSource

DIMENSIONS = (
    "account",
    "provider",
    "project",
    "api_key",
    "model",
    "service_tier",
    "customer",
    "feature",
    "environment",
    "actor",
    "operation",
    "status",
)
INPUT_TOTAL = "input_total"
TAG = "tag."
_FROM_THE_LOG = ("id", "time", "operation", INPUT_TOTAL, *UNITS)  # a constant of these would say nothing true
_NAMED = ("accounts", "projects", "api_keys")

Text = Annotated[str, Field(min_length=1)]


class RequestLogError(ValueError):
    """A `[requests.NAME]` table that cannot be meant; the message says what was seen and what is allowed."""


class _Constant(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    const: Text


class _SpeaksFor(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: tuple[Text, ...] = ()
    projects: tuple[Text, ...] = ()
    api_keys: tuple[Text, ...] = ()


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    paths: Annotated[list[Text], Field(min_length=1)]
    columns: dict[str, Text | _Constant]
    speaks_for: _SpeaksFor = _SpeaksFor()
    time_zone: str | None = None

    @field_validator("paths", mode="before")
    @classmethod
    def _as_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class RequestLog:
    """A request log: how its rows are read, and the paths or globs of its files."""

    source: RequestSource
    paths: tuple[str, ...]


def request_log(name: str, table: Mapping[str, Any]) -> RequestLog:
    """The table as a request log; pydantic's ValidationError for its shape, RequestLogError for its sense."""
    read = _Table.model_validate(dict(table))
    columns = {
        ours: theirs if isinstance(theirs, str) else {"const": theirs.const} for ours, theirs in read.columns.items()
    }
    _check(name, columns)
    if read.time_zone is not None:
        _check_zone(name, read.time_zone)
    spoken = {what: named for what in _NAMED if (named := getattr(read.speaks_for, what))}
    source = RequestSource(name, columns, speaks_for=spoken, time_zone=read.time_zone)
    return RequestLog(source, tuple(read.paths))


def _check(name: str, columns: Mapping[str, str | Mapping[str, str]]) -> None:
    where = f"requests.{name}.columns"
    allowed = ("id", "time", *DIMENSIONS, INPUT_TOTAL, *UNITS)
    for ours, theirs in columns.items():
        if ours not in allowed and not (ours.startswith(TAG) and len(ours) > len(TAG)):
            raise RequestLogError(f"{where}: unknown field {ours!r}; allowed are {', '.join(allowed)} and {TAG}NAME")
        if ours in _FROM_THE_LOG and not isinstance(theirs, str):
            raise RequestLogError(f"{where}.{ours}: saw a constant; name the log's column, each request has its own")
    for ours, why in (("time", "no row has a day"), ("model", "no row has a price")):
        if ours not in columns:
            hint = "" if ours == "time" else f', or write {ours} = {{ const = "..." }}'
            raise RequestLogError(f"{where}: `{ours}` is missing, so {why}; name the log's column{hint}")
    counted = [ours for ours in columns if ours in UNITS or ours == INPUT_TOTAL]
    if not counted:
        raise RequestLogError(f"{where}: nothing is counted; map at least one of {INPUT_TOTAL}, {', '.join(UNITS)}")
    if INPUT_TOTAL in columns and "input_uncached" in columns:
        raise RequestLogError(f"{where}: {INPUT_TOTAL} and input_uncached count the same tokens; map one of them")
    for i, ours in enumerate(counted):
        if also := [other for other in counted[:i] if columns[other] == columns[ours]]:
            raise RequestLogError(f"{where}: {also[0]} and {ours} are one column, {columns[ours]!r}; tokens count once")


def _check_zone(name: str, zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RequestLogError(
            f"requests.{name}.time_zone: saw {zone!r}; expected a name such as UTC or Europe/Berlin"
        ) from error


def overlapping(a: RequestSource, b: RequestSource) -> str | None:
    """Why two logs may hold the same requests; None if each names accounts, projects or keys of its own."""
    shared = []
    for what in _NAMED:
        named_a, named_b = _spoken(a, what), _spoken(b, what)
        if named_a and named_b:
            both = sorted(
                {name for one in named_a for other in named_b if _may_meet(one, other) for name in (one, other)}
            )
            if not both:
                return None
            shared.append(f"both speak for {what} {', '.join(both)}")
    if shared:
        return "; ".join(shared)
    return "name accounts, projects or api_keys in speaks_for of both, such as speaks_for = { projects = [...] }"


def _may_meet(one: str, other: str) -> bool:
    """Whether some id or name is meant by both; of two patterns, whether their ends allow it."""
    if "*" not in one or "*" not in other:
        return bool(glob(one).fullmatch(other) or glob(other).fullmatch(one))
    (head, *_, tail), (other_head, *_, other_tail) = one.split("*"), other.split("*")
    heads = head.startswith(other_head) or other_head.startswith(head)
    return heads and (tail.endswith(other_tail) or other_tail.endswith(tail))


def _spoken(source: RequestSource, what: str) -> frozenset[str]:
    """What a source speaks for; the accounts its rows are given are as good as named."""
    named = source.speaks_for.get(what, ())
    if not named and what == "accounts" and "account" not in source.columns:
        named = tuple(source.accounts.values())
    return frozenset(named)
