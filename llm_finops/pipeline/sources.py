"""Ingest what people give us: request logs, cost files, revenue. Files are listed in every run.

A day whose rows changed is read again whatever the range; an unchanged file is not read at all.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llm_finops.core.records import ALL, Finding, LogDay, Quarantined
from llm_finops.core.settings import RequestSource
from llm_finops.engine import DayTotals, FileDays, Workspace, log_days, survey, totals
from llm_finops.inputs.costs import read_costs
from llm_finops.inputs.files import listing, once
from llm_finops.inputs.revenue import RevenueFiles, read_revenue
from llm_finops.ledger import SourceFile
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.ingest import settings_read
from llm_finops.pipeline.outcome import FAULTS, Outcome, Result
from llm_finops.pipeline.renamed import refuse_twice, take_over
from llm_finops.pipeline.scratch import Scratch
from llm_finops.pipeline.work import Work, key

REVENUE_NOT_LOADED = "revenue not loaded"


def load_requests(work: Work, days: list[str]) -> Result:
    """`log_days`, `request_totals` and `request_quantiles` of every configured request log."""
    result = Result()
    for name, log in work.config.requests.items():
        try:
            files = _survey(work, _source(work, name), work.config.files(log.paths))
            _book_log_days(work, name, files)
            _book_totals(work, name, files, days, result)
        except FAULTS as error:
            for day in days:
                result.fail(day, name, error)
    return result


def _source(work: Work, name: str) -> RequestSource:
    return next(source for source in work.config.settings.requests if source.name == name)


@dataclass(frozen=True)
class _Known:
    """A surveyed file and what it holds by day."""

    path: Path
    days: Mapping[str, LogDay]


def _reading_of(source: RequestSource) -> str:
    """A hash of how a log's rows are read: other columns, other rows."""
    text = json.dumps(asdict(source), sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()


def _survey(work: Work, source: RequestSource, paths: Sequence[Path]) -> list[_Known]:
    """What each file holds; only new and changed files are read."""
    reading = _reading_of(source)
    known = work.ledger.journals.files(source.name, reading)
    listed, _ = once(listing(source.name, paths))  # delivered twice under two names is one delivery
    fresh = [f for f in listed if (k := known.get(str(f.path))) is None or k.sha256 != f.sha256]
    found: dict[str, FileDays] = {}
    if fresh:
        with _workspace(work) as space:
            found = {str(f.path): f for f in survey(source, [f.path for f in fresh], space)}
    kept = []
    for file in listed:
        path = str(file.path)
        held = {day: list(of) for day, of in found[path].days.items()} if path in found else known[path].days
        kept.append(SourceFile(path, file.size, file.sha256, held))
    if fresh or len(kept) != len(known):
        work.ledger.journals.keep_files(source.name, reading, kept)
    return [_Known(Path(f.path), {day: LogDay(*of) for day, of in f.days.items()}) for f in kept]


@contextmanager
def _workspace(work: Work) -> Iterator[Workspace]:
    accounts = {account.name: account.provider for account in work.config.settings.accounts}
    with Scratch(work.config.home) as folder:
        yield Workspace(folder, providers=accounts)


def _book_log_days(work: Work, source: str, files: Sequence[_Known]) -> None:
    """One digest a day over all files; days that are gone are booked empty, so that what was made of them is stale."""
    now = log_days([file.days for file in files])
    booked = work.ledger.read_days(d.LOG_DAYS, "0000", "9999", source)
    changed = {day: [of] for day, of in now.items() if booked.get((source, day)) != [of]}
    changed |= {day: [] for (_, day), rows in booked.items() if rows and day not in now}
    if changed:
        with work.ledger.commit(f"{source} files", work.run_id) as commit:
            for day, rows in sorted(changed.items()):
                commit.book(d.LOG_DAYS, source, day, rows)


def _book_totals(work: Work, source: str, files: Sequence[_Known], days: list[str], result: Result) -> None:
    todo = _todo(work, source, days)
    for day in days:
        if day not in todo:
            result.add(day, Outcome(source))
    if not todo:
        return
    load_id = work.ledger.journals.begin_load(source, d.REQUEST_TOTALS.name, todo[0], todo[-1])
    holding = [file.path for file in files if not file.days.keys().isdisjoint(todo)]
    done = 0
    with _workspace(work) as space:
        gather = work.ledger.gather()
        settings, book = settings_read(gather), work.price_book(gather)
        spoken = next(s for s in settings.requests if s.name == source)
        for told in totals(spoken, holding, todo, book.rows_for, settings.aliases, space):
            done += 1
            try:
                result.add(told.day, _book_day(work, load_id, source, told))
            except FAULTS as error:
                result.fail(told.day, source, error)
            work.progress(f"{source} requests", done, len(todo))
    work.ledger.journals.end_load(load_id, "part" if result.failed() else "whole")


def _todo(work: Work, source: str, days: list[str]) -> list[str]:
    """Days whose log or whose prices and settings changed, and days of the range that were never read."""
    held = {k.period for k in work.ledger.heads(d.LOG_DAYS, source)}
    booked = {k.period for k in work.ledger.heads(d.REQUEST_TOTALS, source)}
    stale = {k.period for k in work.ledger.stale(d.REQUEST_TOTALS) if k.scope == source}
    asked = {day for day in days if day in held and (day not in booked or day in stale)}
    # A late log fills days that earlier runs have passed by.
    outside = stale | ((held - booked) & work.days_run()) if work.whole else set()
    return sorted(asked | outside)


def _book_day(work: Work, load_id: int, source: str, told: DayTotals) -> Outcome:
    if told.refused:
        return Outcome(source, ok=False, why=told.refused)
    gather = work.ledger.gather()
    settings_read(gather)
    gather.read(d.PRICES, "*", "*")
    gather.read(d.LOG_DAYS, source, told.day)
    bad = [Quarantined(*row) for row in told.quarantined]
    refuse_twice(work, d.REQUEST_TOTALS, "requests", source, told.day, told.totals)
    with work.ledger.commit(f"{source} requests {told.day}", work.run_id) as commit:
        take_over(work, commit, "requests", source, told.day)
        commit.book(d.REQUEST_TOTALS, source, told.day, told.totals, gather.inputs, told.findings)
        commit.book(d.REQUEST_QUANTILES, source, told.day, told.quantiles, gather.inputs)
        commit.loaded(load_id, d.REQUEST_TOTALS, source, told.day, told.duplicates, bad)
    numbers = {
        "requests_read": told.rows,
        "duplicates": told.duplicates,
        "quarantined": len(bad),
        "rows": len(told.totals),
        "findings": len(told.findings),
    }
    made = commit.booked[key(d.REQUEST_TOTALS, source, told.day)].is_new
    return Outcome(source, is_new=made, computed=True, numbers=numbers)


def load_cost_file(work: Work, name: str, days: list[str]) -> Result:
    """`cost_lines` of a file source: every day the files speak of, and the days of the range."""
    table = work.config.costs[name]
    result = Result()
    try:
        read = read_costs(name, work.config.files(table.paths), table.columns)
    except FAULTS as error:
        for day in days:
            result.fail(day, name, error)
        return result
    _book_files(work, d.COST_LINES, name, read, days, result)
    return result


def load_revenue(work: Work, days: list[str]) -> Result:
    """`revenue` of every source: the days it covers; a covered day without rows is zero, another is unknown."""
    result = Result()
    for name, table in work.config.revenue.items():
        try:
            read = read_revenue(name, work.config.files(table.paths), table.columns)
        except FAULTS as error:
            for day in days:
                result.fail(day, name, error)
            continue
        booked = {k.period for k in work.ledger.heads(d.REVENUE, name)}
        read.findings += [_not_loaded(name, day) for day in sorted({*days, *booked}) if not _covers(read, day)]
        _book_files(work, d.REVENUE, name, read, days, result)
    return result


def _covers(read: RevenueFiles, day: str) -> bool:
    return bool(read.days) and read.first <= day <= read.last


def _not_loaded(name: str, day: str) -> Finding:
    """Told apart from a covered day without rows, which is zero; also on a day whose file is gone again."""
    detail = "no file of this source covers the day: its revenue is unknown, not 0"
    return Finding(day, ALL, REVENUE_NOT_LOADED, name, "rows", 0, detail)


def _book_files(work: Work, dataset: d.Dataset[Any], name: str, read: Any, days: Sequence[str], result: Result) -> None:
    """Book the range and every day booked or run before: what the files say of it now, empty if nothing."""
    booked = {k.period for k in work.ledger.heads(dataset, name)}
    # Other days the files speak of are left until a run has them in its range.
    late = read.days.keys() & work.days_run()
    todo = sorted({*days, *booked, *late} if work.whole else days)
    outside = set(todo) - set(days)
    load_id = work.ledger.journals.begin_load(name, dataset.name, todo[0] if todo else "", todo[-1] if todo else "")
    bad = list(read.quarantined)
    for i, day in enumerate(todo, start=1):
        findings = [finding for finding in read.findings if finding.day == day]
        try:
            outcome = _book_file_day(work, dataset, name, day, (load_id, read.days.get(day, ()), findings, bad))
        except FAULTS as error:
            result.fail(day, name, error)
            continue
        bad = []  # rows without a readable day are journalled once, with the first
        if outcome.is_new or day not in outside:
            result.add(day, outcome)
        work.progress(f"{name} {dataset.name}", i, len(todo))
    work.ledger.journals.end_load(load_id, "whole", detail=f"{len(read.quarantined)} rows quarantined")


_Loaded = tuple[int, Sequence[Any], list[Finding], list[Quarantined]]


def _book_file_day(work: Work, dataset: d.Dataset[Any], name: str, day: str, loaded: _Loaded) -> Outcome:
    load_id, rows, findings, bad = loaded
    kind = "costs" if dataset is d.COST_LINES else "revenue"
    refuse_twice(work, dataset, kind, name, day, rows)
    with work.ledger.commit(f"{name} {dataset.name} {day}", work.run_id) as commit:
        take_over(work, commit, kind, name, day)
        commit.book(dataset, name, day, rows, findings=findings)
        commit.loaded(load_id, dataset, name, day, 0, bad)
    numbers = {"rows": len(rows), "quarantined": len(bad)}
    return Outcome(name, is_new=commit.booked[key(dataset, name, day)].is_new, numbers=numbers)
