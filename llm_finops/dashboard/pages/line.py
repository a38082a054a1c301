"""One cost line: who was given what of it, and which load brought it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Value
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger.queries import LineTrace, line, line_shares

_SHOWN = (
    *("line_item", "account", "provider", "project", "api_key", "model", "service_tier", "meter"),
    *("charge_category", "charge_class", "basis", "amount_text", "period_from", "period_until"),
)


def show(view: View) -> Sequence[Block]:
    """The line, its shares, the versions of its day, and the loads behind the one that holds."""
    line_id, day = view.param("line"), view.param("day", view.asked.first)
    trace = line(view.reader, line_id, day) if line_id else None
    if trace is None:
        said = f"No line {line_id[:16]} holds on {day}." if line_id else "Which line? Customers' days lead to them."
        return [Note(said, href=view.link("/customers"), link="all customers")]
    return [*_itself(view, trace), _shares(view, trace, line_id, day), _versions(trace), _loads(view, trace)]


def _itself(view: View, trace: LineTrace) -> Iterator[Block]:
    of = trace.line.line
    yield Note(f"{of.line_item} of {of.account} on {trace.line.day}: {view.money(of.amount_nano)}")
    columns = [Column("what", "What"), Column("value", "Value")]
    yield Table("line", "The line", columns, [[name.replace("_", " "), str(getattr(of, name))] for name in _SHOWN])


def _shares(view: View, trace: LineTrace, line_id: str, day: str) -> Table:
    by: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for share in line_shares(view.reader, line_id, day):
        by[share.customer, share.feature, share.environment, share.cost_class, share.method] += share.nano
    names = ("customer", "feature", "environment", "cost_class", "method")
    columns = [
        *(Column(name, name.replace("_", " ").capitalize()) for name in names),
        Column("share", "Share", "exact"),
    ]
    rows: list[list[Value]] = [
        [Cell(key[0], view.link("/customer", customer=key[0])), *key[1:], nano]
        for key, nano in sorted(by.items(), key=lambda at: (-abs(at[1]), at[0]))
    ]
    given, amount = sum(by.values()), trace.line.line.amount_nano
    note = (
        "They add up to the line, to the last unit." if given == amount else "Not allocated yet, or with another price."
    )
    return Table("shares", "Who was given what of it", columns, rows, ["Total", *[""] * 4, given], note=note)


def _versions(trace: LineTrace) -> Table:
    columns = [Column("version", "Version", "count"), Column("at", "Booked (UTC)"), Column("reason", "By")]
    columns += [Column("holds", "Holds now"), Column("rows", "Lines", "count")]
    rows = [[of.version_id, of.at_utc, of.reason, "yes" if of.is_current else "no", of.rows] for of in trace.versions]
    return Table("versions", "Versions of its day", columns, rows)


def _loads(view: View, trace: LineTrace) -> Table:
    columns = [Column(name, name.capitalize()) for name in ("load", "started", "outcome", "content")]
    rows: list[list[Value]] = [
        [
            Cell(str(of.load_id), view.link("/load", load=str(of.load_id))),
            of.started_at,
            of.outcome,
            of.content_hash[:16],
        ]
        for of in trace.loads
    ]
    return Table("loads", "Loads that brought it", columns, rows, empty="It was reckoned, not loaded.")


PAGE = Page("/line", "Cost line", "Who was given what of one line of a report.", show, in_menu=False, filters=())
