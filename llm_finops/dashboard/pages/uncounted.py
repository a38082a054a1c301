"""What was read and is not in the figures: held days and rows in quarantine."""

from llm_finops.dashboard.blocks import Cell, Column, Table, Value
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import unit_text
from llm_finops.ledger.queries import held, quarantined, quarantined_count


def held_days(view: View) -> Table:
    """The days whose new reading waits, with what books them."""
    columns = [Column("day", "Day", "day"), Column("account", "Account"), Column("dataset", "Reads")]
    columns += [Column("before", "Booked"), Column("after", "Read again"), Column("load", "Load")]
    columns.append(Column("command", "To accept it"))
    rows: list[list[Value]] = [
        [
            *(of.period, of.scope, of.dataset),
            *(unit_text(nano, of.subject) for nano in (of.before, of.after)),
            Cell(str(of.load_id), view.link("/load", load=str(of.load_id))),
            f"llm-finops accept {of.load_id}",
        ]
        for of in held(view.reader)
    ]
    note = "A final day that a new reading would shrink by more than half keeps what is booked until it is accepted."
    return Table("held", "Held days", columns, rows, empty="None: no reading waits.", note=note if rows else "")


def uncounted(view: View) -> Table:
    """The rows of files that are not counted now, each with its reason."""
    _, descending, limit, offset = view.slice("quarantine", ["day"], "-day")
    count = quarantined_count(view.reader)
    columns = [Column("day", "Day", "day"), Column("source", "Source"), Column("dataset", "Reads")]
    columns += [Column("reason", "Reason"), Column("file", "File"), Column("detail", "What was seen")]
    columns.append(Column("load", "Load"))
    rows: list[list[Value]] = [
        [
            *(of.day, of.source, of.dataset, of.reason, of.file, of.detail),
            Cell(str(of.load_id), view.link("/load", load=str(of.load_id))),
        ]
        for of in quarantined(view.reader, descending=descending, limit=limit, offset=offset)
    ]
    note = "Mend the file or its mapping and run again: what can be read then is counted. Of all days."
    empty = "None: every row is counted."
    return Table("quarantine", "Rows not counted", columns, rows, count=count, empty=empty, note=note if rows else "")
