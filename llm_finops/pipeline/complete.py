"""Which days are complete: every cost source read after the day's end, and nothing of them stale."""

from typing import Any

from llm_finops.core.days import each_day, final_at
from llm_finops.core.digest import Missing
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.ingest import is_reported
from llm_finops.pipeline.work import Work, key

# Which datasets must not be stale, and by which kind of table they are read.
_STALE_MATTERS: dict[d.Dataset[Any], str] = {
    d.PRICED_USAGE: "providers",
    d.ESTIMATES: "",
    d.REQUEST_TOTALS: "requests",
    d.IMPLIED_PRICES: "providers",
    d.ALLOCATIONS: "",
    d.MARGINS: "",
    d.REQUEST_COSTS: "",
    d.CONVERTED_MARGINS: "",
}


def newest_complete(work: Work) -> str | None:
    """The newest day that every cost source covers, with nothing of it stale; None where there is none."""
    return next((day for day in sorted(_computed(work), reverse=True) if is_complete(work, day)), None)


def is_ready(work: Work, day: str) -> bool:
    """Whether a whole message can be made of a day: it is complete, and computed up to the end."""
    return is_complete(work, day) and day in _computed(work)


def _computed(work: Work) -> set[str]:
    """The days that have all a message shows, with nothing of it stale."""
    booked = {k.period for k in work.ledger.heads(d.MARGINS)}
    if work.config.reporting.currency is not None:
        booked &= {k.period for k in work.ledger.heads(d.CONVERTED_MARGINS)}
    return booked - stale_days(work)


def stale_days(work: Work) -> set[str]:
    """The days of which something that a message shows is yet to be computed again."""
    converts = work.config.reporting.currency is not None
    return {
        k.period
        for dataset, kind in _STALE_MATTERS.items()
        if converts or dataset is not d.CONVERTED_MARGINS  # what was converted once has ended
        for k in work.ledger.stale(dataset)
        if not kind or k.scope not in work.gone(kind)  # whose files or keys are gone cannot be computed again
    }


def is_complete(work: Work, day: str) -> bool:
    """Whether every configured provider's cost is reported or estimated, by a reading after the day's end."""
    return all(_is_there(work, account, day) for account in work.config.providers)


def missing_of(work: Work, day: str) -> tuple[Missing, ...]:
    """The accounts that a day lacks, each with the last day before it that was read whole."""
    lacking = [account for account in work.config.providers if not _is_there(work, account, day)]
    return tuple(Missing(account, _read_up_to(work, account, day)) for account in lacking)


def incomplete_between(work: Work, first: str, last: str) -> tuple[str, ...]:
    """The days of first..last (inclusive) that are not complete, or not computed up to the end."""
    days = each_day(first, last)
    computed = _computed(work) if days else set()
    return tuple(day for day in days if day not in computed or not is_complete(work, day))


def _is_there(work: Work, account: str, day: str) -> bool:
    return _is_covered(work, account, day) and key(d.ALLOCATIONS, account, day) in work.ledger.heads(
        d.ALLOCATIONS, account
    )


def _is_covered(work: Work, account: str, day: str) -> bool:
    """Whether the lane that stands for the day, its report or its estimate, was read after the day's end."""
    gather = work.ledger.gather()
    reported = is_reported(gather, account, day)
    if not (reported or gather.has(d.ESTIMATES, account, day)):
        return False
    read = work.ledger.journals.read_at((d.COST_LINES if reported else d.USAGE).name, account)
    return read.get(day, "") >= final_at(day, 0)


def _read_up_to(work: Work, account: str, day: str) -> str | None:
    read = [work.ledger.journals.read_at(dataset.name, account) for dataset in (d.COST_LINES, d.USAGE)]
    whole = [at for found in read for at, when in found.items() if when >= final_at(at, 0)]
    return max((at for at in whole if at < day), default=None)
