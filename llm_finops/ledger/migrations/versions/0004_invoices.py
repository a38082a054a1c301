# ruff: noqa: INP001 - alembic loads files, not a package
"""Invoices, their lines, and the monthly match; nothing that is booked already is restated."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = {
    "invoices": "month issuer number currency period_from period_until usage_nano tax_nano credit_nano purchase_nano "
    "adjustment_nano unexplained_nano total_nano lines document",
    "invoice_lines": "line_id month issuer number charge_category description currency billed_nano amount_text",
    "invoice_matches": "month charge_category currency reported_nano invoiced_nano difference_nano state",
}
_NULLABLE = {"reported_nano", "invoiced_nano", "difference_nano"}


def upgrade() -> None:
    """Make the tables, each with its index and its view."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    for table, names in _TABLES.items():
        columns = names.split()
        made = [
            sa.Column(
                name, sa.BigInteger() if name.endswith("_nano") or name == "lines" else text, nullable=name in _NULLABLE
            )
            for name in columns
        ]
        op.create_table(table, sa.Column("version_id", sa.BigInteger(), nullable=False), *made)
        op.create_index(f"{table}_by_version", table, ["version_id"])
        shown = ", ".join(f"f.{name}" for name in ("version_id", *columns))
        op.execute(
            f"create view current_{table} as select v.scope, {shown} from {table} f "
            "join versions v on v.version_id = f.version_id where v.until_seq is null"
        )
