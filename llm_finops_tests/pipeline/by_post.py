"""The little company whose provider answers over HTTP, on loopback, from the same files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from llm_finops.ledger import datasets as d
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.outcome import Failed, failures
from llm_finops.pipeline.reference import book_names
from llm_finops.pipeline.run import RunReport
from llm_finops.pipeline.work import Finops, Replay
from llm_finops_tests.connectors.server import Provider, Reply, Request, said, serving
from llm_finops_tests.pipeline import posted
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, PROVIDER, TOML, UNLOGGED, USED, Little

LATER = "2026-11-23T06:30:00Z"
_DAYS_A_PAGE = 2
_FIELDS = {
    "usage": ("project", "key", "model", "input_uncached", "output"),
    "costs": ("project", "model", "meter", "amount"),
}
NOBODY = "http://127.0.0.1:9"  # nothing listens there


class ByPost(Little):
    """A little company; its runs read kept pages again where `replay` says so."""

    replay: Replay | None = None

    def __init__(self, root: Path, name: str = "home", ledger_url: str = "") -> None:
        super().__init__(root, name, ledger_url, posted)

    @property
    def finops(self) -> Finops:
        return Finops(self.environment, package=self.package, replay=self.replay)

    def settle(self, first: str = FIRST, last: str = LAST) -> RunReport:
        """As ever; but a price book that is booked already is not made again, which takes most of the time."""
        with self.ledger() as ledger:
            if not ledger.heads(d.SETTINGS):
                return super().settle(first, last)
        failed: list[Failed] = []
        with self.finops.work("settled") as work:
            before = work.ledger.seq()
            book_names(work, "paper")
            for asset in declared(self.config):
                failed += failures(asset.name, asset.step(work, [day for day in DAYS if first <= day <= last]))
            return RunReport(not failed, failed, work.ledger.versions_made(before), 0, "settled")

    def point_to(self, url: str, parser: int = 1, more: str = "") -> None:
        table = f'[providers.paper]\nbase_url = "{url}"\nparser = {parser}\n'
        self.configure(more, toml=TOML.replace(PROVIDER, table.replace("{", "{{").replace("}", "}}")))

    def cost(self, day: str, *rows: tuple[str, str, str, str]) -> None:
        """What the provider says of a day's cost; its usage as ever."""
        content = {"usage": [*USED, UNLOGGED], "costs": rows}
        (self.paper / f"{day}.json").write_text(json.dumps(content), encoding="utf-8")

    def amounts(self) -> dict[str, int]:
        return dict(self.rows("select day, sum(amount_nano) from current_cost_lines group by day order by day"))

    def answer(self, request: Request) -> Reply:
        """The provider's side."""
        if request.path == "/projects":
            path = self.paper / "names.json"
            called = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"red": "The red team"}
            return said({"data": [{"id": i, "name": name} for i, name in called.items()], "has_more": False})
        report = request.path.removeprefix("/")
        first, until = (date.fromisoformat(str(request.get(name))) for name in ("first", "until"))
        start = date.fromisoformat(request.get("after") or str(first))
        days = [start + timedelta(days=n) for n in range(min(_DAYS_A_PAGE, (until - start).days))]
        after = start + timedelta(days=_DAYS_A_PAGE)
        entries = [{"day": str(day), "rows": self._rows(report, str(day))} for day in days]
        return said({"days": entries, "has_more": after < until, "next": str(after)})

    def _rows(self, report: str, day: str) -> list[dict[str, Any]]:
        path = self.paper / f"{day}.json"
        rows = json.loads(path.read_text(encoding="utf-8"))[report] if path.exists() else []
        return [dict(zip(_FIELDS[report], row, strict=True)) for row in rows]


@contextmanager
def company_by_post(root: Path, ledger_url: str = "") -> Iterator[tuple[ByPost, Provider]]:
    company = ByPost(root / "company", ledger_url=ledger_url)
    if not company.root.exists():
        company.found()
    with serving(company.answer) as provider:
        company.point_to(provider.url)
        yield company, provider


def replayed(company: ByPost, replay: Replay | None = None, first: str = FIRST, last: str = LAST) -> RunReport:
    """What a run over kept pages books."""
    company.replay = replay or Replay(frozenset({"paper"}))
    try:
        return company.settle(first, last)
    finally:
        company.replay = None
