"""The dashboard: what the ledger knows, as pages. It reads, and never writes.

A page is a function from a `View` to blocks (figures, tables, pictures, notes); one template draws them all, and every
table can be had as CSV and Parquet. The address says all of what is shown, so it can be sent to a colleague.
"""

from llm_finops.dashboard.app import application

__all__ = ["application"]
