"""A table that was renamed in finops.toml: its days are counted under one name, never under both.

What a table booked stays when it is taken out. So the same files, or the same organisation, under another name
would be counted beside their own past. `formerly` says that a name is that past: each day the new name books ends
the old one's, in the same transaction. Where nothing says so, a day that repeats the past is not booked.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llm_finops.core.settings import from_rows
from llm_finops.ledger import Commit
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.outcome import CountedTwiceError
from llm_finops.pipeline.work import Work

# What a day of a name consists of, beside what is computed of every account in any case.
_DAY_OF: Mapping[str, tuple[d.Dataset[Any], ...]] = {
    "providers": (d.USAGE, d.PRICED_USAGE, d.COST_LINES, d.ESTIMATES),
    "requests": (d.LOG_DAYS, d.REQUEST_TOTALS, d.REQUEST_QUANTILES),
    "costs": (d.COST_LINES,),
    "revenue": (d.REVENUE,),
}
# What two rows of one fact have in common under either name.
_SAME: Mapping[str, Callable[[Any], tuple[Any, ...]]] = {
    d.COST_LINES.name: lambda row: (*row[3:10], row.charge_category, row.currency, row.amount_nano),
    d.REQUEST_TOTALS.name: lambda row: (*row.pool[1:], *row[2:]),
    d.REVENUE.name: lambda row: row[1:],
}


def refuse_unsaid(work: Work) -> None:
    """CountedTwiceError where an account is new and one of its provider is gone, and nothing says how they relate.

    Unlike a file's, the days of an organisation come in one by one, and its logs move with its name: so it is
    asked before anything is booked.
    """
    known = {account.name: account for account in work.settings().accounts}
    claimed = {old for names in work.config.formerly.values() for old in names}
    booked = {account.name for account in from_rows(work.ledger.read(d.SETTINGS, "*", "*")).accounts}
    for name in work.config.providers:
        kin = {old for old in work.gone("providers") - claimed if known[old].provider == known[name].provider}
        if name not in booked and kin and f"providers.{name}" not in work.config.formerly:
            raise CountedTwiceError(
                f"[providers.{name}] is new, and {', '.join(sorted(kin))} of its provider is no longer configured. "
                f'If it was renamed, write formerly = "{min(kin)}" under [providers.{name}]; if it is another '
                "organisation, write formerly = []. Nothing is booked until then, so that nothing counts twice"
            )


def take_over(work: Work, commit: Commit, kind: str, name: str, day: str) -> None:
    """End the day under the names the table had before; what they said stays readable as of its time."""
    for old in work.config.formerly.get(f"{kind}.{name}", ()):
        gather = work.ledger.gather()
        for dataset in _DAY_OF[kind]:
            if gather.has(dataset, old, day):  # one row by its index, not the history of the name
                commit.book(dataset, old, day, [])


def refuse_twice(work: Work, dataset: d.Dataset[Any], kind: str, name: str, day: str, rows: Sequence[Any]) -> None:
    """CountedTwiceError where at least half of the rows are booked under a name that is gone.

    A few may be equal by chance (a flat fee); a day whose half is the same is the same day.
    """
    gone = work.gone(kind) - set(work.config.formerly.get(f"{kind}.{name}", ()))
    told = Counter(map(_SAME[dataset.name], rows)) if gone else Counter()
    for old in sorted(gone) if rows else ():
        again = told & Counter(map(_SAME[dataset.name], work.ledger.read(dataset, old, day)))
        if 2 * again.total() >= told.total():
            raise CountedTwiceError(
                f"{kind}.{name} {day}: {again.total()} of {told.total()} rows are booked already under {old!r}, which "
                f'is no longer configured. If it was renamed, write formerly = "{old}" under [{kind}.{name}]; nothing '
                "of this day is booked, so that nothing counts twice"
            )
