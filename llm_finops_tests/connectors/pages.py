"""What a provider's pages must offer so that the contract test can speak for it; see pages_<provider>.py."""

import importlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol, cast

from llm_finops_tests.connectors.server import Reply, Request

DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")

# What a row of a page is like.
PLAIN = "plain"
UNKNOWN_FIELD = "unknown field"
NO_FIELD = "required field gone"
UNREADABLE = "unreadable number"
NEGATIVE = "negative quantity"


@dataclass(frozen=True)
class Question:
    """What a request asks for, in the test's own words. Days are ISO text, `until` exclusive."""

    report: str
    first: str
    until: str
    cursor: str | None


class Pages(Protocol):
    """`page` writes an answer holding these days' rows; `cursor_field` is where its cursor stands.

    `reports` are the provider's reports, by name: those whose name ends in "costs" are of money, the others of usage.
    """

    cursor_field: str
    currency: str
    reports: Sequence[str]
    together: Sequence[str]  # those that only together make a day whole, in the order they are asked for
    optional: Collection[str]  # an organization may not have them, and says so with 404

    def question(self, request: Request) -> Question: ...

    def page(self, report: str, days: Mapping[str, Sequence[str]], cursor: str | None) -> dict[str, Any]: ...

    def plain(self, report: str) -> int:
        """What a plain row is worth: all quantities, or nano-units, together."""

    def beside(self, report: str, question: Question) -> Reply:
        """The answer to a question for another report than the one a test is about."""


def days_of(question: Question) -> list[str]:
    """The days a question asks for."""
    first, until = date.fromisoformat(question.first), date.fromisoformat(question.until)
    return [(first + timedelta(days=n)).isoformat() for n in range((until - first).days)]


def of(provider: str) -> Pages:
    module = importlib.import_module(f"llm_finops_tests.connectors.pages_{provider}")
    return cast("Pages", module.PAGES)
