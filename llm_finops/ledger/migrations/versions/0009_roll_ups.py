# ruff: noqa: INP001 - alembic loads files, not a package
"""Sums of versions, kept for the dashboard, and indexes that find a customer within a version: no fact changes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# Names of columns; `*` is a key, `:n` is a number, `?` may be NULL.
_MARGINS = "cost_nano:n revenue_nano:n revenue_unknown:n logged_cost_nano:n requests:n operations:n rows:n"
_MODEL = "*account *provider *model *service_tier *feature *environment *currency"
_TABLES = {
    "margins_by_feature": f"*version_id:n day *feature *currency {_MARGINS}",
    "margins_by_customer": f"*version_id:n day *customer *currency {_MARGINS}",
    "allocations_by_model": f"""
        *version_id:n day {_MODEL} *cost_class *basis *method *rule cost_nano:n""",
    "allocations_by_pool": """
        *version_id:n day *pool_id:n *feature *environment *currency *cost_class *basis *method *rule cost_nano:n""",
    "allocations_by_customer": """
        *version_id:n day *customer *provider *environment *currency *cost_class cost_nano:n""",
    "request_totals_by_model": f"""
        *version_id:n day {_MODEL} *status requests:n operations:n list_cost_nano:n? unpriced:n""",
    "request_costs_by_feature": "*version_id:n day *feature *currency *outcome requests:n cost_nano:n",
    "rolled_up": "*version_id:n",
}
_SOUGHT = {
    "margins": (("customer",), ("feature",)),
    "allocations": (("customer",),),
    "request_totals": (("customer",),),
    "request_costs": (("customer",),),
    "request_quantiles": (("grouping", "key"),),
}


def upgrade() -> None:
    """Make the tables; an index by version becomes one by version and what is sought within it."""
    for name, columns in _TABLES.items():
        op.create_table(name, *map(_column, columns.split()), sqlite_with_rowid=name == "rolled_up")
    for table, indexes in _SOUGHT.items():
        op.drop_index(f"{table}_by_version", table)
        for sought in indexes:
            op.create_index("_".join((table, "by_version", *sought)), table, ["version_id", *sought])


def _column(said: str) -> sa.Column[int] | sa.Column[str]:
    name, _, kind = said.strip("*?").partition(":")
    key, null = said.startswith("*"), said.endswith("?")
    if kind == "n":
        return sa.Column(name, sa.BigInteger(), primary_key=key, nullable=null, autoincrement=False)
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, text, primary_key=key, nullable=null)
