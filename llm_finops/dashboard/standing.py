"""What the days shown rest on, in one line: final, provisional or partial; reported or estimated; as of when."""

from typing import NamedTuple

from llm_finops.config import Config
from llm_finops.core.days import final_at
from llm_finops.core.records import ESTIMATED
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import Asked, Reader, basis_days, coverage_days

MISSING = "missing"


class Standing(NamedTuple):
    """Days of the period by what they are. `covered`, `tokens`: of the tokens reported, those found in request logs."""

    days: int
    provisional: tuple[str, ...]  # read before they were settled
    partial: tuple[tuple[str, str], ...]  # (account, day) that are neither reported nor estimated
    estimated: tuple[tuple[str, str], ...]  # (account, day)
    covered: int
    tokens: int


def standing(reader: Reader, asked: Asked, config: Config) -> Standing:
    """Of the accounts that are configured now and have the provider that is asked for."""
    rows = [row for row in basis_days(reader, asked) if row.account in config.providers]
    coverage = coverage_days(reader, asked)
    return Standing(
        len({row.day for row in rows}),
        tuple(sorted(_provisional(reader, asked, config))),
        tuple((row.account, row.day) for row in rows if row.basis == MISSING),
        tuple((row.account, row.day) for row in rows if row.basis == ESTIMATED),
        sum(row.covered for row in coverage),
        sum(row.quantity for row in coverage),
    )


def _provisional(reader: Reader, asked: Asked, config: Config) -> set[str]:
    found = set()
    for account, provider in config.providers.items():
        for dataset in (d.USAGE.name, d.COST_LINES.name):
            read = reader.ledger.journals.read_at(dataset, account)
            of_period = ((day, at) for day, at in read.items() if asked.first <= day <= asked.last)
            found |= {day for day, at in of_period if at < final_at(day, provider.settle_hours)}
    return found
