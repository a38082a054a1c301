"""Rates of exchange: whether the files can be read, and the currencies in use lead to the reporting currency."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

from llm_finops.config import Config
from llm_finops.core.convert import DAYS_MAX, Rates
from llm_finops.core.currencies import FxRate
from llm_finops.core.records import NONE
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.inputs.costs import read_costs
from llm_finops.inputs.files import InputError
from llm_finops.inputs.rates import RateFiles, read_rates
from llm_finops.inputs.revenue import read_revenue
from llm_finops.ledger import Ledger, LedgerError, inspect_ledger, sums

_PROVIDERS = "USD"  # what both vendors charge in; asked for where nothing is booked yet


def examine_rates(config: Config, day: date) -> Iterator[Check]:
    """`[rates.NAME]` and `[reporting] currency`."""
    rates: list[FxRate] = []
    for name in sorted(config.rates):
        try:
            yield from _source(config, name, day, rates)
        except InputError as error:
            yield problem(f"rates.{name}", f"{error}.")
    currency = config.reporting.currency
    if currency is None:
        if config.rates:
            yield warning("reporting", "Rates are read, but nothing is converted: set [reporting] currency.")
        return
    without = sorted(code for code in _in_use(config) if Rates(rates).find(code, currency, str(day)) is None)
    if without:
        yield warning(
            "reporting",
            f"No rate from {', '.join(without)} to {currency} is in force on {day} (dated that day or up to {DAYS_MAX} "
            "before it): such amounts are not added up. Add a [rates.NAME]; docs/currencies.md says from where.",
        )
    else:
        yield ok("reporting", f"Every currency in use leads to {currency} on {day}.")


def _source(config: Config, name: str, day: date, rates: list[FxRate]) -> Iterator[Check]:
    subject, table = f"rates.{name}", config.rates[name]
    if not (paths := config.files(table.paths)):
        patterns = ", ".join(table.paths)
        yield problem(subject, f"No file matches {patterns} (looked for from {config.root}).")
        return
    since = str(config.start_date - timedelta(days=DAYS_MAX))
    found = read_rates(name, paths, table.columns, table.format, since)
    rates += found.rates
    yield _told(subject, found, day)
    if bad := found.quarantined:
        such = f"{bad[0].file} {bad[0].detail}: {bad[0].reason}"
        yield warning(subject, f"{len(bad):,} rates cannot be counted, such as {such}.")


def _told(subject: str, found: RateFiles, day: date) -> Check:
    said = f"{len(found.rates):,} rates, for {found.first} to {found.last}."
    if date.fromisoformat(found.last) + timedelta(days=DAYS_MAX) < day:
        return warning(subject, f"{said} None is in force on {day}: is the newest file missing?")
    return ok(subject, said)


def _in_use(config: Config) -> set[str]:
    """The currencies of what is booked, of the cost and revenue files, and of what the providers charge."""
    found = {_PROVIDERS} if config.providers else set()
    found |= _booked(config)
    with suppress(InputError):  # the check of its own table says what is wrong with a file
        for name, table in config.costs.items():
            lines = read_costs(name, config.files(table.paths), table.columns).days.values()
            found |= {line.currency for of_day in lines for line in of_day}
    with suppress(InputError):
        for name, sold in config.revenue.items():
            rows = read_revenue(name, config.files(sold.paths), sold.columns).days.values()
            found |= {row.currency for of_day in rows for row in of_day}
    return found


def _booked(config: Config) -> set[str]:
    try:
        if not inspect_ledger(config.database_url).is_ours:
            return set()
    except LedgerError:
        return set()  # the ledger's own check says so
    ledger = Ledger(config.database_url, config.now)
    try:
        by_currency = sums(ledger, "margins", ("currency",), ("rows",), ("0000", "9999"))
        return {currency for (currency,) in by_currency} - {NONE}
    finally:
        ledger.close()
