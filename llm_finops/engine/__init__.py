"""The one heavy pass, over request logs: DuckDB reads their files once and answers by day."""

from llm_finops.engine.contract import (
    DayTotals,
    EngineError,
    FileDays,
    LogFileError,
    PriceLookup,
    Workspace,
)
from llm_finops.engine.survey import log_days, survey
from llm_finops.engine.totals import totals

__all__ = [
    "DayTotals",
    "EngineError",
    "FileDays",
    "LogFileError",
    "PriceLookup",
    "Workspace",
    "log_days",
    "survey",
    "totals",
]
