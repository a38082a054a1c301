"""What the days shown rest on, in one line: final, provisional or partial; reported or estimated; as of when."""

from collections.abc import Sequence
from typing import NamedTuple

from llm_finops.config import Config
from llm_finops.core.records import ESTIMATED
from llm_finops.ledger.queries import (
    Asked,
    BasisDay,
    Reader,
    basis_days,
    coverage_days,
    outdated_days,
    provisional_days,
    unbooked_days,
)

MISSING = "missing"


class Standing(NamedTuple):
    """Days of the period by what they are. `covered`, `tokens`: of the tokens reported, those found in request logs."""

    provisional: tuple[str, ...]  # read before they were settled
    partial: tuple[tuple[str, str], ...]  # (account, day) that are neither reported nor estimated
    estimated: tuple[tuple[str, str], ...]  # (account, day)
    covered: int
    tokens: int
    unbooked: tuple[str, ...]  # of which no figure is in any margin
    outdated: tuple[str, ...]  # whose margins are yet to be computed anew

    @property
    def is_there(self) -> bool:
        """Whether nothing is missing: every day is read, booked and computed of what was read."""
        return not (self.partial or self.unbooked or self.outdated)


def standing(reader: Reader, asked: Asked, config: Config) -> Standing:
    """Of the accounts that have the provider that is asked for."""
    first, last = asked.first, asked.last
    rows = accounts_days(reader, asked, config)
    coverage = coverage_days(reader, asked)
    accounts = {row.account for row in rows}
    settle = {name: of.settle_hours for name, of in config.providers.items() if name in accounts}
    return Standing(
        provisional_days(reader, first, last, settle),
        _of(rows, MISSING),
        _of(rows, ESTIMATED),
        sum(row.covered for row in coverage),
        sum(row.quantity for row in coverage),
        tuple(day for day in unbooked_days(reader, first, last) if day >= begin(asked, config)),
        outdated_days(reader, first, last, {*config.providers, *config.requests}),
    )


def accounts_days(reader: Reader, asked: Asked, config: Config) -> tuple[BasisDay, ...]:
    """What each account's days rest on, by account and day.

    Every day of a configured provider is expected from `start_date` on, though it was never read. Of a cost file no
    day is, nor of an account that is configured no more: theirs are the days that are there.
    """
    expected = {name for name, of in config.providers.items() if asked.provider in {None, of.connector.PROVIDER}}
    rows = basis_days(reader, asked, expected)
    since = begin(asked, config)
    return tuple(row for row in rows if row.basis != MISSING or (row.account in config.providers and row.day >= since))


def begin(asked: Asked, config: Config) -> str:
    """From which day on a day is missed: `start_date`, unless all that is asked for was before it."""
    start = str(config.start_date)
    return max(asked.first, start) if start <= asked.last else asked.first


def _of(rows: Sequence[BasisDay], basis: str) -> tuple[tuple[str, str], ...]:
    return tuple((row.account, row.day) for row in rows if row.basis == basis)
