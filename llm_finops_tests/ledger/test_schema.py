"""What the migrations make is what the program believes in, on both stores."""

import re

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from llm_finops.ledger import Key, Ledger, LedgerTooNew
from llm_finops.ledger.datasets import DATASETS, comes_before
from llm_finops.ledger.schema import FACTS, METADATA, VIEWS, view_sql
from llm_finops.ledger.store import SCHEMA, migrate
from llm_finops_tests.ledger import facts as f


def test_an_empty_database_is_migrated_to_the_declared_schema(store: str) -> None:
    ledger = Ledger(store)
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
        assert connection.execute(sa.text("select version_num from alembic_version")).all() == [(SCHEMA,)]
        assert connection.execute(sa.text("select * from ledger_clock")).all() == [(1, 0, 1)]
    before = f.everything(ledger)
    migrate(ledger.engine)
    assert f.everything(ledger) == before
    ledger.close()


def test_the_views_of_the_migrations_are_those_the_program_would_make(sqlite_url: str) -> None:
    ledger = Ledger(sqlite_url)
    with ledger.reading() as connection:
        made = connection.execute(sa.text("select name, sql from sqlite_master where type = 'view'")).all()
    said = {name: " ".join(str(sql).lower().split()) for name, sql in made}
    assert said == {f"current_{table}": view_sql(table) for table in VIEWS}
    assert set(VIEWS) == {*FACTS, "findings"}
    ledger.close()


@pytest.mark.parametrize("many", [1, 2])
def test_a_current_view_shows_the_rows_of_open_versions_with_their_pools(ledger: Ledger, many: int) -> None:
    for dataset in DATASETS.values():
        for number in range(many):  # the last one is current
            with ledger.commit(dataset.name) as commit:
                row = f.row_of(dataset, number)
                commit.book(dataset, dataset.name, f.period_of(dataset), [row], findings=[f.finding(number)])
        with ledger.reading() as connection:
            query = sa.text(f"select * from current_{dataset.table} where scope = :scope")
            (shown,) = connection.execute(query, {"scope": dataset.name}).mappings().all()
        said = {name: value for name, value in row._asdict().items() if name != "pool"}
        if dataset.pooled:
            said = {**row.pool._asdict(), "pool_id": row.pool.pool_id, **said}
        days = {"day": f.DAY} if dataset.daily else {}
        version_id = ledger.heads(dataset)[Key(dataset.name, dataset.name, f.period_of(dataset))]
        assert dict(shown) == {"scope": dataset.name, "version_id": version_id, **days, **said}
    with ledger.reading() as connection:
        amounts = connection.execute(sa.text("select amount, count(*) from current_findings group by amount")).all()
    assert [tuple(row) for row in amounts] == [(many - 1, len(DATASETS))]


def test_key_text_sorts_by_its_bytes(postgres_url: str) -> None:
    ledger = Ledger(postgres_url)
    with ledger.reading() as connection:
        columns = connection.execute(
            sa.text(
                "select table_name, column_name, collation_name from information_schema.columns "
                "where table_schema = 'public' and data_type = 'text' and table_name not like 'current_%'"
            )
        ).all()
    assert len(columns) > 100
    assert {tuple(column) for column in columns if column.collation_name != "C"} == set()
    ledger.close()


def test_a_ledger_of_a_newer_program_is_refused_by_both_names_and_left_alone(store: str) -> None:
    ledger = Ledger(store)
    with ledger.writing() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    before = f.everything(ledger)
    with pytest.raises(LedgerTooNew, match=rf"schema 9999, this program knows up to {SCHEMA}: install the newer"):
        Ledger(store)
    assert f.everything(ledger) == before
    with ledger.reading() as connection:
        assert connection.execute(sa.text("select version_num from alembic_version")).all() == [("9999",)]
    ledger.close()


def test_an_input_comes_before_what_is_made_of_it() -> None:
    order = list(DATASETS)
    chain = ["prices", "usage", "priced_usage", "cost_lines", "request_totals", "revenue", "estimates", "true_ups"]
    assert [name for name in order if name in chain] == chain
    assert order[-5:] == ["allocations", "coverage", "margins", "request_costs", "converted_margins"]
    assert comes_before("settings", "margins")
    assert not comes_before("margins", "settings")
    assert not comes_before("margins", "margins")


def test_every_money_column_is_a_64_bit_number_beside_a_currency() -> None:
    for name, table in FACTS.items():
        money = [column for column in table.columns if column.name.endswith("_nano")]
        assert all(isinstance(column.type, sa.BigInteger) for column in money)
        assert not money or "currency" in table.columns or re.search("pool_id", str(list(table.columns))), name
