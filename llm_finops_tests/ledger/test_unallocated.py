"""What the next mapping is reckoned from, and a look that changes nothing, on both stores."""

from pathlib import Path

import sqlalchemy as sa

from llm_finops.core.next_mapping import Nameless, Spent, Uncovered
from llm_finops.core.records import Coverage, RequestTotal
from llm_finops.ledger import Ledger, Standing, inspect_ledger, standing
from llm_finops.ledger import datasets as d
from llm_finops_tests.ledger import facts as f

PLACE = ("openai", "proj_1", "key_1", "gpt-5")


def covered(quantity: int, by_logs: int, actor: str) -> Coverage:
    pool = ("openai", "openai", "proj_1", "key_1", actor, "gpt-5", "standard", "(none)")
    return Coverage(*pool, "output", "tokens", quantity, by_logs)


def logged(customer: str, list_cost_nano: int | None) -> RequestTotal:
    about = (customer, "chat", "production", "(none)", "ok", 1, 1, list_cost_nano, "{}")
    return RequestTotal(f.POOL, "(none)", *about)


def test_the_newest_days_with_data_are_added_up(ledger: Ledger) -> None:
    assert standing(ledger, 30) == Standing()
    open_ = f.allocation(7, "(unallocated)")._replace(method="unallocated")
    with ledger.commit("test") as commit:
        for day in ("2026-09-09", "2026-09-11", "2026-09-12"):
            commit.book(d.ALLOCATIONS, "openai", day, [f.allocation(100), f.allocation(1, "bob"), open_])
            commit.book(d.COVERAGE, "openai", day, [covered(10, 4, "ada"), covered(5, 5, "bob")])
            commit.book(d.REQUEST_TOTALS, "gateway", day, [logged("(none)", 3), logged("acme", 9)])
        commit.book(d.ALLOCATIONS, "openai", "2026-09-13", [])
        labelled = open_._replace(cost_class="opex", cost_nano=1_000)
        commit.book(d.ALLOCATIONS, "gpus", "2026-09-12", [labelled])

    two = standing(ledger, 2)
    assert two.days == ("2026-09-11", "2026-09-12")
    assert sorted(two.spent) == [
        Spent(*PLACE, "USD", "chat", "request_log", 202, "(none)"),
        Spent(*PLACE, "USD", "chat", "unallocated", 14, "(none)"),
    ]
    assert two.uncovered == (Uncovered(*PLACE, "ada", 12),)
    assert two.nameless == (Nameless("gateway", "chat", "USD", 6),)
    assert standing(ledger, 30).days == ("2026-09-09", "2026-09-11", "2026-09-12")


def test_a_row_of_no_version_is_counted_by_looking_at_the_database_only(ledger: Ledger) -> None:
    url = ledger.engine.url.render_as_string(hide_password=False)
    with ledger.commit("test") as commit:
        commit.book(d.USAGE, "openai", f.DAY, [f.usage(5)], findings=[f.finding()])
    before = f.everything(ledger)
    whole = inspect_ledger(url)

    assert (whole.is_ours, whole.versions, whole.orphans) == (True, 1, 0)
    assert f.everything(ledger) == before
    with ledger.writing() as connection:
        connection.execute(sa.text("update usage set version_id = 77"))
    assert inspect_ledger(url).orphans == f.orphans(ledger) == 1


def test_a_database_that_nobody_has_opened_stays_empty(store: str) -> None:
    assert inspect_ledger(store).revision is None
    if store.startswith("sqlite"):
        assert not Path(str(sa.make_url(store).database)).exists()
        return
    engine = sa.create_engine(store.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()
