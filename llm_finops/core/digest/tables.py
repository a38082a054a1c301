"""The lists of a message: figures to the left, the name last, the rest summed in one line."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from llm_finops.core.digest.figures import Owner, Part
from llm_finops.core.digest.words import NOT_APPLICABLE, escape, percent_text, short_text, shown
from llm_finops.core.records import ALL, NONE, UNALLOCATED, key_bytes


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the amount it counts with (nano), its cells, its name."""

    nano: int
    cells: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """A titled list in the order it is shown; `heads` names the cells."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    what: str = ""  # what the names are of, where some may be (none)


def owners(title: str, found: Sequence[Owner], whole: int | None, currency: str) -> Table:
    """Customers or features, most costly first, with revenue and margin where any revenue is loaded."""
    if all(owner.revenue_nano is None for owner in found):
        return parts(title, [Part(owner.name, owner.cost_nano) for owner in found], whole, currency)
    rows = []
    for owner in sorted(found, key=lambda owner: (-owner.cost_nano, key_bytes(astuple(owner)))):
        revenue = _revenue(owner, currency)
        paid = ("", "") if owner.name == UNALLOCATED else (revenue, percent_text(owner.margin_nano, owner.revenue_nano))
        rows.append(Row(owner.cost_nano, (short_text(owner.cost_nano, currency), *paid), owner.name))
    return Table(title, ("cost", "revenue", "margin"), tuple(rows))


def losses(title: str, found: Sequence[Owner], currency: str) -> Table:
    """Owners of a known margin, the worst first."""
    rows = []
    for margin, owner in _worst_first(found):
        amounts = (margin, owner.cost_nano, owner.revenue_nano or 0)
        rows.append(Row(margin, tuple(short_text(nano, currency) for nano in amounts), owner.name))
    return Table(title, ("margin", "cost", "revenue"), tuple(rows))


def parts(title: str, found: Sequence[Part], whole: int | None, currency: str) -> Table:
    """Names with their cost, most costly first, and its share of the whole where there is one."""
    rows = []
    shared = whole is not None and whole > 0
    for part in sorted(found, key=lambda part: (-part.cost_nano, key_bytes((part.name,)))):
        share = (percent_text(part.cost_nano, whole),) if shared else ()
        rows.append(Row(part.cost_nano, (short_text(part.cost_nano, currency), *share), part.name))
    return Table(title, ("cost", "share") if shared else ("cost",), tuple(rows))


def render(table: Table, currency: str, top: int) -> str:
    """The table as mrkdwn: its first `top` rows in a code block, the others as `and 488 more, $12.34 in all`."""
    rows, rest = table.rows[:top], table.rows[top:]
    lines = [table.heads, *(row.cells for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.heads))]
    names = ["", *(_name(row.name, table.what) for row in rows)]
    aligned = [_aligned(cells, widths, name) for cells, name in zip(lines, names, strict=True)]
    block = "\n```\n" + "\n".join(aligned) + "\n```" if rows else ""
    total = short_text(sum(row.nano for row in rest), currency)
    more = f"\n{'and ' if rows else ''}{len(rest):,}{' more' if rows else ''}, {escape(total)} in all" if rest else ""
    return f"*{table.title}*{block}{more}"


def _revenue(owner: Owner, currency: str) -> str:
    if owner.revenue_nano is not None:
        return short_text(owner.revenue_nano, currency)
    return f"in {', '.join(owner.elsewhere)}" if owner.elsewhere else NOT_APPLICABLE


def _name(name: str, what: str) -> str:
    """A name as it is shown; the two that stand for none and for all, in words."""
    if what and name in {NONE, ALL}:
        return f"(no {what} named)" if name == NONE else f"(all {what}s)"
    return shown(name)


def _aligned(cells: Sequence[str], widths: Sequence[int], name: str) -> str:
    # Escaped once it is aligned: Slack shows an entity as one character.
    return "  ".join([*(escape(cell.rjust(width)) for cell, width in zip(cells, widths, strict=True)), name]).rstrip()


def _worst_first(found: Sequence[Owner]) -> list[tuple[int, Owner]]:
    known = [(owner.margin_nano, owner) for owner in found if owner.margin_nano is not None]
    return sorted(
        ((nano, owner) for nano, owner in known),
        key=lambda pair: (pair[0], key_bytes(astuple(pair[1]))),
    )
