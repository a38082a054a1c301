# ruff: noqa: INP001 - alembic loads files, not a package
"""Former names of projects and keys; loads of days that were not over for the provider.

Both columns say nothing of what is booked already, so nothing is restated.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NAMES = """
    create view current_names as select v.scope, f.version_id, f.kind, f.id, f.name, f.project, f.former from
    names f join versions v on v.version_id = f.version_id where v.until_seq is null
"""


def upgrade() -> None:
    """Add the columns, and the view that shows one of them."""
    op.execute("drop view current_names")
    op.add_column("names", sa.Column("former", sa.BigInteger(), nullable=True))
    op.add_column("load_periods", sa.Column("clipped", sa.BigInteger(), nullable=True))
    op.execute(_NAMES)
