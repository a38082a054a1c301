"""Every fact by day, in versions that are never updated; the only SQL of the facts."""

from llm_finops.ledger.booking import Booked, Commit
from llm_finops.ledger.clock import utc_now
from llm_finops.ledger.errors import LedgerError, LedgerTooNew, WrongInput
from llm_finops.ledger.gather import Gather
from llm_finops.ledger.inspection import Inspection, inspect_ledger
from llm_finops.ledger.journals import Digest, SourceFile
from llm_finops.ledger.ledger import Ledger
from llm_finops.ledger.store import sqlite_url
from llm_finops.ledger.sums import findings_by_kind, sums, unconserved
from llm_finops.ledger.unallocated import Standing, standing
from llm_finops.ledger.versions import Key

__all__ = [
    "Booked",
    "Commit",
    "Digest",
    "Gather",
    "Inspection",
    "Key",
    "Ledger",
    "LedgerError",
    "LedgerTooNew",
    "SourceFile",
    "Standing",
    "WrongInput",
    "findings_by_kind",
    "inspect_ledger",
    "sqlite_url",
    "standing",
    "sums",
    "unconserved",
    "utc_now",
]
