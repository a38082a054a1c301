"""Ingest: what each provider says, pulled whole and by range, booked day by day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llm_finops.connectors.contract import SourceError
from llm_finops.core.days import each_day, final_at
from llm_finops.core.reconcile import estimate, report_covers
from llm_finops.core.records import CostLine, Finding
from llm_finops.core.settings import Settings, from_rows
from llm_finops.ledger import Commit, Gather
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.holds import held_instead
from llm_finops.pipeline.outcome import FAULTS, Outcome, Result
from llm_finops.pipeline.reading import Pull, Reading, readings
from llm_finops.pipeline.renamed import take_over
from llm_finops.pipeline.work import Work, key

REPORT_INCOMPLETE = "report incomplete"


@dataclass(frozen=True)
class _Day:
    """One day of one load, about to be booked."""

    reading: Reading
    day: str
    rows: Sequence[Any]
    findings: list[Finding]
    duplicates: int
    clipped: bool  # by the provider's own word not yet whole

    @property
    def work(self) -> Work:
        """The step it is booked in."""
        return self.reading.work

    @property
    def account(self) -> str:
        """Whose day it is."""
        return self.reading.account

    @property
    def final(self) -> bool:
        """Whether it was read after the provider had settled it."""
        settle = self.work.config.providers[self.account].settle_hours
        return not self.clipped and self.reading.read_at >= final_at(self.day, settle)


def load_usage(work: Work, account: str, days: list[str]) -> Result:
    """Book what the provider says was used, one version a day."""
    return _load(work, account, days, d.USAGE, lambda source, asked: source.usage(asked), _book_usage)


def load_costs(work: Work, account: str, days: list[str]) -> Result:
    """Book what the provider says it costs; with it, in the same transaction, the estimate it replaces."""
    return _load(work, account, days, d.COST_LINES, lambda source, asked: source.costs(asked), _book_costs)


def _load(
    work: Work,
    account: str,
    days: list[str],
    dataset: d.Dataset[Any],
    pull: Pull,
    book: Callable[[_Day], Outcome],
) -> Result:
    result = Result()
    rejected: dict[str, object] = {}
    for reading in readings(work, account, dataset, _wanted(work, account, days, dataset)):
        try:
            pulled = reading.pull(pull)
        except SourceError as error:
            rejected = {**dict.fromkeys(reading.days, error), **rejected}
            continue
        told = sorted(reading.days & pulled.days.keys())
        for i, day in enumerate(told, start=1):
            findings = [finding for finding in pulled.findings if finding.day == day]
            doubles, clipped = pulled.duplicates.get(day, 0), day in pulled.clipped
            _try(book, _Day(reading, day, pulled.days[day], findings, doubles, clipped), result)
            work.progress(f"{account} {dataset.name}", i, len(told))
        reading.end()
        rejected = {**reading.rejected(), **rejected}
    for day, why in sorted(rejected.items()):
        if day not in result.by_day:
            result.fail(day, account, why)
    for day in days:
        if day not in result.by_day:
            result.add(day, Outcome(account))  # final already, and only what is missing was asked for
    return result


def _try(book: Callable[[_Day], Outcome], loaded: _Day, result: Result) -> None:
    try:
        result.add(loaded.day, held_instead(loaded.reading, loaded.day, loaded.rows) or book(loaded))
    except FAULTS as error:
        result.fail(loaded.day, loaded.account, error)


def _wanted(work: Work, account: str, days: list[str], dataset: d.Dataset[Any]) -> list[str]:
    """The days to read: all that were asked for, or those that are missing or provisional."""
    return _unsettled(work, account, days, dataset) if work.only_missing else days


def _unsettled(work: Work, account: str, days: list[str], dataset: d.Dataset[Any]) -> list[str]:
    read_at = work.ledger.journals.read_at(dataset.name, account)
    settle = work.config.providers[account].settle_hours
    return [day for day in days if read_at.get(day, "") < final_at(day, settle)]


def missing_days(work: Work, first: str, last: str) -> list[str]:
    """The days of a range that lack something.

    Some provider's usage or cost was never read, or read before it settled; or no run has had the day for some source.
    """
    every = each_day(first, last)
    found = set()
    for account in work.config.providers:
        for dataset in (d.USAGE, d.COST_LINES):
            found.update(_unsettled(work, account, every, dataset))
    settings = work.config.settings
    made: list[tuple[d.Dataset[Any], str]] = [
        (d.ALLOCATIONS, account.name) for account in settings.accounts if account.kind == "costs"
    ]
    made += [(d.REVENUE, source.name) for source in settings.revenue]
    # Request logs alone book nothing on a day without requests; a day of theirs that was run has margins.
    made += [(d.MARGINS, "*")] if settings.accounts or settings.revenue or settings.requests else []
    made += [(d.CONVERTED_MARGINS, "*")] if settings.reporting_currency else []
    for of, scope in made:
        known = {k.period for k in work.ledger.heads(of, scope)}
        found.update(day for day in every if day not in known)
    return sorted(found)


def _book_usage(loaded: _Day) -> Outcome:
    account, day = loaded.account, loaded.day
    with loaded.work.ledger.commit(f"{account} usage {day}", loaded.work.run_id) as commit:
        take_over(loaded.work, commit, "providers", account, day)
        commit.book(d.USAGE, account, day, loaded.rows, findings=loaded.findings)
        _note(loaded, commit, d.USAGE)
    return _outcome(loaded, commit, d.USAGE)


def _book_costs(loaded: _Day) -> Outcome:
    account, day, rows = loaded.account, loaded.day, loaded.rows
    gather = loaded.work.ledger.gather()
    settings = settings_read(gather)
    priced = gather.read(d.PRICED_USAGE, account, day)
    covered = loaded.final or report_covers(priced, rows, settings.aliases)
    lines, doubts = ([], []) if covered else estimate(account, day, priced)
    findings = loaded.findings if covered else [*loaded.findings, _incomplete(account, day, rows)]
    with loaded.work.ledger.commit(f"{account} costs {day}", loaded.work.run_id) as commit:
        commit.book(d.COST_LINES, account, day, rows if covered else [], findings=findings)
        _note(loaded, commit, d.COST_LINES)
        # Its input is the version that this very commit books.
        inputs = {**gather.inputs, key(d.COST_LINES, account, day): 0}
        commit.book(d.ESTIMATES, account, day, lines, inputs, doubts)
    return _outcome(loaded, commit, d.COST_LINES)


def _note(loaded: _Day, commit: Commit, dataset: d.Dataset[Any]) -> None:
    """Which load it is; of two runs at once over a day the later reading counts, in whatever order they book."""
    load_id, moment = loaded.reading.load_id, loaded.reading.moment
    scope, day, clipped = loaded.account, loaded.day, loaded.clipped
    commit.loaded(load_id, dataset, scope, day, loaded.duplicates, (), clipped=clipped, moment=moment)


def _outcome(loaded: _Day, commit: Commit, dataset: d.Dataset[Any]) -> Outcome:
    booked = commit.booked[key(dataset, loaded.account, loaded.day)]
    if commit.overtaken:
        loaded.reading.overtaken.append(loaded.day)
    numbers = {
        "rows": booked.rows,
        "duplicates": loaded.duplicates,
        "findings": len(loaded.findings),
        "state": "final" if loaded.final else "provisional",
    }
    return Outcome(loaded.account, is_new=booked.is_new, numbers=numbers)


def _incomplete(account: str, day: str, rows: Sequence[CostLine]) -> Finding:
    detail = "the cost report lacks lines for models that were used; the estimate stands until it is complete"
    return Finding(day, account, REPORT_INCOMPLETE, account, "lines", len(rows), detail)


def is_reported(gather: Gather, account: str, day: str) -> bool:
    """Whether the provider's report is the day's lane; noted as an input."""
    doubts = gather.findings(d.COST_LINES, account, day)
    return gather.has(d.COST_LINES, account, day) and not any(f.kind == REPORT_INCOMPLETE for f in doubts)


def settings_read(gather: Gather) -> Settings:
    """The settings as booked; noted as an input."""
    return from_rows(gather.read(d.SETTINGS, "*", "*"))
