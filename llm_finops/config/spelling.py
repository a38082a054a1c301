"""A key of finops.toml that is nearly one: which was meant."""

from difflib import get_close_matches

from llm_finops.config import tables
from llm_finops.connectors.contract import Options

_TABLES = (
    tables.FinopsToml,
    tables.CostFiles,
    tables.InvoiceTable,
    tables.Rates,
    tables.Owner,
    tables.SpreadTable,
    tables.AllocationTable,
    tables.SlackTable,
    tables.Reporting,
    Options,
)
_MORE = ("connector", "speaks_for", "accounts", "projects", "api_keys", "time_zone")


def meant(key: str) -> str:
    """The key that was likely meant; '' where none is near."""
    known = {field.alias or name for table in _TABLES for name, field in table.model_fields.items()}
    return next(iter(get_close_matches(key, sorted({*known, *_MORE}), n=1, cutoff=0.75)), "")
