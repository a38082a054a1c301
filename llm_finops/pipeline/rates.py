"""Ingest rates of exchange. The files are read in every run; a month whose rates changed is booked again."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from llm_finops.core.convert import DAYS_MAX
from llm_finops.core.currencies import FxRate
from llm_finops.core.records import Finding, Quarantined
from llm_finops.inputs.rates import RateFiles, read_rates
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.files import source_files
from llm_finops.pipeline.outcome import FAULTS, Outcome, Result
from llm_finops.pipeline.quarantine import rows_quarantined
from llm_finops.pipeline.work import Work

_NO_DATE = "9999"  # the first date of a source that says nothing now: all it said is kept


def months_of(day: str) -> list[str]:
    """The months that hold the rates a day may be converted at."""
    return sorted({str(date.fromisoformat(day) - timedelta(days=DAYS_MAX))[:7], day[:7]})


@dataclass
class _Said:
    """What all sources say: rates, findings and rows that are not counted, by month; and loads, by source."""

    rates: dict[str, set[FxRate]] = field(default_factory=lambda: defaultdict(set))
    findings: dict[str, list[Finding]] = field(default_factory=lambda: defaultdict(list))
    bad: dict[tuple[str, str], list[Quarantined]] = field(default_factory=lambda: defaultdict(list))  # (source, month)
    read: dict[str, RateFiles] = field(default_factory=dict)


def load_rates(work: Work, days: list[str]) -> Result:
    """`fx_rates` of every month that the files speak of, or that is booked; a source that cannot be read keeps its own.

    Dates before the first that a source's files hold keep what was booked: a file of one day that is replaced every
    day adds to the others. From there on the files rule, so that what they no longer hold is withdrawn, a date that
    has not come yet as well. A source taken out of finops.toml takes its rates along.
    """
    result = Result()
    booked = {k.period: version for k, version in work.ledger.heads(d.FX_RATES, "*").items()}
    said = _Said()
    for name in sorted(work.config.rates):
        try:
            found = _read(work, name)
        except FAULTS as error:
            for day in days:
                result.fail(day, f"rates.{name}", error)
            _keep(work, booked, said, name, _NO_DATE, _NO_DATE)
        else:
            said.read[name] = found
            _tell(said, name, found)
            _keep(work, booked, said, name, found.first, _told_from(found))
    new = _book(work, said, sorted({*booked, *said.rates, *said.findings}))
    for day in days:
        on_day = sum(rate.date == day for rate in said.rates.get(day[:7], ()))
        result.add(day, Outcome("*", is_new=day[:7] in new, numbers={"rates": on_day}))
        new.discard(day[:7])  # a month's version is counted once
    return result


def _read(work: Work, name: str) -> RateFiles:
    table = work.config.rates[name]
    since = str(work.config.start_date - timedelta(days=DAYS_MAX))
    return read_rates(name, source_files(work, f"rates.{name}", table.paths), table.columns, table.format, since)


def _tell(said: _Said, name: str, found: RateFiles) -> None:
    for rate in found.rates:
        said.rates[rate.date[:7]].add(rate)
    by_day: dict[str, list[Quarantined]] = defaultdict(list)
    for row in found.quarantined:
        by_day[min(row.days, default=found.first)].append(row.quarantined)
    for day, rows in by_day.items():
        said.findings[day[:7]] += rows_quarantined(day, name, rows)
        said.bad[name, day[:7]] += rows


def _told_from(found: RateFiles) -> str:
    """The first date the files say something of, be it a row that does not count: it is told anew."""
    return min([found.first, *(day for row in found.quarantined for day in row.days)])


def _keep(work: Work, booked: Mapping[str, int], said: _Said, name: str, first: str, told_from: str) -> None:
    """Of what is booked of a source, what its files do not reach now: rates before `first`, findings before theirs."""
    for month, version in booked.items():
        said.rates[month].update(
            rate for rate in work.ledger.read(d.FX_RATES, "*", month) if rate.source == name and rate.date < first
        )
        told = work.ledger.findings([version])
        said.findings[month] += [f for f in told if f.account == name and f.day < told_from]


def _book(work: Work, said: _Said, months: Sequence[str]) -> set[str]:
    """Book every month in one commit; those that are new."""
    journals = work.ledger.journals
    loads = {
        name: journals.begin_load(name, d.FX_RATES.name, found.first, found.last) for name, found in said.read.items()
    }
    with work.ledger.commit("fx_rates", work.run_id) as commit:
        for month in months:
            commit.book(d.FX_RATES, "*", month, sorted(said.rates[month]), findings=sorted(said.findings[month]))
        for name, month, duplicates in _loaded(said, months):
            commit.loaded(loads[name], d.FX_RATES, "*", month, duplicates, said.bad.get((name, month), []))
    for name, load_id in loads.items():
        found = said.read[name]
        detail = f"{len(found.rates)} rates, {len(found.quarantined)} rows quarantined, {found.before} too old"
        journals.end_load(load_id, "whole", detail=detail)
    return {k.period for k, booked in commit.booked.items() if booked.is_new}


def _loaded(said: _Said, months: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """(source, month, duplicates) of each month a source speaks of; the duplicates stand with its first."""
    for name, found in said.read.items():
        spoken = {rate.date[:7] for rate in found.rates} | {month for of, month in said.bad if of == name}
        for month in months:
            if month in spoken:
                yield name, month, found.duplicates if month == min(spoken) else 0
