"""`llm-finops loads` and `quarantine`: what was read and what came of it, and the rows that are not counted."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.ledger import BadRow, Held, Ledger, Load


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(loads)
    app.command()(quarantine)


def loads(
    source: Annotated[str, typer.Option("--source", "--account", help="Only of this account or source.")] = "",
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only loads whose range holds this day.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed, lost days, or is held.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="So many, the newest first.")] = 20,
    pages: Annotated[int | None, typer.Option(help="What the provider said in this load: its pages.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="With --pages: the bodies as they came.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """List the newest loads: when, of what, how they ended; and the days that are held."""
    from llm_finops.config import load
    from llm_finops.ledger import loads as listed
    from llm_finops.ledger.pages import held_days
    from llm_finops.pipeline.work import opened

    if raw and pages is None:
        raise typer.BadParameter("--raw goes with --pages LOAD")
    with opened(load(os.environ)) as ledger:
        if pages is not None:
            _show_pages(ledger, pages, raw=raw, as_json=as_json)
            return
        found = listed(ledger, source=source, day=str(day.date()) if day else "", failed=failed, limit=limit)
        held = held_days(ledger)
    if as_json:
        told = {"loads": [one._asdict() for one in found], "held": [one._asdict() for one in held]}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    _write(_table(found))
    _write(_held_lines(held))


def quarantine(
    source: Annotated[str, typer.Option("--source", help="Only of this source.")] = "",
    past: Annotated[bool, typer.Option("--past", help="Of sources that are no longer configured, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """List the rows that are not counted now, with the reason. Mend the file: the next run reads it again."""
    from llm_finops.config import load
    from llm_finops.ledger import bad_rows
    from llm_finops.pipeline.work import opened

    config = load(os.environ)
    known = {*config.requests, *config.costs, *config.revenue, *config.providers}
    with opened(config) as ledger:
        rows = [row for row in bad_rows(ledger) if (past or row.source in known) and source in {"", row.source}]
    if as_json:
        sys.stdout.write(json.dumps([row._asdict() for row in rows]) + "\n")
        return
    _write(_bad_lines(rows))


def _table(found: "Sequence[Load]") -> Iterator[str]:
    heads = ("load", "read at", "source", "dataset", "days", "ended", "rows", "doubles", "bad", "new", "calls", "pages")
    yield from _columns([heads, *map(_cells, found)], right=frozenset({0, 6, 7, 8, 9, 10, 11}))
    for one in found:
        if one.detail and one.outcome != "whole":
            yield f"load {one.load_id}: {one.detail}"
    if not found:
        yield "no load"


def _cells(one: "Load") -> tuple[str, ...]:
    until = "" if one.range_until == one.range_from else f"..{one.range_until}"
    ended = one.outcome + (f", {one.held} held" if one.held else "")
    ended += f", replay of {one.replay_of}" if one.replay_of is not None else ""
    counts = (one.rows, one.duplicates, one.quarantined, one.new_versions, one.calls, one.pages)
    return (
        str(one.load_id),
        one.started_at,
        one.source,
        one.dataset,
        f"{one.range_from}{until}",
        ended,
        *map(str, counts),
    )


def _held_lines(held: "Sequence[Held]") -> Iterator[str]:
    from llm_finops.ledger.datasets import DATASETS
    from llm_finops.pipeline.holds import shown

    for one in held:
        dataset = DATASETS[one.dataset]
        was, now = (shown(dataset, one.subject, amount) for amount in (one.before, one.after))
        yield (
            f"held: {one.scope} {one.dataset} {one.period}: load {one.load_id} says {now}, booked is {was}. "
            f"If it is right: llm-finops accept {one.load_id}"
        )


def _bad_lines(rows: "Sequence[BadRow]") -> Iterator[str]:
    from llm_finops.pipeline.quarantine import MEND

    if not rows:
        yield "every row is counted"
        return
    cells = [(row.day, row.source, row.dataset, row.reason, row.file, row.detail) for row in rows]
    yield from _columns([("day", "source", "dataset", "reason", "file", "row"), *cells])
    yield f"{len(rows)} rows {MEND}"


def _columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> Iterator[str]:
    """Rows as aligned columns; the first is their heads."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _show_pages(ledger: "Ledger", load_id: int, *, raw: bool, as_json: bool) -> None:
    """What the provider said in a load. LedgerError where nothing of it is kept."""
    from llm_finops.ledger import LedgerError
    from llm_finops.ledger.pages import pages_of
    from llm_finops.pipeline.visible import visible_lines

    found = pages_of(ledger, load_id)
    if not found:
        raise LedgerError(
            f"no page of load {load_id} is kept: files have none, and [ledger] pages_days ends the others"
        )
    if as_json:
        bodies = [{"body": page.body.decode("utf-8", "replace")} if raw else {} for page in found]
        told = [{**page._asdict(), **body} for page, body in zip(found, bodies, strict=True)]
        sys.stdout.write(json.dumps([{k: v for k, v in one.items() if k != "content"} for one in told]) + "\n")
    elif raw:
        for page in found:
            sys.stderr.write(f"{page.status} {page.request}\n")
            body = page.body.decode("utf-8", "replace")
            sys.stdout.write((visible_lines(body) if sys.stdout.isatty() else body) + "\n")
    else:
        heads = ("page", "read at", "status", "bytes", "sha256", "request")
        cells = [
            (str(i), p.fetched_at, str(p.status), str(p.size), p.sha256[:16], p.request) for i, p in enumerate(found, 1)
        ]
        _write(_columns([heads, *cells], right=frozenset({0, 2, 3})))


def _write(lines: Iterator[str]) -> None:
    from llm_finops.pipeline.visible import visible

    for line in lines:
        sys.stdout.write(visible(line) + "\n")
