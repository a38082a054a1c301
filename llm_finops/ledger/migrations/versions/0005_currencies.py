# ruff: noqa: INP001 - alembic loads files, not a package
"""Dated rates, and margins in the reporting currency."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_RATES = """
    create view current_fx_rates as select v.scope, f.version_id, f.source, f.date, f.base, f.quote, f.rate
    from fx_rates f join versions v on v.version_id = f.version_id where v.until_seq is null
"""
_MARGINS = """
    create view current_converted_margins as select v.scope, f.version_id, f.day, f.customer, f.feature, f.currency,
    f.revenue_nano, f.cost_nano, f.logged_cost_nano, f.requests, f.operations from converted_margins f
    join versions v on v.version_id = f.version_id where v.until_seq is null
"""


def upgrade() -> None:
    """Add the tables, their indexes and their views."""
    op.create_table("fx_rates", _number("version_id"), *map(_text, ("source", "date", "base", "quote", "rate")))
    op.create_table(
        "converted_margins",
        _number("version_id"),
        *map(_text, ("day", "customer", "feature", "currency")),
        *(_number(name, null=True) for name in ("revenue_nano", "cost_nano", "logged_cost_nano")),
        _number("requests"),
        _number("operations"),
    )
    op.create_index("fx_rates_by_version", "fx_rates", ["version_id"])
    op.create_index("converted_margins_by_version", "converted_margins", ["version_id"])
    op.create_index("converted_margins_by_day", "converted_margins", ["day"])
    op.execute(_RATES)
    op.execute(_MARGINS)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _number(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null)
