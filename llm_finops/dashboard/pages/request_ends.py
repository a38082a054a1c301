"""What became of logged requests, and what those cost that failed or had to be sent again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from llm_finops.core.derived import EARLIER, FAILED, PRODUCTIVE, RETRIED, UNKNOWN
from llm_finops.dashboard.blocks import Block, Cell, Column, Heading, Note, Table, Value
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Outcomes, outcomes

_ENDS = {
    PRODUCTIVE: "gave what was asked for",
    EARLIER: "earlier step of an operation",
    RETRIED: "failed, and was sent again",
    FAILED: "failed for good",
    UNKNOWN: "not known",
}
COST = "Cost found by request logs (cogs)"


def ends(view: View) -> Iterator[Block]:
    """What became of requests, and by feature what failed and retried ones cost."""
    yield Heading("What became of requests", f"{COST}, retries and failures with it.")
    if view.asked.provider or view.asked.environment:
        yield Note("It is not kept by provider or environment: those filters do not apply to the next two tables.")
    yield by_end(view)
    yield _in_vain(view)


def by_end(view: View, note: str = "") -> Table:
    """What became of the requests that are asked for, with their cost."""
    found = sorted(outcomes(view.reader, view.asked, "outcome"), key=lambda row: (-row.cost_nano, row.key))
    requests, cost = sum(row.requests for row in found), sum(row.cost_nano for row in found)
    columns = [
        Column("outcome", "What became of it"),
        Column("requests", "Requests", "count"),
        Column("cost", "Cost", "money"),
        Column("share", "Share", "percent"),
    ]
    lines: list[list[Value]] = [
        [_ENDS.get(row.key[0], row.key[0]), row.requests, row.cost_nano, (row.cost_nano, cost)] for row in found
    ]
    total: list[Value] = ["Total", requests, cost, (cost, cost)]
    title, empty = "Requests by what became of them", "Nothing was logged in this period."
    return Table("outcomes", title, columns, lines, total, empty=empty, note=note, wide=False)


def _in_vain(view: View) -> Table:
    by: defaultdict[str, list[Outcomes]] = defaultdict(list)
    for row in outcomes(view.reader, view.asked, "feature", "outcome"):
        by[row.key[0]].append(row)
    columns = [
        Column("feature", "Feature"),
        Column("failed_requests", "Failed", "count", hint="requests that failed for good"),
        Column("failed_cost", "Their cost", "money"),
        Column("retried_requests", "Sent again", "count", hint="requests that failed, and a later one followed"),
        Column("retried_cost", "Their cost", "money"),
        Column("share", "Of its cost", "percent", hint="failed and sent again, of what request logs found"),
    ]
    ranked = sorted(by, key=lambda feature: (-_vain(by[feature]), feature))
    lines: list[list[Value]] = [
        [Cell(feature, view.link("/feature", feature=feature)), *_amounts(by[feature])] for feature in ranked
    ]
    total: list[Value] = ["Total", *_amounts([row for rows in by.values() for row in rows])]
    return Table("in-vain", "What failures cost, by feature", columns, lines, total, wide=False)


def _amounts(rows: Iterable[Outcomes]) -> list[Value]:
    of = list(rows)
    found: list[Value] = []
    for outcome in (FAILED, RETRIED):
        found += [sum(row.requests for row in of if row.key[-1] == outcome)]
        found += [sum(row.cost_nano for row in of if row.key[-1] == outcome)]
    return [*found, (_vain(of), sum(row.cost_nano for row in of))]


def _vain(rows: Iterable[Outcomes]) -> int:
    return sum(row.cost_nano for row in rows if row.key[-1] in {FAILED, RETRIED})
