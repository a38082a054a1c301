"""The pages of the made-up provider in extra/acme.py."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from llm_finops_tests.connectors import pages
from llm_finops_tests.connectors.server import Reply, Request


class AcmePages:
    cursor_field = "next"
    currency = "EUR"
    reports: Sequence[str] = ("usage", "costs")
    together: Sequence[str] = ()
    optional: Collection[str] = ()

    def question(self, request: Request) -> pages.Question:
        report = request.path.rpartition("/")[2]
        return pages.Question(report, request.get("first") or "", request.get("until") or "", request.get("after"))

    def page(self, report: str, days: Mapping[str, Sequence[str]], cursor: str | None) -> dict[str, Any]:
        entries = [{"day": day, "rows": [self._row(report, kind) for kind in kinds]} for day, kinds in days.items()]
        return {"days": entries, "has_more": cursor is not None, "next": cursor}

    def plain(self, report: str) -> int:
        return 12 if report == "usage" else 5_000_000

    def beside(self, report: str, question: pages.Question) -> Reply:
        raise AssertionError(f"{question.report} was asked for beside {report}")

    def _row(self, report: str, kind: str) -> dict[str, Any]:
        row: dict[str, Any] = {"team": "red", "model": "acme-1", "tokens_in": 5, "tokens_out": 7, "cents": "0.5"}
        if kind == pages.NO_FIELD:
            del row["tokens_out" if report == "usage" else "cents"]
        wrong: dict[str, dict[str, Any]] = {
            pages.UNKNOWN_FIELD: {"brand_new": 1},
            pages.UNREADABLE: {"tokens_in": "5 ", "cents": "0,5"},
            pages.NEGATIVE: {"tokens_in": -5},
        }
        return {**row, **wrong.get(kind, {})}


PAGES: pages.Pages = AcmePages()
