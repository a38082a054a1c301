"""A day of the ledger as of one commit: what the figures of its message hang on, each read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from llm_finops.core.convert import NO_RATE
from llm_finops.core.records import USAGE, Finding, Margin
from llm_finops.core.settings import Settings, from_rows
from llm_finops.ledger import Ledger, sums
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.ingest import REPORT_INCOMPLETE
from llm_finops.pipeline.sources import REVENUE_NOT_LOADED


@dataclass(frozen=True)
class LedgerDay:
    """What is booked of a day, as of commit `seq`."""

    ledger: Ledger
    day: str
    seq: int

    def sums(self, table: str, by: Sequence[str], of: Sequence[str], **where: Any) -> dict[tuple[str, ...], Any]:
        """`ledger.sums` of the day."""
        return sums(self.ledger, table, by, of, (self.day, self.day), self.seq, where)

    def scopes(self, dataset: d.Dataset[Any]) -> set[str]:
        """The accounts or sources that have a version of the day, an empty one included."""
        return {key.scope for key in self.ledger.heads(dataset, seq=self.seq) if key.period == self.day}

    @cached_property
    def settings(self) -> Settings:
        """The rules and sources, past ones included."""
        return from_rows(self.ledger.read(d.SETTINGS, "*", "*", self.seq))

    @cached_property
    def margins(self) -> list[Margin]:
        """Every customer, feature and currency."""
        return self.ledger.read(d.MARGINS, "*", self.day, self.seq)

    @cached_property
    def findings(self) -> list[Finding]:
        """Of every version that may speak of the day: its own, its month's, and those of no day."""
        periods = {self.day, self.day[:7], "*"}
        heads = [self.ledger.heads(dataset, seq=self.seq).items() for dataset in d.DATASETS.values()]
        versions = [version for found in heads for key, version in found if key.period in periods]
        return [finding for finding in self.ledger.findings(versions) if finding.day == self.day]

    @cached_property
    def reported(self) -> set[str]:
        """The accounts whose cost is what a report says, be it nothing; the others' is estimated."""
        incomplete = {finding.account for finding in self.findings if finding.kind == REPORT_INCOMPLETE}
        return self.scopes(d.COST_LINES) - incomplete

    @cached_property
    def charged(self) -> set[str]:
        """The accounts with a charge for usage."""
        return {account for (account,) in self.sums("cost_lines", ("account",), ("rows",), charge_category=USAGE)}

    @cached_property
    def revenue_known(self) -> bool:
        """Revenue that is NULL for want of a rate was loaded all the same."""
        if not self.margins:
            doubted = any(finding.kind == REVENUE_NOT_LOADED for finding in self.findings)
            return bool(self.scopes(d.REVENUE)) and not doubted
        return bool(self.no_rate) or any(m.revenue_nano is not None for m in self.margins)

    @cached_property
    def no_rate(self) -> set[tuple[str, str]]:
        """(customer, currency) of cost whose revenue is in other currencies."""
        versions = [v for k, v in self.ledger.heads(d.MARGINS, "*", self.seq).items() if k.period == self.day]
        return {(f.subject, f.unit) for f in self.ledger.findings(versions) if f.kind == NO_RATE}

    @cached_property
    def booked(self) -> set[str]:
        """Every day whose costs are allocated, if to nobody."""
        return {key.period for key in self.ledger.heads(d.ALLOCATIONS, seq=self.seq) if key.period <= self.day}

    @cached_property
    def history(self) -> dict[tuple[str, ...], int]:
        """{(day, currency): cost} of the month so far and of the week before."""
        found = sums(
            self.ledger,
            "allocations",
            ("day", "currency"),
            ("cost_nano",),
            (first_of_history(self.day), self.day),
            self.seq,
        )
        return {key: nano for key, (nano,) in found.items()}

    @cached_property
    def quantiles(self) -> list[tuple[str, int]]:
        """(currency, p95) of all requests, of each log."""
        return [
            (row.currency, row.p95_nano)
            for rows in self.ledger.read_days(d.REQUEST_QUANTILES, self.day, self.day, seq=self.seq).values()
            for row in rows
            if row.grouping == "all"
        ]

    def cost(self, day: str, currency: str) -> int | None:
        """A day that was never booked is unknown, not 0."""
        return self.history.get((day, currency), 0) if day in self.booked else None


def first_of_history(day: str) -> str:
    """From when on earlier days are looked at: the first of the month, or a week before."""
    at = date.fromisoformat(day)
    return str(min(at - timedelta(days=7), at.replace(day=1)))
