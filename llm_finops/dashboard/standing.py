"""What the days shown rest on, in one line: final, provisional or partial; reported or estimated; as of when."""

from typing import NamedTuple

from llm_finops.config import Config
from llm_finops.core.records import ESTIMATED
from llm_finops.ledger.queries import Asked, Reader, basis_days, coverage_days, provisional_days

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
    settle = {account: provider.settle_hours for account, provider in config.providers.items()}
    return Standing(
        len({row.day for row in rows}),
        provisional_days(reader, asked.first, asked.last, settle),
        tuple((row.account, row.day) for row in rows if row.basis == MISSING),
        tuple((row.account, row.day) for row in rows if row.basis == ESTIMATED),
        sum(row.covered for row in coverage),
        sum(row.quantity for row in coverage),
    )
