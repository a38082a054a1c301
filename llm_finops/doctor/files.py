"""Cost, revenue and price files: whether they can be read, what they say, and until when."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from llm_finops.config import Config
from llm_finops.config.tables import Files
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.inputs.bad_rows import BadRow
from llm_finops.inputs.costs import CostFiles, read_costs
from llm_finops.inputs.files import InputError
from llm_finops.inputs.prices import read_prices
from llm_finops.inputs.revenue import RevenueFiles, read_revenue

_LATE = timedelta(days=35)  # a month's file, some days into the next


def examine_costs(config: Config, name: str, day: date) -> Iterator[Check]:
    """`[costs.NAME]`."""
    yield from _examine(config, f"costs.{name}", config.costs[name], partial(read_costs, name), day)


def examine_revenue(config: Config, name: str, day: date) -> Iterator[Check]:
    """`[revenue.NAME]`."""
    yield from _examine(config, f"revenue.{name}", config.revenue[name], partial(read_revenue, name), day)


def _examine(
    config: Config, subject: str, table: Files, read: Callable[..., CostFiles | RevenueFiles], day: date
) -> Iterator[Check]:
    if not (paths := config.files(table.paths)):
        yield _no_file(config, subject, table.paths)
        return
    try:
        found = read(paths, table.columns)
    except InputError as error:
        yield problem(subject, f"{error}.")
        return
    days = sorted(found.days)
    yield from _told(subject, found.rows, (days[0], days[-1]) if days else None, found.quarantined, day)


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
