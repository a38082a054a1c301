"""How fresh, how whole and how steady the data is."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from llm_finops.dashboard.blocks import Block, Cell, Column, Heading, Note, Table, Tile, Tiles, Tone, Value
from llm_finops.dashboard.pages.basis import basis, coverage
from llm_finops.dashboard.pages.uncounted import held_days, uncounted
from llm_finops.dashboard.standing import Standing
from llm_finops.dashboard.view import Page, View
from llm_finops.dashboard.words import percent_text
from llm_finops.ledger.datasets import DATASETS
from llm_finops.ledger.queries import SourceRead, held, last_runs, quarantined_count, restated, restated_by, sources

_RUNS = 15
_NOT_BY_DAYS = {dataset.name for dataset in DATASETS.values() if not dataset.daily}
_TONES: dict[str, Tone] = {"failed": "bad", "part": "warn", "running": "warn"}


def show(view: View) -> Sequence[Block]:
    """Sources; what is held or not counted; days by what they rest on; what was restated; the last runs."""
    found = sources(view.reader)
    stands = view.standing
    return [
        _figures(view, found, stands),
        *_not_final(stands),
        _sources(view, found),
        held_days(view),
        uncounted(view),
        Heading("What the days rest on", "Reported, estimated, or neither; and what request logs account for."),
        basis(view),
        *coverage(view),
        Heading(
            "What changed", "A version is never changed: what is booked anew takes its place, and it stays readable."
        ),
        _restated_by(view),
        _runs(view),
        _restated(view),
    ]


def _figures(view: View, found: Sequence[SourceRead], stands: Standing) -> Tiles:
    whole = sum(source.outcome == "whole" for source in found)
    bad, waiting = quarantined_count(view.reader), len(held(view.reader))
    covered = percent_text(stands.covered, stands.tokens) if stands.tokens else "not known"
    said = f"{stands.covered:,} of {stands.tokens:,} tokens" if stands.tokens else "no coverage is booked"
    return Tiles(
        [
            Tile(
                "Sources read whole",
                f"{whole} of {len(found)}",
                "by their last load",
                "#sources",
                _warn(len(found) - whole),
            ),
            Tile("Held days", f"{waiting:,}", "wait for somebody to accept them", "#held", _warn(waiting)),
            Tile("Rows not counted", f"{bad:,}", "in quarantine now", "#quarantine", _warn(bad)),
            Tile(
                "Account days missing",
                f"{len(stands.partial):,}",
                "neither reported nor estimated",
                "#basis",
                _warn(len(stands.partial)),
            ),
            Tile("Coverage", covered, said, "#coverage"),
        ],
        "Now, and in the period",
    )


def _warn(count: int) -> Tone:
    return "warn" if count else ""


def _not_final(stands: Standing) -> Iterator[Note]:
    """The days of each kind by name, the newest ten, and what becomes of them."""
    for what, days, said in (
        (
            "Provisional",
            stands.provisional,
            "read before the provider's figures settle (settle_hours); the daily run reads them again",
        ),
        ("Not booked", stands.unbooked, "in no margin; `llm-finops backfill --from DAY` reads and books them"),
        (
            "Not computed anew yet",
            stands.outdated,
            "read again since their margins were booked: a run is under way, or has failed",
        ),
    ):
        if days:
            named = ", ".join(days[-10:]) + (f" and {len(days) - 10} before" if len(days) > 10 else "")
            yield Note(f"{what}: {named}: {said}.", "warn")


def _sources(view: View, found: Sequence[SourceRead]) -> Table:
    columns = [
        Column("source", "Source"),
        Column("dataset", "Reads"),
        Column("outcome", "Last load"),
        Column("started", "Began (UTC)", "day"),
        Column("newest", "Newest day read whole", "day"),
        Column("behind", "Days behind", "count", hint="Days that are over and not read whole"),
        Column("detail", "What it said"),
    ]
    rows = [_source(view, source) for source in found]
    empty = "No source was ever read: run `llm-finops doctor`, then `llm-finops backfill --days 90`."
    return Table("sources", "Sources", columns, rows, empty=empty, note="All loads: llm-finops loads --source NAME.")


def _source(view: View, of: SourceRead) -> list[Value]:
    newest, behind = _read_until(view, of)
    return [
        of.source,
        of.dataset,
        Cell(of.outcome, view.link("/load", load=str(of.load_id)), _TONES.get(of.outcome, "")),
        of.started_at.replace("T", " ").removesuffix("Z"),
        newest,
        behind,
        of.detail,
    ]


def _read_until(view: View, of: SourceRead) -> tuple[str, Value]:
    """The newest day that was read whole, and how many that are over came since."""
    if of.newest_whole is None:
        return ("not by days", "not by days") if of.dataset in _NOT_BY_DAYS else ("none yet", Cell(None, "", "warn"))
    yesterday = date.fromisoformat(view.config.now()[:10]) - timedelta(days=1)
    behind = max((yesterday - date.fromisoformat(of.newest_whole)).days, 0)
    return of.newest_whole, Cell(behind, "", _warn(behind))


def _restated_by(view: View) -> Table:
    found = restated_by(view.reader, view.asked.first, view.asked.last)
    columns = [
        Column("dataset", "Dataset"),
        Column("versions", "Versions", "count"),
        Column("periods", "Days", "count"),
    ]
    rows: list[list[Value]] = [[of.dataset, of.versions, of.periods] for of in found]
    total: list[Value] = ["Total", sum(of.versions for of in found), ""]
    title, empty = "Restated, by dataset", "Nothing of this period was booked anew."
    return Table("restated_by", title, columns, rows, total, empty=empty, wide=False)


def _restated(view: View) -> Table:
    asked = view.asked
    part = view.slice("restated", ["booked"], "-booked")
    limit = None if part.limit is None else part.offset + part.limit
    found = restated(view.reader, asked.first, asked.last, limit)[part.offset :]
    columns = [Column("booked", "Booked (UTC)", "day"), Column("dataset", "Dataset"), Column("scope", "Of")]
    columns += [Column("period", "Day", "day"), Column("rows_before", "Rows before", "count")]
    columns += [Column("rows", "Rows now", "count"), Column("reason", "By")]
    rows: list[list[Value]] = [
        [
            of.at_utc.replace("T", " ").removesuffix("Z"),
            of.dataset,
            of.scope,
            of.period,
            of.rows_before,
            of.rows,
            of.reason,
        ]
        for of in found
    ]
    count = sum(of.versions for of in restated_by(view.reader, asked.first, asked.last))
    empty = "Nothing of this period was booked anew."
    return Table("restated", "Restated versions, the newest first", columns, rows, count=count, empty=empty)


def _runs(view: View) -> Table:
    columns = [
        Column("last", "Last booking (UTC)", "day"),
        Column("commits", "Bookings", "count"),
        Column("run", "Run"),
    ]
    dagster = view.config.reporting.dagster_url
    rows: list[list[Value]] = [
        [run.last_at.replace("T", " ").removesuffix("Z"), run.commits, _run(run.run_id, dagster)]
        for run in last_runs(view.reader, _RUNS)
    ]
    note = "" if dagster else "By its id a run is found in the Dagster UI; [reporting] dagster_url makes it a link."
    return Table("runs", f"Last {_RUNS} runs that booked", columns, rows, note=note, wide=False)


def _run(run_id: str | None, dagster: str | None) -> Cell:
    if not run_id:
        return Cell("outside a run")
    return Cell(run_id, f"{dagster}/runs/{run_id}" if dagster else "")


PAGE = Page("/health", "Data health", "How fresh, how whole and how steady the data is.", show, filters=())
