"""Anthropic: usage and cost by day, in windows of at most 31 days, under an Admin key.

There are two interfaces. The Usage and Cost Analytics API (beta) tells more; an organization that does not have it is
read through the older usage and cost reports, and the days say so. Which it is, is decided once a load.

Input is counted without what was read from or written to a cache, so its meters are disjoint as they come. Amounts
are text in CENTS, fractions of a cent included: "123.45" is $1.2345, after discounts and before credits.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import field_validator

from llm_finops.connectors import _anthropic_analytics as analytics
from llm_finops.connectors import _anthropic_legacy as legacy
from llm_finops.connectors import _fields, contract
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._paging import listed
from llm_finops.connectors._pulling import Answer, Doubts, Report, pull
from llm_finops.connectors._reading import Access, Reader
from llm_finops.connectors._rows import add_up, numbered
from llm_finops.connectors.contract import PATIENCE, Asked, BadRequest, Clock, Pulled, Refused, Waiting, utc_now
from llm_finops.core.records import NONE, CostLine, Name, Usage

PROVIDER = "anthropic"
ABOUT = contract.About(
    key_kind="an Admin key (sk-ant-admin...) or one that may read analytics",
    scope="an Admin key has it; any other key needs the scope read:analytics",
    made_at="https://platform.claude.com/settings/admin-keys, by an admin of the organization"
    " (an individual account has none)",
    history="days from 2026-01-01, at most the past 365",
    lag="figures appear within minutes",
    begins="sk-ant-admin",
    other_keys={"sk-ant-api": "a key that sends messages", "sk-ant-oat": "a token of Claude Code"},
    logo="claude",
)

_VERSION = {"anthropic-version": "2023-06-01"}
_ROOT = "/v1/organizations"
_WINDOW_DAYS = 31


class Options(contract.Options):
    """`[providers.anthropic]`."""

    admin_key_env: contract.Variable = "ANTHROPIC_ADMIN_KEY"
    base_url: str = "https://api.anthropic.com"
    settle_hours: contract.Hours = 6
    actor: Literal["", "user_profile_id"] = ""
    """Whom usage is told apart by, beside the key: the profile of your customer that a request named, or nobody."""

    @field_validator("base_url")
    @classmethod
    def _without_version(cls, url: str) -> str:
        return url.rstrip("/").removesuffix("/v1")  # people copy it with and without


def connect(
    account: str, options: Options, key: str, *, wait: Waiting = PATIENCE, clock: Clock = utc_now
) -> contract.Connector:
    """An organization under its Admin key. Nothing is sent yet; Refused if the key cannot be one."""
    access = Access(PROVIDER, account, options, ABOUT.key_kind, key)
    reader = Reader(access, {"x-api-key": key, **_VERSION}, wait, clock)
    return _Organization(reader, by_profile=options.actor == "user_profile_id")


class _Organization:
    """One organization; by which interface it is read is found out when first asked, and remembered."""

    def __init__(self, reader: Reader, *, by_profile: bool) -> None:
        self._reader = reader
        self._grains = {
            "usage": analytics.usage_grain(by_profile=by_profile),
            "cost": analytics.cost_grain(by_profile=by_profile),
        }
        self._is_older: bool | None = None
        self._default: str | None = None

    def usage(self, asked: Asked) -> Pulled[Usage]:
        return pull(self._reader, asked, Report(lambda days: self._rows("usage", days), read_usage, _WINDOW_DAYS))

    def costs(self, asked: Asked) -> Pulled[CostLine]:
        return pull(self._reader, asked, Report(lambda days: self._rows("cost", days), read_costs, _WINDOW_DAYS))

    def names(self) -> tuple[Name, ...]:
        self._reader.begin()
        keys = self._listed("api_keys", lambda entry: _name("api_key", entry, _workspace(entry)))
        return tuple(sorted({*self._workspaces(default=True), *keys}))

    def close(self) -> None:
        self._reader.close()

    def _rows(self, report: str, asked: Asked) -> Mapping[str, Answer]:
        if not self._is_older:
            try:
                answers = analytics.fetch(self._reader, report, asked, self._grains[report])
            except (BadRequest, Refused) as error:
                # What has answered in this load is there; two interfaces never share a load.
                if self._is_older is False or not analytics.is_lacking(error):
                    raise
                self._is_older = True
            else:
                self._is_older = False
                return answers
        answers = legacy.fetch(self._reader, report, asked)
        for answer in legacy.in_default_workspace(answers):
            if default := self._default_workspace():
                legacy.name_default(answer, default)
        return answers

    def _default_workspace(self) -> str:
        """The id that the names know the default workspace by; "" where it cannot be told."""
        if self._default is None:
            all_of_them, others = (set(self._workspaces(default=default)) for default in (True, False))
            found = all_of_them - others
            self._default = found.pop().id if len(found) == 1 else ""
        return self._default

    def _workspaces(self, *, default: bool) -> list[Name]:
        """The workspaces, archived ones too; no entry says that it is the default one, but it can be left out."""
        chosen = (("include_archived", "true"), ("include_default", "true" if default else "false"))
        return self._listed("workspaces", lambda entry: _name("project", entry, NONE), *chosen)

    def _listed(self, name: str, read: Callable[[Fields], Name], *params: tuple[str, str]) -> list[Name]:
        return listed(self._reader, f"{_ROOT}/{name}", [*params, ("limit", "1000")], ("last_id", "after_id"), read)


def _workspace(entry: Fields) -> str:
    scope = entry.get("scope")
    return _fields.text(scope if isinstance(scope, dict) else entry, "workspace_id") or NONE


def _name(kind: str, entry: Fields, project: str) -> Name:
    identity = _fields.required(entry, "id")
    return Name(kind, identity, _fields.text(entry, "name") or identity, project)


def read_usage(answer: Answer, doubts: Doubts) -> list[Usage]:
    """A day's usage by meter. Unreadable where a quantity is missing or negative."""
    read = analytics.read_usage
    if answer.interface == legacy.NAME:
        legacy.note(answer, "usage", doubts)
        read = legacy.read_usage
    return add_up(usage for row in answer.rows for usage in read(answer, row, doubts))


def read_costs(answer: Answer, doubts: Doubts) -> list[CostLine]:
    """A day's cost lines. Unreadable where an amount is missing or no exact number of cents."""
    read = analytics.read_cost
    if answer.interface == legacy.NAME:
        legacy.note(answer, "cost", doubts)
        read = legacy.read_cost
    return numbered(read(answer, row, doubts) for row in answer.rows)
