"""A plain client for the stand-ins: every page of a question, over real HTTP."""

import json
from decimal import Decimal
from typing import Any, NamedTuple

import httpx

from llm_finops.demo.standins import anthropic, openai

OPENAI_HEADERS = {"Authorization": f"Bearer {openai.ADMIN_KEY}"}
ANTHROPIC_HEADERS = {
    "x-api-key": anthropic.ADMIN_KEY,
    "anthropic-version": "2023-06-01",
    "anthropic-beta": anthropic.BETA,
}

Params = list[tuple[str, str]]


class Got(NamedTuple):
    status: int
    body: Any
    headers: httpx.Headers


def get(url: str, params: Params, headers: dict[str, str], method: str = "GET") -> Got:
    answer = httpx.request(method, url, params=httpx.QueryParams(tuple(params)), headers=headers, trust_env=False)
    return Got(answer.status_code, json.loads(answer.text, parse_float=Decimal), answer.headers)


def pages(url: str, params: Params, headers: dict[str, str]) -> list[Any]:
    """All pages, following cursors; a 429 is asked again once."""
    found: list[Any] = []
    cursor: Params = []
    followed: set[tuple[str, str]] = set()
    while True:
        got = get(url, [*params, *cursor], headers)
        if got.status == 429:
            got = get(url, [*params, *cursor], headers)
        assert got.status == 200, got.body
        found.append(got.body)
        if not got.body["has_more"]:
            return found
        cursor = [("page", got.body["next_page"])]
        assert cursor[0] not in followed, "a cursor that comes again would be followed for ever"
        followed.add(cursor[0])


def fields(value: Any) -> Any:
    """The shape of a JSON value: its keys all the way down; of a list, its first entry's."""
    if isinstance(value, dict):
        return {name: fields(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [fields(value[0])] if value else []
    return None
