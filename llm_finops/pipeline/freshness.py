"""Whether a source has said what it should have said by now, day by day."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from llm_finops.core.days import final_at
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.events import Verdict
from llm_finops.pipeline.sources import REVENUE_NOT_LOADED
from llm_finops.pipeline.work import Work

Verdicts = dict[str, Verdict]
Said = set[str]  # the days of which a source has said something


def read_whole(dataset: d.Dataset[Any], account: str) -> Callable[[Work, list[str]], Verdicts]:
    """Whether a provider was read after the day was over."""

    def check(work: Work, days: list[str]) -> Verdicts:
        read = work.ledger.journals.read_at(dataset.name, account)
        said = {day for day, at in read.items() if at >= final_at(day, 0)}
        mend = "`llm-finops doctor` says why; `llm-finops backfill --missing` reads it again"
        return _verdicts(work, days, {account: said}, "whole reading", mend)

    return check


def cost_file(name: str) -> Callable[[Work, list[str]], Verdicts]:
    """Whether a file has cost lines for the day."""

    def check(work: Work, days: list[str]) -> Verdicts:
        mend = f"add the file of this period to [costs.{name}] paths"
        return _verdicts(work, days, {name: work.ledger.days_with_rows(d.COST_LINES, name)}, "cost line", mend)

    return check


def requests(work: Work, days: list[str]) -> Verdicts:
    """Whether every request log has requests of the day."""
    said = {name: work.ledger.days_with_rows(d.REQUEST_TOTALS, name) for name in work.config.requests}
    mend = "see that the log is still written to its paths; `llm-finops doctor` reads it"
    return _verdicts(work, days, said, "request", mend)


def revenue(work: Work, days: list[str]) -> Verdicts:
    """Whether every source of revenue covers the day."""
    said = {}
    for name in work.config.revenue:
        heads = work.ledger.heads(d.REVENUE, name)
        found = work.ledger.findings(sorted(heads.values()))  # of all days: the newest with revenue is told
        missing = {f.day for f in found if (f.kind, f.subject) == (REVENUE_NOT_LOADED, name)}
        said[name] = {key.period for key in heads} - missing
    mend = "add the file of this period to the paths of [revenue]; until then the margin is unknown"
    return _verdicts(work, days, said, "revenue", mend)


def _verdicts(work: Work, days: list[str], said: dict[str, Said], what: str, mend: str) -> Verdicts:
    """One verdict a day over its sources; none where there is no source."""
    return {day: _verdict(work, day, said, what, mend) for day in days if said}


def _verdict(work: Work, day: str, said: dict[str, Said], what: str, mend: str) -> Verdict:
    """A day before a source's first one asks nothing of it, and one that has just ended may wait."""
    silent = {name: at for name, at in sorted(said.items()) if day not in at and (not at or day > min(at))}
    hours = work.config.checks.fresh_hours
    due = datetime.fromisoformat(final_at(day, hours))
    metadata = {"fresh_hours": f"{hours} h", "silent": ", ".join(silent) or "none"}
    if not silent:
        return Verdict(passed=True, said="every source has said what it has of the day", metadata=metadata)
    newest = ", ".join(f"{name} (newest: {max(at, default='none')})" for name, at in silent.items())
    if datetime.fromisoformat(work.ledger.now()) < due:
        wait = f"no {what} of the day yet from {newest}; expected by {due:%Y-%m-%d %H:%M} UTC"
        return Verdict(passed=True, said=wait, metadata=metadata)
    return Verdict(
        passed=False, said=f"no {what} of the day from {newest}, {hours} h after its end: {mend}", metadata=metadata
    )
