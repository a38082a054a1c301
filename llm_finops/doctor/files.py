"""Cost, revenue and price files: whether they can be read, what they say, and until when."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from llm_finops.config import Config
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.inputs.bad_rows import BadRow
from llm_finops.inputs.costs import read_costs
from llm_finops.inputs.files import InputError
from llm_finops.inputs.prices import read_prices
from llm_finops.inputs.revenue import read_revenue

_LATE = timedelta(days=35)  # a month's file, some days into the next


def examine_costs(config: Config, name: str, day: date) -> Iterator[Check]:
    """`[costs.NAME]`."""
    subject, table = f"costs.{name}", config.costs[name]
    if not (paths := config.files(table.paths)):
        yield _no_file(config, subject, table.paths)
        return
    try:
        found = read_costs(name, paths, table.columns)
    except InputError as error:
        yield problem(subject, f"{error}.")
        return
    days = sorted(found.days)
    yield from _told(subject, found.rows, (days[0], days[-1]) if days else None, found.quarantined, day)


def examine_revenue(config: Config, name: str, day: date) -> Iterator[Check]:
    """`[revenue.NAME]`."""
    subject, table = f"revenue.{name}", config.revenue[name]
    if not (paths := config.files(table.paths)):
        yield _no_file(config, subject, table.paths)
        return
    try:
        found = read_revenue(name, paths, table.columns)
    except InputError as error:
        yield problem(subject, f"{error}.")
        return
    span = (found.first, found.last) if found.days else None
    yield from _told(subject, found.rows, span, found.quarantined, day)


def examine_prices(config: Config) -> Iterator[Check]:
    """`[prices]`."""
    if not config.price_patterns:
        return
    if not (paths := config.files(config.price_patterns)):
        yield _no_file(config, "prices", config.price_patterns)
        return
    try:
        yield ok("prices", f"{len(read_prices(paths)):,} prices of your own, which go before list prices.")
    except InputError as error:
        yield problem("prices", f"{error}.")


def _no_file(config: Config, subject: str, patterns: Sequence[str]) -> Check:
    return problem(subject, f"No file matches {', '.join(patterns)} (looked for from {config.root}).")


def _told(subject: str, rows: int, span: tuple[str, str] | None, bad: Sequence[BadRow], day: date) -> Iterator[Check]:
    if span is None:
        yield problem(subject, f"None of {rows:,} rows can be counted{_such_as(bad)}.")
        return
    said = f"{rows:,} rows, for {span[0]} to {span[1]}."
    if date.fromisoformat(span[1]) + _LATE < day:
        yield warning(subject, f"{said} Nothing is known after that day: is a file missing?")
    else:
        yield ok(subject, said)
    if bad:
        yield warning(subject, f"{len(bad):,} of {rows:,} rows cannot be counted{_such_as(bad)}.")


def _such_as(bad: Sequence[BadRow]) -> str:
    return f", such as {bad[0].file} {bad[0].detail}: {bad[0].reason}" if bad else ""
