"""What a provider's pages must offer so that the contract test can speak for it; see pages_<provider>.py."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from llm_finops_tests.connectors.server import Request

DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")

# What a row of a page is like.
PLAIN = "plain"
UNKNOWN_FIELD = "unknown field"
NO_FIELD = "required field gone"
UNREADABLE = "unreadable number"
NEGATIVE = "negative quantity"


@dataclass(frozen=True)
class Question:
    """What a request asks for, in the test's own words."""

    report: str  # usage | costs
    first: str
    until: str
    cursor: str | None


class Pages(Protocol):
    """`page` writes an answer holding these days' rows; `cursor_field` is where its cursor stands."""

    cursor_field: str
    tokens: int  # of a plain row, all meters together
    nano: int  # of a plain row
    currency: str

    def question(self, request: Request) -> Question: ...

    def page(self, report: str, days: Mapping[str, Sequence[str]], cursor: str | None) -> dict[str, Any]: ...


def of(provider: str) -> Pages:
    module = importlib.import_module(f"llm_finops_tests.connectors.pages_{provider}")
    return cast("Pages", module.PAGES)
