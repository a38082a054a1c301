"""Ingest request logs. Files are listed in every run: a day whose rows changed is read again, whatever the range."""

from collections import defaultdict
from dataclasses import replace

from llm_finops.core.records import NONE, Finding, LogDay
from llm_finops.core.rules import TAG, tags_read
from llm_finops.core.settings import RequestSource, Settings
from llm_finops.engine import DayTotals, log_days, totals
from llm_finops.ledger import Gather
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.files import source_files
from llm_finops.pipeline.ingest import settings_read
from llm_finops.pipeline.outcome import FAULTS, Outcome, Result
from llm_finops.pipeline.quarantine import rows_quarantined
from llm_finops.pipeline.renamed import refuse_twice, take_over
from llm_finops.pipeline.surveys import Surveyed, survey_files, workspace
from llm_finops.pipeline.work import Work, key

NO_ACCOUNT = "no account"


def load_requests(work: Work, days: list[str]) -> Result:
    """`log_days`, `request_totals` and `request_quantiles` of every configured request log."""
    result = Result()
    for name in work.config.requests:
        try:
            files = _surveyed(work, name)
            again = _book_totals(work, name, files, days, result)
            while again:  # another run has changed what these days are made of
                files = _surveyed(work, name)
                again = _book_totals(work, name, files, again, result)
        except FAULTS as error:
            for day in days:
                result.fail(day, name, error)
        else:
            _tell_bad(name, files, days, result)
    return result


def _surveyed(work: Work, name: str) -> Surveyed:
    paths = source_files(work, f"requests.{name}", work.config.requests[name].paths)
    files = survey_files(work, _source(work, name), paths)
    _book_log_days(work, name, files)
    return files


def _source(work: Work, name: str) -> RequestSource:
    return next(source for source in work.config.settings.requests if source.name == name)


def _tell_bad(name: str, files: Surveyed, days: list[str], result: Result) -> None:
    """Files that cannot be used fail the days they held; if these are not known, days that no other file holds."""
    held = {day for file in files.good for day in file.days}
    failing = [day for day in days if day in files.spoiled] or [day for day in days if day not in held] or days[-1:]
    for why in files.bad.values():
        for day in failing:
            result.fail(day, name, why)


def _book_log_days(work: Work, source: str, files: Surveyed) -> None:
    """One digest a day over all files; days that are gone are booked empty, so that what was made of them is stale.

    Rows without a day are told and journalled here: they are in no day's totals.
    """
    now: dict[str, LogDay] = log_days([file.days for file in files.good])
    told = files.findings(source)
    booked = {day: rows for (_, day), rows in work.ledger.read_days(d.LOG_DAYS, "0000", "9999", source).items()}
    said: dict[str, list[Finding]] = defaultdict(list)
    for doubt in work.ledger.findings(list(work.ledger.heads(d.LOG_DAYS, source).values())):
        said[doubt.day].append(doubt)
    rows = {day: [now[day]] if day in now else [] for day in now.keys() | booked.keys()}
    changed = [
        day
        for day in sorted(rows.keys() - files.spoiled)
        if booked.get(day, []) != rows[day] or said.get(day, []) != told.get(day, [])
    ]
    if not changed:
        return
    undated = files.undated()
    load_id = work.ledger.journals.begin_load(source, d.LOG_DAYS.name, changed[0], changed[-1])
    with work.ledger.commit(f"{source} files", work.run_id) as commit:
        for day in changed:
            bad = [row for file in undated.get(day, ()) for row in file.quarantined]
            commit.book(d.LOG_DAYS, source, day, rows[day], findings=told.get(day, []))
            commit.loaded(load_id, d.LOG_DAYS, source, day, 0, bad)
    work.ledger.journals.end_load(load_id, "part" if files.bad else "whole")


def _book_totals(work: Work, source: str, files: Surveyed, days: list[str], result: Result) -> list[str]:
    """Price and add up the days that need it; those that were not booked, since what they are made of has moved."""
    todo = [day for day in _todo(work, source, days) if day not in files.spoiled]
    for day in days:
        if day not in todo and day not in files.spoiled:
            result.add(day, Outcome(source))
    if not todo:
        return []
    again: list[str] = []
    load_id = work.ledger.journals.begin_load(source, d.REQUEST_TOTALS.name, todo[0], todo[-1])
    holding = [file.path for file in files.good if not file.days.keys().isdisjoint(todo)]
    done = 0
    with workspace(work) as space:
        gather = work.ledger.gather()
        settings, book = settings_read(gather), work.price_book(gather)
        spoken = next(s for s in settings.requests if s.name == source)
        for told in totals(_with_tags_read(spoken, settings), holding, todo, book.rows_for, settings.aliases, space):
            done += 1
            try:
                outcome = _book_day(work, load_id, source, told, work.ledger.gather(gather.seq))
            except FAULTS as error:
                result.fail(told.day, source, error)
            else:
                if outcome is None:
                    again.append(told.day)
                else:
                    result.add(told.day, outcome)
            work.progress(f"{source} requests", done, len(todo))
    work.ledger.journals.end_load(load_id, "part" if result.failed() else "whole")
    return again


def _with_tags_read(source: RequestSource, settings: Settings) -> RequestSource:
    """The source without the tags that no rule reads: each tag makes more rows of the same requests."""
    read = {f"{TAG}{tag}" for tag in tags_read(settings)}
    kept = {ours: of for ours, of in source.columns.items() if not ours.startswith(TAG) or ours in read}
    return replace(source, columns=kept)


def _todo(work: Work, source: str, days: list[str]) -> list[str]:
    """Days whose log or whose prices and settings changed, and days of the range that were never read."""
    held = {k.period for k in work.ledger.heads(d.LOG_DAYS, source)}
    booked = {k.period for k in work.ledger.heads(d.REQUEST_TOTALS, source)}
    stale = {k.period for k in work.ledger.stale(d.REQUEST_TOTALS) if k.scope == source}
    asked = {day for day in days if day in held and (day not in booked or day in stale)}
    # A late log fills days that earlier runs have passed by.
    outside = stale | ((held - booked) & work.days_run()) if work.whole else set()
    return sorted(asked | outside)


def _book_day(work: Work, load_id: int, source: str, told: DayTotals, gather: Gather) -> Outcome | None:
    """Book a day as made of what was in force when its log was read; None where that has moved since."""
    if told.refused:
        return Outcome(source, ok=False, why=told.refused)
    settings = settings_read(gather)
    gather.read(d.PRICES, "*", "*")
    gather.read(d.LOG_DAYS, source, told.day)
    bad = told.quarantined
    refuse_twice(work, d.REQUEST_TOTALS, "requests", source, told.day, told.totals)
    doubts = [
        *told.findings,
        *rows_quarantined(told.day, source, bad, by_file=False),
        *_no_account(source, told, settings),
    ]
    with work.ledger.commit(f"{source} requests {told.day}", work.run_id, gather) as commit:
        take_over(work, commit, "requests", source, told.day)
        commit.book(d.REQUEST_TOTALS, source, told.day, told.totals, gather.inputs, sorted(doubts))
        commit.book(d.REQUEST_QUANTILES, source, told.day, told.quantiles, gather.inputs)
        commit.loaded(load_id, d.REQUEST_TOTALS, source, told.day, told.duplicates, bad)
    if commit.outdated:
        return None
    numbers = {
        "requests_read": told.rows,
        "duplicates": told.duplicates,
        "quarantined": len(bad),
        "rows": len(told.totals),
        "findings": len(doubts),
    }
    made = commit.booked[key(d.REQUEST_TOTALS, source, told.day)].is_new
    return Outcome(source, is_new=made, computed=True, numbers=numbers)


def _no_account(source: str, told: DayTotals, settings: Settings) -> list[Finding]:
    """Accounts that the log names and nobody configured: another spelling, mostly. The engine tells of `(none)`."""
    configured = [account.name for account in settings.accounts]
    requests: dict[str, int] = defaultdict(int)
    for total in told.totals:
        if total.pool.account not in {NONE, *configured}:
            requests[total.pool.account] += total.requests
    detail = (
        f"no account of this name is configured, so no bill meets these requests; there are {', '.join(configured)}"
    )
    return [
        Finding(told.day, source, NO_ACCOUNT, account, "requests", n, detail) for account, n in sorted(requests.items())
    ]
