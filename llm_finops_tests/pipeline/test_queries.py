"""What a run leaves for the dashboard: kept sums of all that is current, and lines whose shares add up to them."""

from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from llm_finops.core.explain import ExplainError
from llm_finops.ledger import Ledger, sums
from llm_finops.ledger.queries import (
    Asked,
    cost_by,
    customer_day,
    line,
    line_shares,
    lines_of,
    load,
    margin_total,
    snapshot,
)
from llm_finops.ledger.schema import ROLL_UPS, ROLLED_UP, VERSIONS
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little

ASKED = Asked(FIRST, LAST, "USD")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Little:
    company = Little(tmp_path_factory.mktemp("company")).found()
    assert company.settle().ok
    return company


def lacking(ledger: Ledger) -> list[tuple[str, str]]:
    """Current versions whose sums are not kept."""
    there = sa.select(ROLLED_UP.c.version_id)
    query = sa.select(VERSIONS.c.dataset, VERSIONS.c.period).where(
        VERSIONS.c.until_seq.is_(None),
        VERSIONS.c.dataset.in_({roll.of for roll in ROLL_UPS}),
        ~VERSIONS.c.version_id.in_(there),
    )
    with ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_run_ends_with_the_sums_of_all_that_is_current(company: Little) -> None:
    with company.ledger() as ledger:
        assert lacking(ledger) == []
        cogs = sums(ledger, "margins", ("currency",), ("cost_nano", "requests"), (FIRST, LAST))
        with snapshot(ledger) as reader:
            total = margin_total(reader, ASKED)
            spent = cost_by(reader, ASKED)
    assert cogs == {("USD",): (total.cost_nano, total.requests)}
    assert [row.cost_nano for row in spent] == [total.cost_nano]


def test_a_restated_day_has_its_own_sums_after_the_next_run(tmp_path: Path) -> None:
    company = Little(tmp_path).found()
    company.settle()
    company.report(LAST, "9.00")
    company.settle()
    with company.ledger() as ledger:
        assert lacking(ledger) == []
        with snapshot(ledger) as reader:
            restated, before = (margin_total(reader, Asked(day, day, "USD")) for day in (LAST, FIRST))
        with ledger.reading() as connection:
            ended = sa.select(VERSIONS.c.version_id).where(VERSIONS.c.until_seq.is_not(None))
            assert connection.execute(sa.select(ROLLED_UP).where(ROLLED_UP.c.version_id.in_(ended))).all() == []
    assert restated.cost_nano - before.cost_nano == 7 * 10**9


def test_the_shares_of_a_line_add_up_to_it_and_of_a_customer_to_the_margin(company: Little) -> None:
    given: defaultdict[str, int] = defaultdict(int)
    with company.ledger() as ledger, snapshot(ledger) as reader:
        found = lines_of(reader, ASKED, DAYS[0])
        assert len(found) == 4
        for row in found:
            shares = line_shares(reader, row.line.line_id, DAYS[0])
            assert sum(share.nano for share in shares) == row.line.amount_nano
            for share in shares:
                given[share.customer] += share.nano
        day = Asked(DAYS[0], DAYS[0], "USD")
        assert given == {row.key[0]: row.cost_nano for row in cost_by(reader, day, "customer", cost_classes=None)}
        tree, loads = customer_day(reader, "ada", DAYS[0])
        assert [total.cost_nano for total in tree.totals] == [given["ada"]]
        traced = line(reader, found[0].line.line_id, DAYS[0])
        assert traced is not None
        read = load(reader, traced.loads[0].load_id)
        assert read is not None
        assert read.load.load_id in {of["load_id"] for of in loads}
        with pytest.raises(ExplainError, match="neither cost nor revenue"):
            customer_day(reader, "nobody", DAYS[0])
