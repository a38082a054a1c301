"""A stand-in for OpenAI's organization API: who may ask, how often, and what there is to ask for."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from llm_finops.demo.company import OPENED
from llm_finops.demo.keys import KEYS, OPENAI, PROJECTS, Key, Project
from llm_finops.demo.standins.openai_counts import Work
from llm_finops.demo.standins.openai_question import REPORTS, RefusalError
from llm_finops.demo.standins.openai_reports import NUMBER, report
from llm_finops.demo.standins.server import Answer, Call

ADMIN_KEY = "sk-admin-lantern-demo-0001"
PROJECT_KEY = "sk-proj-lantern-demo-0001"  # one that may not read reports
ROOT = "/v1/organization"

_KEYS = re.compile(rf"{ROOT}/projects/([\w-]+)/api_keys")
_OPENED = int(datetime(OPENED.year, OPENED.month, OPENED.day, tzinfo=UTC).timestamp())


class OpenAI:
    """The organization of the made-up company, as OpenAI tells of it at the clock's time.

    Costs by API key are refused, as they often are, unless `costs_by_key`. Every `busy_every`th call is answered with
    429 and a Retry-After of `retry_after` seconds (None: without one); 0 for never. It takes one `admin_key`.

    `work` is what was done besides completions; reports that the organization does not have are in `lacks`.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        costs_by_key: bool = False,
        busy_every: int = 7,
        retry_after: str | None = "0",
        admin_key: str = ADMIN_KEY,
    ) -> None:
        self._clock = clock
        self._admin_key = admin_key
        self.work: list[Work] = []
        self.lacks: set[str] = set()
        self._costs_by_key = costs_by_key
        self._busy_every = busy_every
        self._retry_after = retry_after
        self._numbers = count(1)

    def __call__(self, call: Call) -> Answer:
        """Answer one call."""
        try:
            _check_key(call, self._admin_key)
            if self._busy_every and next(self._numbers) % self._busy_every == 0:
                return self._busy()
            return _answer(200, self._found(call))
        except RefusalError as refusal:
            return _answer(refusal.status, {"error": refusal.body})

    def _found(self, call: Call) -> dict[str, Any]:
        if call.method != "GET":
            raise RefusalError(f"Not allowed to {call.method} on {call.path} (HINT: use GET).", status=405)
        if call.path == f"{ROOT}/projects":
            archived = call.one("include_archived") == "true"
            projects = [p for p in PROJECTS if p.provider == OPENAI and (archived or not p.archived)]
            return _listed(call, [_project(project) for project in projects])
        if match := _KEYS.fullmatch(call.path):
            return _listed(call, _keys_of(match[1]))
        name = call.path.removeprefix(f"{ROOT}/")
        if name == call.path or name not in REPORTS - self.lacks:
            raise RefusalError(f"Invalid URL ({call.method} {call.path})", status=404)
        return report(call, name, self._clock(), self.work, costs_by_key=self._costs_by_key)

    def _busy(self) -> Answer:
        error = {
            "message": "Rate limit reached",
            "type": "rate_limit_error",
            "param": None,
            "code": "rate_limit_exceeded",
        }
        headers = {} if self._retry_after is None else {"Retry-After": self._retry_after}
        return _answer(429, {"error": error}, headers)


def _check_key(call: Call, admin_key: str) -> None:
    given = call.headers.get("authorization", "").removeprefix("Bearer ")
    if given == PROJECT_KEY:
        message = "You have insufficient permissions for this operation. Missing scopes: api.usage.read."
        raise RefusalError(message, code="missing_scope", status=403)
    if given != admin_key:
        message = f"Incorrect API key provided: {given[:8]}***." if given else "You didn't provide an API key."
        raise RefusalError(message, code="invalid_api_key" if given else None, status=401)


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    text = re.sub(rf'"{NUMBER}([^"]+)"', r"\1", json.dumps(body))
    return Answer(status, text.encode(), {"x-request-id": "req_lantern", **(headers or {})})


def _listed(call: Call, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a look-up: at most `limit` (20, or up to 100) entries behind the one named by `after`."""
    text = call.one("limit") or "20"
    limit = int(text) if text.isdigit() else 0
    if not 1 <= limit <= 100:
        raise RefusalError(f"Invalid 'limit': expected a value from 1 to 100, got {text}.", "limit", "invalid_value")
    names = [entry["id"] for entry in entries]
    after = call.one("after")
    if after is not None and after not in names:
        raise RefusalError(f"No such object: {after}.", "after", "invalid_value")
    start = names.index(after) + 1 if after is not None else 0
    page = entries[start : start + limit]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return {"object": "list", "data": page, **ends, "has_more": start + limit < len(entries)}


def _project(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": _OPENED,
        "archived_at": _OPENED + 90 * 86_400 if project.archived else None,
        "status": "archived" if project.archived else "active",
        "residency": None,
        "external_key_id": None,
    }


def _keys_of(project: str) -> list[dict[str, Any]]:
    if project not in {p.id for p in PROJECTS if p.provider == OPENAI}:
        raise RefusalError(f"No such project: {project}.", "project_id", "not_found", status=404)
    return [_key(key) for key in KEYS if key.project.id == project and key.listed]


def _key(key: Key) -> dict[str, Any]:
    user = {"id": "user-7RkAdaLantern", "name": "Ada", "email": "ada@lantern.example", "role": "owner"}
    return {
        "object": "organization.project.api_key",
        "redacted_value": f"*****{key.id[-4:]}",
        "name": key.name,
        "created_at": _OPENED,
        "last_used_at": None,
        "id": key.id,
        "expires_at": None,
        "owner_project_access": "active",
        "owner": {"type": "user", "user": {**user, "created_at": _OPENED}, "service_account": None},
    }
