"""One load: a pull of a source, what it booked, and what the provider said."""

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from llm_finops.dashboard.asking import BadAddress
from llm_finops.dashboard.blocks import Block, Column, Note, Table, Tile, Tiles, Tone, Value
from llm_finops.dashboard.pages.paged import paged
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import KeptPage, LoadTrace, load, load_pages

_TONES: dict[str, Tone] = {"failed": "bad", "part": "warn"}


def show(view: View) -> Sequence[Block]:
    """The journal's row, the periods that it booked or confirmed, and its pages as far as they are kept."""
    asked = view.param("load")
    if not asked:
        return [Note("Which load? Data health lists them:", href=view.link("/health"), link="data health")]
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 18):
        raise BadAddress(f"load={asked}: expected the number of a load")
    found = load(view.reader, int(asked))
    if found is None:
        return [Note(f"There is no load {asked}.", "warn", view.link("/health"), "data health")]
    return [*_itself(view, found), _periods(view, found), _pages(view, found)]


def _itself(view: View, found: LoadTrace) -> Iterator[Block]:
    of = found.load
    ended = f"ended {of.finished_at}" if of.finished_at else "and not ended"
    days = f"{of.range_from} to {of.range_until}"
    said = f"Load {of.load_id}: {of.dataset} of {of.source}, {days}, begun {of.started_at}, {ended}."
    yield Note(said, "", view.link("/health") + "#sources", "All sources")
    counts = [("Rows", of.rows), ("Duplicates", of.duplicates), ("Quarantined", of.quarantined)]
    tiles = [Tile("Outcome", of.outcome, of.detail, tone=_TONES.get(of.outcome, ""))]
    tiles += [Tile(name, f"{number:,}", "", "#periods") for name, number in counts]
    yield Tiles([*tiles, Tile("Calls", f"{of.calls:,}", "of the provider's interface")], "Counts")


_COUNTS = ("rows", "duplicates", "quarantined")


def _periods(view: View, found: LoadTrace) -> Table:
    orders = {"period": lambda at: (at.period, at.dataset, at.scope), "rows": lambda at: at.rows}
    part = paged(view, "periods", found.periods, orders, "-period")
    columns = [Column("period", "Period", "day", "period"), Column("dataset", "Dataset"), Column("scope", "Of")]
    columns += [Column("content", "Content"), Column("holds", "Holds"), Column("version", "Version", "count")]
    columns += [Column(name, name.capitalize(), "count", "rows" if name == "rows" else "") for name in _COUNTS]
    rows: list[list[Value]] = [
        [
            *(at.period, at.dataset, at.scope, at.content_hash[:16], "yes" if at.is_current else "no"),
            *(at.version_id, at.rows, at.duplicates, at.quarantined),
        ]
        for at in part.rows
    ]
    sums = [sum(getattr(at, name) for at in found.periods) for name in _COUNTS]
    empty = "It booked nothing."
    return Table("periods", "What it booked", columns, rows, ["Total", *[""] * 5, *sums], part.of, empty)


def _pages(view: View, found: LoadTrace) -> Table:
    """What was asked, not what was said: an answer may hold names, and is for the command line."""
    kept = load_pages(view.reader, found.load.load_id)
    part = paged(view, "pages", kept, {"page": lambda at: at.position, "bytes": lambda at: at.bytes}, "page")
    columns = [Column("page", "Page", sort="page"), Column("fetched", "At (UTC)", "day"), Column("status", "Status")]
    columns += [Column("bytes", "Bytes", "count", "bytes"), Column("request", "Asked")]
    rows: list[list[Value]] = [
        [str(at.position), at.fetched_at.replace("T", " ").removesuffix("Z"), str(at.status), at.bytes, _read(view, at)]
        for at in part.rows
    ]
    again = (
        f"Of load {kept[0].load_id}, which it read again. " if kept and kept[0].load_id != found.load.load_id else ""
    )
    said = f"{again}What the provider said: llm-finops loads --pages {found.load.load_id} --raw"
    total: list[Value] = [f"All {len(kept):,}", "", "", sum(at.bytes for at in kept), ""]
    empty = "No page is kept: of files none ever is, of providers as long as [ledger] pages_days says."
    return Table("pages", "Pages that are kept", columns, rows, total, part.of, empty, said if kept else "")


def _read(view: View, page: KeptPage) -> str:
    """People read a query without its escapes; a file holds it as it was sent."""
    return page.request if view.exporting else unquote(page.request)


PAGE = Page(
    *("/load", "Load", "One pull of one source, and what it booked.", show), in_menu=False, filters=(), keeps=("load",)
)
