"""A stand-in for Anthropic's Admin API: who may ask, how often, and the look-ups of workspaces and keys."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from llm_finops.demo.company import OPENED
from llm_finops.demo.keys import ANTHROPIC, DEFAULT, KEYS, PROJECTS, Key, Project
from llm_finops.demo.standins import anthropic_legacy
from llm_finops.demo.standins.anthropic_question import RefusalError
from llm_finops.demo.standins.anthropic_reports import report
from llm_finops.demo.standins.server import Answer, Call

ADMIN_KEY = "sk-ant-admin01-lantern-demo-0001"
WORKSPACE_KEY = "sk-ant-api03-lantern-demo-0001"  # one that may not read reports
BETA = "analytics-usage-cost-2026-08-24"
VERSIONS = ("2023-06-01", "2026-10-21")  # of the documentation, and of the vendor's own client since 2.13
ROOT = "/v1/organizations"

_REPORTS = ("usage", "cost")
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_OPENED = f"{OPENED.isoformat()}T09:00:00Z"


class Anthropic:
    """The organization of the made-up company, as Anthropic tells of it at the clock's time.

    The real one has no data from before 2026; a demo of an earlier time says another `since`. Not every organization
    has the analytics reports: set `lacks_analytics` to how that is said (404, 400 or 403), or to None again.

    Every `busy_every`th call is answered with 429 and a Retry-After of `retry_after` seconds (None: without one, as
    the real one often does); 0 for never.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        since: datetime = _SINCE,
        busy_every: int = 7,
        retry_after: str | None = "0",
    ) -> None:
        self._clock = clock
        self._since = since
        self._busy_every = busy_every
        self._retry_after = retry_after
        self._numbers = count(1)
        self.lacks_analytics: int | None = None

    def __call__(self, call: Call) -> Answer:
        """Answer one call."""
        try:
            _check_headers(call)
            self._check_pace()
            return _answer(200, self._found(call))
        except RefusalError as refusal:
            headers = {"Retry-After": self._retry_after} if refusal.status == 429 and self._retry_after else {}
            error = {"type": refusal.kind, "message": str(refusal)}
            return _answer(refusal.status, {"type": "error", "error": error, "request_id": "req_011Lantern"}, headers)

    def _check_pace(self) -> None:
        if self._busy_every and next(self._numbers) % self._busy_every == 0:
            message = "This request would exceed your organization's rate limit"
            raise RefusalError(message, "rate_limit_error", 429)

    def _found(self, call: Call) -> dict[str, Any]:
        if call.method != "GET":
            raise RefusalError("Method Not Allowed", status=405)
        if call.path == f"{ROOT}/workspaces":
            return _listed(call, _workspaces(call))
        if call.path == f"{ROOT}/api_keys":
            return _listed(call, _api_keys(call))
        if (older := call.path.removeprefix(f"{ROOT}/")) in anthropic_legacy.REPORTS:
            _check_no_beta(call)
            return anthropic_legacy.report(call, older, self._clock())
        name = call.path.removeprefix(f"{ROOT}/analytics/")
        if name not in _REPORTS or self.lacks_analytics == 404:
            raise RefusalError(f"Not found: {call.path}", "not_found_error", 404)
        if self.lacks_analytics is not None:
            kind = "permission_error" if self.lacks_analytics == 403 else "invalid_request_error"
            message = f"Unexpected value(s) `{BETA}` for the `anthropic-beta` header"
            raise RefusalError(message, kind, self.lacks_analytics)
        if BETA not in call.headers.get("anthropic-beta", "").replace(" ", "").split(","):
            raise RefusalError(f"anthropic-beta: this endpoint requires {BETA}")
        return report(call, name, self._clock(), self._since)


def _check_headers(call: Call) -> None:
    # The vendor's own client sends a key the second way.
    given = call.headers.get("x-api-key") or call.headers.get("authorization", "").removeprefix("Bearer ")
    if given == WORKSPACE_KEY:
        raise RefusalError("This endpoint requires an Admin API key", "permission_error", 403)
    if given != ADMIN_KEY:
        message = "invalid x-api-key" if given else "x-api-key header is required"
        raise RefusalError(message, "authentication_error", 401)
    if call.headers.get("anthropic-version") not in VERSIONS:
        raise RefusalError("anthropic-version: header is required")


def _check_no_beta(call: Call) -> None:
    if given := call.headers.get("anthropic-beta"):
        raise RefusalError(f"Unexpected value(s) `{given}` for the `anthropic-beta` header")


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"request-id": "req_011Lantern", **(headers or {})})


def _listed(call: Call, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a look-up: at most `limit` (20, or up to 1000) entries behind `after_id`, or before `before_id`."""
    text = call.one("limit") or "20"
    limit = int(text) if text.isdigit() else 0
    if not 1 <= limit <= 1000:
        raise RefusalError(f"limit: expected 1 to 1000, saw {text}")
    names = [entry["id"] for entry in entries]
    after, before = call.one("after_id"), call.one("before_id")
    if any(given is not None and given not in names for given in (after, before)):
        raise RefusalError("after_id, before_id: no such object")
    start = names.index(after) + 1 if after is not None else 0
    until = names.index(before) if before is not None else len(names)
    if before is not None:
        start = max(start, until - limit)
    page = entries[start : min(start + limit, until)]
    more = start > 0 if before is not None else start + limit < until
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return {"data": page, "has_more": more, **ends}


def _workspaces(call: Call) -> list[dict[str, Any]]:
    wanted = [
        project
        for project in PROJECTS
        if project.provider == ANTHROPIC
        and (project is not DEFAULT or call.one("include_default") == "true")
        and (not project.archived or call.one("include_archived") == "true")
    ]
    return [_workspace(project) for project in wanted]


def _workspace(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "type": "workspace",
        "name": project.name,
        "created_at": _OPENED,
        "archived_at": None,
        "display_color": "#6C5BB9",
        "compartment_id": None,
        "data_residency": {
            "workspace_geo": "us",
            "allowed_inference_geos": "unrestricted",
            "default_inference_geo": "global",
        },
        "external_key_id": None,
        "tags": {"company": "lantern"},
        "user_profile_id": None,
    }


def _api_keys(call: Call) -> list[dict[str, Any]]:
    status, workspace = call.one("status"), call.one("workspace_id")
    listed = [key for key in KEYS if key.project.provider == ANTHROPIC and key.listed and status in {None, "active"}]
    return [_api_key(key) for key in listed if workspace in {None, key.project.id}]


def _api_key(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "type": "api_key",
        "name": key.name,
        "created_at": _OPENED,
        "created_by": {"id": "user_01AdaLantern", "type": "user"},
        "expires_at": None,
        "partial_key_hint": f"sk-ant-api03-{key.id[-4:]}...",
        "principal": None,
        "scope": {"type": "workspace", "workspace_id": key.project.id},
        "status": "active",
    }
