"""One load: a pull of a source, and what it booked."""

from collections.abc import Sequence

from llm_finops.dashboard.asking import BadAddress
from llm_finops.dashboard.blocks import Block, Column, Note, Table, Tile, Tiles, Value
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import load


def show(view: View) -> Sequence[Block]:
    """The journal's row, and the periods that it booked or confirmed."""
    asked = view.param("load")
    if not asked:
        return [Note("Which load? Data health lists them:", href=view.link("/health"), link="data health")]
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 18):
        raise BadAddress(f"load={asked}: expected the number of a load")
    found = load(view.reader, int(asked))
    if found is None:
        return [Note(f"There is no load {asked}.", "warn", view.link("/health"), "data health")]
    of = found.load
    counts = [("Rows", of.rows), ("Duplicates", of.duplicates), ("Quarantined", of.quarantined), ("Calls", of.calls)]
    tiles = [Tile("Outcome", of.outcome, of.detail), *(Tile(name, f"{number:,}") for name, number in counts)]
    columns = [Column(name, name.capitalize()) for name in ("period", "dataset", "scope", "content", "holds")]
    columns += [Column(name, name.capitalize(), "count") for name in ("version", "rows", "duplicates", "quarantined")]
    rows: list[list[Value]] = [
        [
            *(at.period, at.dataset, at.scope, at.content_hash[:16], "yes" if at.is_current else "no"),
            *(at.version_id, at.rows, at.duplicates, at.quarantined),
        ]
        for at in found.periods
    ]
    days = f"{of.range_from} to {of.range_until}"
    said = f"Load {of.load_id}: {of.dataset} of {of.source}, {days}, begun {of.started_at}, ended {of.finished_at}."
    pages = f"What the provider said: `llm-finops loads --pages {of.load_id} --raw`."
    return [Note(said), Tiles(tiles, "Counts"), Table("periods", "What it booked", columns, rows, note=pages)]


PAGE = Page("/load", "Load", "One pull of one source, and what it booked.", show, in_menu=False, filters=())
