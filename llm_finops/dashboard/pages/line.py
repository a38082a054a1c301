"""One cost line: who was given what of it, and which load brought it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from llm_finops.core.allocate import Share
from llm_finops.dashboard.blocks import Block, Cell, Column, Note, Table, Value
from llm_finops.dashboard.pages.paged import Orders, keyed, paged
from llm_finops.dashboard.pages.shares import is_asked_for
from llm_finops.dashboard.view import Page, View
from llm_finops.dashboard.words import exact_text
from llm_finops.ledger.queries import LineTrace, line, line_shares

_SHOWN = (
    *("line_item", "account", "provider", "project", "api_key", "model", "service_tier", "meter"),
    *("charge_category", "charge_class", "basis", "amount_text", "period_from", "period_until"),
)
_BY = ("customer", "feature", "environment", "cost_class", "method")


def show(view: View) -> Sequence[Block]:
    """The line, its shares, the versions of its day, and the loads behind the one that holds."""
    line_id, day = view.param("line"), view.param("day", view.asked.first)
    trace = line(view.reader, line_id, day) if line_id else None
    if trace is None:
        said = f"No line {line_id[:16]} holds on {day}." if line_id else "Which line? Customers' days lead to them."
        return [Note(said, href=view.link("/customers"), link="all customers")]
    given = line_shares(view.reader, line_id, day)
    return [*_itself(view, trace, given), _loads(view, trace), _shares(view, given), _versions(trace)]


def _itself(view: View, trace: LineTrace, given: Sequence[Share]) -> Iterator[Block]:
    of = trace.line.line
    yield Note(f"{of.line_item} of {of.account} on {trace.line.day}: {exact_text(of.amount_nano, of.currency)}")
    whole = sum(share.nano for share in given)
    if not given:
        yield Note("It is not allocated: its shares are not known.", "warn")
    elif whole != of.amount_nano:
        yield Note(_differs(whole, of.amount_nano, of.currency), "warn")
    if _is_filtered(view):
        part = sum(share.nano for share in given if is_asked_for(view.asked, share))
        said = f"By these filters: {exact_text(part, of.currency)} of it."
        yield Note(said, "", _all_of(view), "Everybody who was given a part")
    columns = [Column("what", "What"), Column("value", "Value")]
    rows = [[name.replace("_", " "), str(getattr(of, name))] for name in _SHOWN]
    yield Table("line", "The line", columns, rows, wide=False)


def _differs(given: int, amount: int, currency: str) -> str:
    parts = f"The shares add up to {exact_text(given, currency)}, the line is of {exact_text(amount, currency)}"
    return f"{parts}: {exact_text(given - amount, currency)} apart. Its day was not allocated again since it was read."


def _is_filtered(view: View) -> bool:
    asked = view.asked
    return any((asked.provider, asked.environment, asked.customer, asked.feature))


def _all_of(view: View) -> str:
    nobody = dict.fromkeys(("provider", "environment", "customer", "feature"))
    return view.link(line=view.param("line"), day=view.param("day") or None, **nobody)


_ORDERS: Orders = {"share": lambda at: abs(at[1]), **keyed(_BY, lambda at: at[0])}


def _shares(view: View, given: Sequence[Share]) -> Table:
    by: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for share in given:
        if is_asked_for(view.asked, share):
            by[tuple(getattr(share, name) for name in _BY)] += share.nano
    part = paged(view, "shares", sorted(by.items()), _ORDERS, "-share")
    customer, *others = (Column(name, name.replace("_", " ").capitalize(), sort=name) for name in _BY)
    columns = [customer, Column("share", "Share", "exact", "share"), *others]
    rows: list[list[Value]] = [
        [Cell(key[0], view.link("/customer", customer=key[0])), nano, *key[1:]] for key, nano in part.rows
    ]
    total: list[Value] = ["Total", sum(by.values()), *[""] * len(others)]
    empty = "Nobody was given a part of it, by these filters."
    return Table("shares", "Who was given what of it", columns, rows, total, part.of, empty)


def _versions(trace: LineTrace) -> Table:
    columns = [Column("at", "Booked (UTC)", "day"), Column("holds", "Holds now")]
    columns += [Column("version", "Version", "count"), Column("rows", "Lines", "count"), Column("reason", "By")]
    rows: list[list[Value]] = [
        [_at(of.at_utc), "yes" if of.is_current else "no", of.version_id, of.rows, of.reason] for of in trace.versions
    ]
    return Table("versions", "Versions of its day", columns, rows)


def _at(utc: str) -> str:
    return utc.replace("T", " ").removesuffix("Z")


def _loads(view: View, trace: LineTrace) -> Table:
    columns = [Column("load", "Load"), Column("started", "Began (UTC)", "day"), Column("outcome", "Outcome")]
    columns.append(Column("content", "Content"))
    rows: list[list[Value]] = [
        [
            Cell(str(of.load_id), view.link("/load", load=str(of.load_id))),
            *(_at(of.started_at), of.outcome, of.content_hash[:16]),
        ]
        for of in trace.loads
    ]
    return Table("loads", "Loads that brought it", columns, rows, empty="It was reckoned, not loaded.", wide=False)


PAGE = Page(
    "/line", "Cost line", "Who was given what of one line of a report.", show, in_menu=False, keeps=("line", "day")
)
