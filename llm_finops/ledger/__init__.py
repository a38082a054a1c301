"""Every fact by day, in versions that are never updated; the only SQL of the facts."""

from llm_finops.ledger.booking import Booked, Commit
from llm_finops.ledger.clock import utc_now
from llm_finops.ledger.errors import LedgerError, LedgerTooNew, SumTooLarge, WrongInput
from llm_finops.ledger.gather import Gather
from llm_finops.ledger.implied import prices_that_differ
from llm_finops.ledger.inspection import Inspection, inspect_ledger, inspect_revision
from llm_finops.ledger.journals import Digest, SourceFile
from llm_finops.ledger.ledger import Ledger
from llm_finops.ledger.loads import BadRow, Load, bad_rows, loads
from llm_finops.ledger.moving import Contents, Moved, move
from llm_finops.ledger.pages import Held, Kept
from llm_finops.ledger.store import open_engine, parsed_url, present, shown_url, sqlite_url
from llm_finops.ledger.sums import findings_by_kind, sums, unconserved
from llm_finops.ledger.unallocated import Standing, standing
from llm_finops.ledger.versions import Key

__all__ = [
    "BadRow",
    "Booked",
    "Commit",
    "Contents",
    "Digest",
    "Gather",
    "Held",
    "Inspection",
    "Kept",
    "Key",
    "Ledger",
    "LedgerError",
    "LedgerTooNew",
    "Load",
    "Moved",
    "SourceFile",
    "Standing",
    "SumTooLarge",
    "WrongInput",
    "bad_rows",
    "findings_by_kind",
    "inspect_ledger",
    "inspect_revision",
    "loads",
    "move",
    "open_engine",
    "parsed_url",
    "present",
    "prices_that_differ",
    "shown_url",
    "sqlite_url",
    "standing",
    "sums",
    "unconserved",
    "utc_now",
]
