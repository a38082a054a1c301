"""The columns of a node's table as Dagster shows them: from the schema that the ledger is made of."""

from typing import Any

import dagster as dg
import sqlalchemy as sa

from llm_finops.ledger import datasets as d
from llm_finops.ledger import schema

# What docs/schema.md says of them at length.
_SAID = {
    "day": "UTC",
    "month": "such as 2026-11",
    "currency": "ISO code; never add two",
    "customer": "(unallocated): nobody owns it",
    "feature": "(none): not known; (all): revenue that names none",
    "basis": "reported, estimated or invoiced",
    "method": "request_log, rule, spread or unallocated",
    "cost_class": "cogs (in margins), opex or excluded",
    "line_id": "stable over versions",
    "amount_text": "as the provider wrote it",
    "outcome": "productive, failed, retried, earlier or unknown",
    "meters": "JSON: meter to [quantity, list cost in nano]",
    "list_cost_nano": "at the price in force, in billionths; NULL: no price is known",
    "revenue_nano": "in billionths of the currency; NULL: not loaded",
}


def column_schema(dataset: d.Dataset[Any]) -> dg.TableSchema:
    """Every public column of the view `current_...`, with its type and what it means."""
    table = schema.FACTS[dataset.table]
    return dg.TableSchema([_column(column) for column in table.columns if column.name != "version_id"])


def _column(column: sa.Column[Any]) -> dg.TableColumn:
    money = "in billionths of the currency" if column.name.endswith("_nano") else None
    return dg.TableColumn(
        column.name,
        "text" if isinstance(column.type, sa.Text) else "integer",
        description=_SAID.get(column.name, money),
        constraints=dg.TableColumnConstraints(nullable=bool(column.nullable)),
    )
