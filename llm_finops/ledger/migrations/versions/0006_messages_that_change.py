# ruff: noqa: INP001 - alembic loads files, not a package
"""Messages that change: what each call to Slack was about, and as of which commit the message speaks.

Messages sent before say nothing of their commit (NULL): what they said cannot be known, so they are not edited.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("digests", sa.Column("kind", text, nullable=False, server_default=sa.text("'summary'")))
    op.add_column("digests", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.add_column("digests", sa.Column("before_seq", sa.BigInteger(), nullable=True))
    for name in ("partial", "done_at", "detail"):
        op.add_column("digests", sa.Column(name, text, nullable=False, server_default=sa.text("''")))
