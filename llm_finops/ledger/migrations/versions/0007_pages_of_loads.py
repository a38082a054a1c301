# ruff: noqa: INP001 - alembic loads files, not a package
"""What a provider said, kept by load; days whose new reading is held; loads that read kept pages again.

Journals only: nothing of what is booked changes.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create both journals, and the column that says what a replay read."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

    def column(name: str, kind: Any, *, key: bool = False) -> sa.Column[Any]:
        return sa.Column(name, kind, primary_key=key, nullable=False, autoincrement=False)

    number = sa.BigInteger()
    op.add_column("loads", sa.Column("replay_of", number, nullable=True))
    op.create_table(
        "load_pages",
        column("load_id", number, key=True),
        column("position", number, key=True),
        column("request", text),
        column("fetched_at", text),
        column("status", number),
        column("content", sa.LargeBinary()),
        column("sha256", text),
        column("bytes", number),
    )
    op.create_table(
        "held",
        column("load_id", number, key=True),
        *(column(name, text, key=True) for name in ("dataset", "scope", "period")),
        column("version_id", number),
        column("subject", text),
        column("before_amount", number),
        column("after_amount", number),
    )
