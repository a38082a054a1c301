# ruff: noqa: INP001 - alembic loads files, not a package
"""Alembic's entry: runs on the connection it is given, inside the caller's transaction."""

from alembic import context

from llm_finops.ledger.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
