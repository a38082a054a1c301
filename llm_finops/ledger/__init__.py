"""Every fact by day, in versions that are never updated; the only SQL of the facts."""

from llm_finops.ledger.booking import Booked, Commit, Key, Quarantined
from llm_finops.ledger.errors import LedgerError, LedgerTooNew, WrongInput
from llm_finops.ledger.journals import Digest, SourceFile
from llm_finops.ledger.ledger import Gather, Ledger, utc_now
from llm_finops.ledger.store import sqlite_url

__all__ = [
    "Booked",
    "Commit",
    "Digest",
    "Gather",
    "Key",
    "Ledger",
    "LedgerError",
    "LedgerTooNew",
    "Quarantined",
    "SourceFile",
    "WrongInput",
    "sqlite_url",
    "utc_now",
]
