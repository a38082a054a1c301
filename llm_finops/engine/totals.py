"""Request totals by day: the one pass over a log's files, each read once, however many days they hold."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from llm_finops.core.money import MoneyError, fits
from llm_finops.core.records import NONE, STANDARD, Price, Quarantined, RequestTotal
from llm_finops.core.settings import RequestSource
from llm_finops.engine.contract import DayTotals, EngineError, PriceLookup, Workspace
from llm_finops.engine.counted import booked, count
from llm_finops.engine.doubts import alike, doubts, unpriced
from llm_finops.engine.mark import DUPLICATE, mark
from llm_finops.engine.priced import price_rows
from llm_finops.engine.quantiles import quantiles
from llm_finops.engine.reading import Reading
from llm_finops.engine.stage import day_number, day_text, staged

_BATCH_ROWS = 2_000_000  # days are taken together up to this many rows, so that small days cost little each
_MARKED = "staged left join dropped using (staged_row) where day between $first and $last"


def totals(
    source: RequestSource,
    files: Sequence[Path],
    days: Collection[str],
    prices: Sequence[Price] | PriceLookup,
    aliases: Mapping[str, str],
    workspace: Workspace,
) -> Iterator[DayTotals]:
    """A `DayTotals` for each of the days (UTC, ISO), in order, whether or not the files hold rows of it.

    `files` are all files that may hold rows of these days: a request's repeats are looked for within its day.
    `prices` are resolved rows, disjoint by (provider, model, tier, meter) in time and band, or a function that
    gives them for the (provider, model) pairs of the log. Raises LogFileError where a file cannot be read.
    """
    wanted = sorted(set(days))
    with staged(source, files, workspace, aliases, wanted) as log:
        price_rows(log, prices)
        for batch, rows in _batches(log, wanted):
            yield from _reckon(log, batch, rows, workspace)


def _batches(log: Reading, days: Sequence[str]) -> Iterator[tuple[list[str], int]]:
    counted = dict(log.rows("select day, count(*) from staged group by day"))
    batch: list[str] = []
    rows = 0
    for day in days:
        more = counted.get(day_number(day), 0)
        if batch and rows + more > _BATCH_ROWS:
            yield batch, rows
            batch, rows = [], 0
        batch.append(day)
        rows += more
    if batch:
        yield batch, rows


def _reckon(log: Reading, days: list[str], rows: int, workspace: Workspace) -> Iterator[DayTotals]:
    first, last = day_number(days[0]), day_number(days[-1])
    made = {day: DayTotals(day) for day in days}
    mark(log, first, last)
    _count(log, first, last, made)
    _book(log, first, last, made)
    for day, ranks in quantiles(log, first, last, rows, workspace.memory_bytes).items():
        made[day].quantiles = ranks
    for day, found in doubts(log).items():
        made[day].findings += found
    for done in made.values():
        for what in ("customer", "feature"):
            done.findings += alike(done.day, log.mapped.source.name, what, {getattr(t, what) for t in done.totals})
        done.findings.sort()
        yield _checked(log, done)


def _count(log: Reading, first: int, last: int, made: Mapping[str, DayTotals]) -> None:
    """Rows read, duplicates, and every row that is quarantined, in an order that is not the files'."""
    days = {"first": first, "last": last}
    for day, rows, duplicates in log.rows(
        f"select day, count(*), count(*) filter (kind = '{DUPLICATE}') from {_MARKED} group by day", **days
    ):
        made[day_text(day)].rows, made[day_text(day)].duplicates = rows, duplicates
    bad = log.rows(
        "select day, coalesce(reason, kind) as why, file, coalesce(detail, 'id ' || coalesce(left(id, 80), '(none)')) "
        f"from {_MARKED} and (reason is not null or kind <> '{DUPLICATE}') order by all",
        **days,
    )
    for day, why, file, detail in bad:
        made[day_text(day)].quarantined.append(Quarantined(why, str(log.files[file]), detail))


def _book(log: Reading, first: int, last: int, made: Mapping[str, DayTotals]) -> None:
    loose: dict[str, dict[tuple[str, str, str, str], int]] = defaultdict(lambda: defaultdict(int))
    by_number = {day_number(day): done for day, done in made.items()}
    count(log, first, last)
    for number, total, beyond, without in booked(log):
        done = by_number[number]
        try:
            if beyond is not None:
                fits(beyond)
            done.totals.append(total)
            for meter, quantity in without.items():
                key = _unpriced(total, meter)
                loose[done.day][key] = fits(loose[done.day][key] + quantity)
        except MoneyError as error:
            done.refused = f"requests.{log.mapped.source.name}: {error}; a row of this day says too much"
    for day, quantities in loose.items():
        made[day].findings += unpriced(day, log.mapped.source.name, quantities)


def _unpriced(total: RequestTotal, meter: str) -> tuple[str, str, str, str]:
    tier = STANDARD if total.pool.service_tier == NONE else total.pool.service_tier
    return total.pool.provider, total.pool.model, tier, meter


def _checked(log: Reading, done: DayTotals) -> DayTotals:
    """Rows in = rows booked + duplicates + quarantined, or the day is not answered at all."""
    if done.refused:
        done.totals, done.quantiles = [], []
        return done
    booked = sum(total.requests for total in done.totals)
    if booked + done.duplicates + len(done.quarantined) != done.rows:
        raise EngineError(
            f"requests.{log.mapped.source.name} {done.day}: {done.rows} rows read, but {booked} booked, "
            f"{done.duplicates} duplicates and {len(done.quarantined)} quarantined; nothing is booked"
        )
    return done
