"""Ingest cost files and revenue. They are read in every run; a day whose rows changed is booked, whatever the range."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_finops.config.tables import Files
from llm_finops.core.records import ALL, ANY, Finding, Quarantined
from llm_finops.inputs.costs import CostFiles, read_costs
from llm_finops.inputs.revenue import RevenueFiles, read_revenue
from llm_finops.ledger import datasets as d
from llm_finops.ledger.limits import storable
from llm_finops.pipeline.files import emptied, refuse_shared, source_files
from llm_finops.pipeline.outcome import FAULTS, Outcome, Result
from llm_finops.pipeline.quarantine import rows_quarantined
from llm_finops.pipeline.renamed import refuse_twice, take_over
from llm_finops.pipeline.work import Work, key

REVENUE_NOT_LOADED = "revenue not loaded"
REVENUE_UNKNOWN = "revenue unknown"  # its subject: customer and currency, as `unknown_revenue` reads them

_Said = CostFiles | RevenueFiles


def load_cost_file(work: Work, name: str, days: list[str]) -> Result:
    """`cost_lines` of a file source: every day the files speak of, and the days of the range."""
    result = Result()
    try:
        said = _read(work, d.COST_LINES, "costs", name, work.config.costs, read_costs)
    except FAULTS as error:
        _fail(result, days, name, error)
    else:
        _book(work, _Files(d.COST_LINES, name, said, _known(work, d.COST_LINES, name, said, days)), days, result)
    return result


def load_revenue(work: Work, days: list[str]) -> Result:
    """`revenue` of every source: the days it covers; a covered day without rows is zero, another is unknown."""
    result = Result()
    for name in work.config.revenue:
        try:
            said = _read(work, d.REVENUE, "revenue", name, work.config.revenue, read_revenue)
        except FAULTS as error:
            _fail(result, days, name, error)
            continue
        files = _Files(d.REVENUE, name, said, _known(work, d.REVENUE, name, said, days))
        files.tell(_not_loaded(name, day) for day in files.known if not _covers(said, day))
        files.tell(_left_unknown(name, said, files.known))
        _book(work, files, days, result)
    return result


def unknown_revenue(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """{(customer, currency)} of which revenue findings say that the day's revenue is not known."""
    found = [finding.subject.rpartition(" ") for finding in findings if finding.kind == REVENUE_UNKNOWN]
    return {(customer, currency) for customer, _, currency in found}


def _fail(result: Result, days: Iterable[str], name: str, error: Exception) -> None:
    for day in days:
        result.fail(day, name, error)


def _read(
    work: Work,
    dataset: d.Dataset[Any],
    kind: str,
    name: str,
    tables: Mapping[str, Files],
    read: Callable[..., Any],
) -> Any:
    """What the files of [kind.name] say; InputError where that cannot be all of it, or is another's as well."""
    table = tables[name]
    said = read(name, source_files(work, f"{kind}.{name}", table.paths), table.columns)
    refuse_shared(work, kind, name, said.contents, tables)
    if not said.days and work.ledger.days_with_rows(dataset, name):
        bad = said.quarantined
        raise emptied(f"{kind}.{name}", f" ({len(bad)} are quarantined, the first: {bad[0].reason})" if bad else "")
    return said


def _known(work: Work, dataset: d.Dataset[Any], name: str, said: _Said, days: Iterable[str]) -> set[str]:
    """The days the source is read for: the range, every day booked, and those it speaks of that a run has had."""
    booked = {k.period for k in work.ledger.heads(dataset, name)}
    spoken = said.days.keys() | {day for row in said.quarantined for day in row.days}
    # Other days the files speak of are left until a run has them in its range.
    return {*days, *booked, *(spoken & work.days_run())}


@dataclass
class _Files:
    """What the files of a source say of each day it is read for."""

    dataset: d.Dataset[Any]
    name: str
    said: _Said
    known: set[str]
    findings: dict[str, list[Finding]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.tell(self.said.findings)
        bad: dict[str, list[Quarantined]] = defaultdict(list)
        for row in self.said.quarantined:
            for day in row.shown(self.known):
                bad[day].append(row.quarantined)
        for day, rows in bad.items():
            self.tell(rows_quarantined(day, self.name, rows))

    def tell(self, findings: Iterable[Finding]) -> None:
        """Note findings, each for its day."""
        for finding in findings:
            self.findings[finding.day].append(finding)

    def journal(self, todo: Iterable[str]) -> dict[str, list[Quarantined]]:
        """The quarantined rows, each once: with the first of its days that is booked now."""
        now = set(todo)
        bad: dict[str, list[Quarantined]] = defaultdict(list)
        for row in self.said.quarantined:
            if days := [day for day in row.shown(self.known) if day in now]:
                bad[days[0]].append(row.quarantined)
        return bad


def _covers(said: RevenueFiles, day: str) -> bool:
    return bool(said.days) and said.first <= day <= said.last


def _not_loaded(name: str, day: str, detail: str = "") -> Finding:
    """Told apart from a covered day without rows, which is zero; also on a day whose file is gone again."""
    said = detail or "no file of this source covers the day: its revenue is unknown, not 0"
    return Finding(day, ALL, REVENUE_NOT_LOADED, name, "rows", 0, said)


def _left_unknown(name: str, said: RevenueFiles, known: Iterable[str]) -> Iterator[Finding]:
    """What quarantined rows leave unknown on the days that are covered otherwise: a customer's revenue, or all of it.

    A row without a day of its own may be of any day of its file; a file without any may be of any day at all.
    """
    covered = {day for day in known if _covers(said, day)}
    rows: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in said.quarantined:
        for day in covered.intersection(row.days) if row.days else covered:
            rows[day, row.customer, row.currency].append(row.reason)
    for (day, customer, currency), reasons in sorted(rows.items()):
        why = f"{len(reasons)} of its rows cannot be counted ({min(reasons)}): its revenue is unknown, not 0"
        if customer == ANY:
            yield _not_loaded(name, day, storable(f"nobody can tell whose {why}"))
        else:
            yield Finding(day, name, REVENUE_UNKNOWN, storable(f"{customer} {currency}"), "rows", len(reasons), why)


def _book(work: Work, files: _Files, days: list[str], result: Result) -> None:
    """Book the range and every day booked or run before: what the files say of it now, empty if nothing."""
    todo = sorted(files.known if work.whole else days)
    outside = set(todo) - set(days)
    ends = (todo[0], todo[-1]) if todo else ("", "")
    load_id = work.ledger.journals.begin_load(files.name, files.dataset.name, *ends)
    bad = files.journal(todo)
    for i, day in enumerate(todo, start=1):
        try:
            outcome = _book_day(work, files, day, load_id, bad.get(day, []))
        except FAULTS as error:
            result.fail(day, files.name, error)
            continue
        if outcome.is_new or day not in outside:
            result.add(day, outcome)
        work.progress(f"{files.name} {files.dataset.name}", i, len(todo))
    work.ledger.journals.end_load(load_id, "whole", detail=f"{len(files.said.quarantined)} rows quarantined")


def _book_day(work: Work, files: _Files, day: str, load_id: int, bad: list[Quarantined]) -> Outcome:
    dataset, name, rows = files.dataset, files.name, files.said.days.get(day, [])
    findings = sorted(files.findings.get(day, []))
    kind = "costs" if dataset is d.COST_LINES else "revenue"
    refuse_twice(work, dataset, kind, name, day, rows)
    with work.ledger.commit(f"{name} {dataset.name} {day}", work.run_id) as commit:
        take_over(work, commit, kind, name, day)
        commit.book(dataset, name, day, rows, findings=findings)
        commit.loaded(load_id, dataset, name, day, 0, bad)
    numbers = {"rows": len(rows), "quarantined": len(bad), "findings": len(findings)}
    return Outcome(name, is_new=commit.booked[key(dataset, name, day)].is_new, numbers=numbers)
