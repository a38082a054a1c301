"""What the ledger explains of a customer or a line is what the whole day says of it, on both stores."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import given

from llm_finops.core.allocate import Allocated, allocate
from llm_finops.core.explain import ExplainError, explain
from llm_finops.core.records import COGS, NONE, UNALLOCATED, CostLine, Margin
from llm_finops.core.settings import to_rows
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.explaining import explain_customer, traced_shares
from llm_finops.ledger.kept import Kept
from llm_finops.ledger.versions import Key
from llm_finops_tests.core.little_world import OPENAI
from llm_finops_tests.core.test_allocate_laws import Given
from llm_finops_tests.core.test_allocate_tracing import NOBODYS, tagged_days
from llm_finops_tests.ledger.facts import law

_numbers = itertools.count()


def new_day() -> str:
    """A day no other example has used."""
    return str(date(2026, 1, 1) + timedelta(days=next(_numbers)))


def book(ledger: Ledger, day: str, of: Given, lines: list[CostLine], done: Allocated) -> list[Margin]:
    """Book the day and what its allocations were made of."""
    costs = {(row.customer, row.feature, row.pool.currency): 0 for row in done.allocations if row.cost_class == COGS}
    for row in done.allocations:
        if row.cost_class == COGS:
            costs[row.customer, row.feature, row.pool.currency] += row.cost_nano
    margins = [Margin(*at, None, nano, 0, 0, 0) for at, nano in costs.items()]
    with ledger.commit("test") as commit:
        made_of = {Key("settings", "*", "*"): 0, Key("priced_usage", OPENAI, day): 0, Key("cost_lines", OPENAI, day): 0}
        commit.book(d.SETTINGS, "*", "*", to_rows(of["settings"]))
        commit.book(d.PRICED_USAGE, OPENAI, day, of["usage"])
        commit.book(d.COST_LINES, OPENAI, day, lines)
        for name, rows in of["totals"].items():
            commit.book(d.REQUEST_TOTALS, name, day, rows)
            made_of[Key("request_totals", name, day)] = 0
        commit.book(d.ALLOCATIONS, OPENAI, day, done.allocations, made_of)
        commit.book(d.MARGINS, "*", day, margins, {Key("allocations", OPENAI, day): 0})
    return margins


@law(30)
@given(of=tagged_days())
def test_a_part_of_a_day_is_explained_as_the_whole_is(ledger: Ledger, of: Given) -> None:
    explained(ledger, of)


@pytest.mark.parametrize("name", NOBODYS)
def test_so_is_what_names_nobody(ledger: Ledger, name: str) -> None:
    explained(ledger, NOBODYS[name][0])


def explained(ledger: Ledger, of: Given) -> None:
    """Hold each line and customer of the day against the whole of it."""
    day = new_day()
    # Their sums are to be booked: an eighth of what a column holds each.
    lines = [line._replace(amount_nano=max(-(2**60), min(line.amount_nano, 2**60))) for line in of["lines"]]
    rest = (lines, of["usage"], of["totals"])
    whole = allocate(day, OPENAI, *rest, settings=of["settings"], names={}, trace=True)
    margins = book(ledger, day, of, lines, whole)
    by_id = {line.line_id: line for line in lines}
    for line in lines:
        told = [share for share in whole.shares if share.line_id == line.line_id]
        assert traced_shares(ledger, line, day) == told
    for customer in {row.customer for row in whole.allocations} | {"acme", UNALLOCATED, NONE}:
        if all(row.customer != customer for row in whole.allocations):
            with pytest.raises(ExplainError, match="neither cost nor revenue"):
                explain_customer(ledger, customer, day)
        else:
            assert explain_customer(ledger, customer, day)[0] == explain(
                day, customer, margins, whole.allocations, whole.shares, by_id, {}
            )


def test_what_is_kept_is_made_once_and_the_oldest_goes_first() -> None:
    kept, made = Kept(2), list[str]()

    def make(name: str) -> str:
        made.append(name)
        return name * 2

    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(name, lambda name=name: make(name)) == name * 2  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    kept.clear()
    assert kept.get("b", lambda: "new") == "new"


def test_threads_share_what_is_kept_and_no_more_than_so_much_is() -> None:
    kept = Kept(3)

    def ask(n: int) -> tuple[int, int]:
        return n, kept.get(n % 5, lambda: n % 5)

    with ThreadPoolExecutor(8) as threads:
        assert all(found == n % 5 for n, found in threads.map(ask, range(2_000)))
    remade = [n for n in range(5) if kept.get(n, lambda: -1) == -1]
    assert len(remade) >= 2
