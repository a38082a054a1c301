"""Sums that are kept: the same answer with them or without, whole or not there, of the present alone."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.derived import RequestCost
from llm_finops.core.money import BIGINT
from llm_finops.core.records import Allocation, Margin, RequestTotal
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import (
    COST_DIMS,
    OUTCOME_DIMS,
    REQUEST_DIMS,
    Asked,
    Reader,
    cost_by,
    margin_by,
    margin_days,
    margin_total,
    outcomes,
    requests_by,
    snapshot,
)
from llm_finops.ledger.rolling import roll_up
from llm_finops.ledger.schema import FACTS, ROLL_UPS, ROLLED_UP
from llm_finops_tests.ledger import facts as f

NAMES = st.sampled_from(["acme", "zeta", "(all)", "Ä%_"])
NANO = st.integers(-(10**12), 10**12)
COUNT = st.integers(0, 10**6)
POOLS = st.sampled_from([f.POOL, f.POOL._replace(model="gpt-6"), f.POOL._replace(provider="aws", currency="(none)")])
PLACE = st.sampled_from(["production", "staging"])
FACT_ROWS: dict[Any, st.SearchStrategy[Any]] = {
    d.MARGINS: st.builds(Margin, NAMES, NAMES, st.just("USD"), st.none() | NANO, NANO, NANO, COUNT, COUNT),
    d.ALLOCATIONS: st.builds(
        Allocation,
        POOLS,
        *(NAMES, NAMES, PLACE, st.sampled_from(["cogs", "opex"]), st.sampled_from(["USD", "EUR"])),
        *(st.just("reported"), st.sampled_from(["rule", "spread"]), NAMES, NANO),
    ),
    d.REQUEST_TOTALS: st.builds(
        RequestTotal,
        *(POOLS, NAMES, NAMES, NAMES, PLACE, NAMES, st.sampled_from(["ok", "error"])),
        *(COUNT, COUNT, st.none() | NANO, st.just("{}"), st.none()),
    ),
    d.REQUEST_COSTS: st.builds(RequestCost, NAMES, NAMES, st.just("USD"), NAMES, COUNT, NANO),
}
# Two days; of each the rows at first, whether they were added up then, and the rows of a later booking, if any.
WRITTEN = st.fixed_dictionaries(
    {
        (dataset, day): st.tuples(
            st.lists(rows, max_size=5), st.booleans(), st.none() | st.lists(rows, max_size=5), st.booleans()
        )
        for dataset, rows in FACT_ROWS.items()
        for day in ("2026-11-01", "2026-11-02")
    }
)
ASKED = st.builds(
    Asked,
    st.sampled_from(["2026-11-01", "2026-11-02"]),
    st.sampled_from(["2026-11-01", "2026-11-02"]),
    st.sampled_from(["USD", "EUR"]),
    *(st.none() | st.sampled_from(["openai", "aws"]), st.none() | PLACE, st.none() | NAMES, st.none() | NAMES),
)


def answers(reader: Reader, asked: Asked, dims: dict[str, list[Any]]) -> list[Any]:
    return [
        margin_total(reader, asked),
        margin_days(reader, asked),
        margin_by(reader, asked, "customer", order="margin", limit=2),
        margin_by(reader, asked, "feature", limit=2, offset=1),
        cost_by(reader, asked, *dims["cost"], cost_classes=None),
        cost_by(reader, asked, *dims["cost"]),
        requests_by(reader, asked, *dims["requests"]),
        outcomes(reader, asked, *dims["outcomes"]),
    ]


@f.law(25)
@given(
    written=WRITTEN,
    asked=ASKED,
    dims=st.fixed_dictionaries(
        {
            "cost": st.lists(st.sampled_from(COST_DIMS), unique=True, max_size=3),
            "requests": st.lists(st.sampled_from(REQUEST_DIMS), unique=True, max_size=3),
            "outcomes": st.lists(st.sampled_from(OUTCOME_DIMS), unique=True, max_size=3),
        }
    ),
)
def test_an_answer_is_the_same_with_the_sums_or_without(
    ledger: Ledger, written: Any, asked: Asked, dims: dict[str, list[Any]]
) -> None:
    for turn in (0, 2):
        for (dataset, day), said in written.items():
            if said[turn] is not None:
                with ledger.commit("some rows") as commit:
                    commit.book(dataset, "openai", day, said[turn])
            if said[turn + 1]:
                roll_up(ledger)
    with snapshot(ledger) as reader:
        found = answers(reader, asked, dims)
    _forget(ledger)
    with snapshot(ledger) as reader:
        assert answers(reader, asked, dims) == found
    roll_up(ledger)
    with snapshot(ledger) as reader:
        assert answers(reader, asked, dims) == found
        assert not reader.versions(("margins", "allocations"), "2026-11-01", "2026-11-02")[1]


def _forget(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        for table in (ROLLED_UP, *(roll.table for roll in ROLL_UPS)):
            connection.execute(table.delete())


def kept(ledger: Ledger) -> dict[str, list[Any]]:
    with ledger.reading() as connection:
        tables = (ROLLED_UP, *(roll.table for roll in ROLL_UPS))
        return {table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr) for table in tables}


def test_sums_are_made_once_and_go_with_their_version(ledger: Ledger) -> None:
    for cost in (5, 7):
        with ledger.commit("margins") as commit:
            commit.book(d.MARGINS, "*", f.DAY, [f.margin(None, cost), f.margin(4, 1)])
            commit.book(d.ALLOCATIONS, "openai", f.DAY, [f.allocation(cost)])
        before = ledger.fingerprint()
        assert roll_up(ledger) == 2
        assert roll_up(ledger) == 0
        assert ledger.fingerprint() == before
    found = kept(ledger)
    (row,) = found["margins_by_customer"]
    assert row[1:] == (f.DAY, "acme", "USD", 8, 4, 1, 0, 0, 0, 2)
    assert [row[-1] for row in found["allocations_by_pool"]] == [7]
    assert found["rolled_up"] == [(version,) for version in sorted({row[0], *ledger.heads(d.ALLOCATIONS).values()})]


def test_a_kill_leaves_all_the_sums_of_a_version_or_none(ledger: Ledger) -> None:
    with ledger.commit("two days") as commit:
        for day in ("2026-11-01", "2026-11-02"):
            commit.book(d.MARGINS, "*", day, [f.margin(2, 1)])
    last = ROLL_UPS[1].table  # the last that a version of margins needs

    class Killed(BaseException):
        pass

    def _kill(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if f"INSERT INTO {last.name} " in statement:
            raise Killed

    roll_up_of_first = kept(ledger)
    sa.event.listen(ledger.engine, "before_cursor_execute", _kill)
    with pytest.raises(Killed):
        roll_up(ledger)
    sa.event.remove(ledger.engine, "before_cursor_execute", _kill)
    assert kept(ledger) == roll_up_of_first
    assert roll_up(ledger) == 2
    assert len(kept(ledger)["margins_by_feature"]) == 2


def test_what_does_not_fit_is_left_to_whoever_asks(ledger: Ledger) -> None:
    with ledger.commit("two days") as commit:
        commit.book(d.MARGINS, "*", "2026-11-01", [f.margin(0, BIGINT), f.margin(0, BIGINT)])
        commit.book(d.MARGINS, "*", "2026-11-02", [f.margin(0, 5)])
    assert roll_up(ledger) == 1
    with snapshot(ledger) as reader:
        assert margin_total(reader, Asked("2026-11-02", "2026-11-02", "USD")).cost_nano == 5


def test_every_sum_is_of_columns_that_are_there() -> None:
    for roll in ROLL_UPS:
        facts = set(FACTS[roll.of].columns.keys()) | {"account", "provider", "model", "service_tier", "currency"}
        assert set(roll.keys) <= facts
        assert roll.of in d.DATASETS
