# ruff: noqa: INP001 - alembic loads files, not a package
"""Prices that bills imply, and what failed and retried requests cost: new facts, made of what is booked already."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# Names of columns; `:n` is a number, `?` may be NULL.
_TABLES = {
    "implied_prices": """
        version_id:n day provider model service_tier context_band meter unit currency quantity:n billed_nano:n
        expected_nano:n? implied_price_nano:n? list_price_nano:n? contract_price_nano:n? state reason""",
    "request_costs": "version_id:n day customer feature currency outcome requests:n cost_nano:n",
}
_VIEWS = (
    """
    create view current_implied_prices as select v.scope, f.version_id, f.day, f.provider, f.model, f.service_tier,
    f.context_band, f.meter, f.unit, f.currency, f.quantity, f.billed_nano, f.expected_nano, f.implied_price_nano,
    f.list_price_nano, f.contract_price_nano, f.state, f.reason from implied_prices f
    join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_request_costs as select v.scope, f.version_id, f.day, f.customer, f.feature, f.currency,
    f.outcome, f.requests, f.cost_nano from request_costs f
    join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
)


def upgrade() -> None:
    """Make the tables, their indexes and views."""
    for name, columns in _TABLES.items():
        op.create_table(name, *map(_column, columns.split()))
        op.create_index(f"{name}_by_version", name, ["version_id"])
        op.create_index(f"{name}_by_day", name, ["day"])
    for view in _VIEWS:
        op.execute(view)


def _column(said: str) -> sa.Column[int] | sa.Column[str]:
    name, _, kind = said.rstrip("?").partition(":")
    if kind == "n":
        return sa.Column(name, sa.BigInteger(), nullable=said.endswith("?"))
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=said.endswith("?"))
