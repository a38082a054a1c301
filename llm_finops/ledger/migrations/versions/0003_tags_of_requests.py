# ruff: noqa: INP001 - alembic loads files, not a package
"""Tags of logged requests: those that a rule reads; NULL for what is booked already, so nothing is restated."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TOTALS = """
    create view current_request_totals as select v.scope, f.version_id, f.day, f.pool_id,
    f.context_band, f.customer, f.feature, f.environment, f.actor, f.status, f.requests,
    f.operations, f.list_cost_nano, f.meters, f.tags, p.account, p.provider, p.project, p.api_key,
    p.model, p.service_tier, p.currency from request_totals f join versions v on v.version_id =
    f.version_id join pools p on p.pool_id = f.pool_id where v.until_seq is null
"""


def upgrade() -> None:
    """Add the column, and the view that shows it."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.execute("drop view current_request_totals")
    op.add_column("request_totals", sa.Column("tags", text, nullable=True))
    op.execute(_TOTALS)
