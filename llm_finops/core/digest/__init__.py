"""Tell: the figures of a day as one short message, most important first.

`Figures` is what the ledger knows of the day, `digest` renders it for Slack (Block Kit, within its limits,
every name harmless), `plain` reads the same message in a terminal.
"""

from llm_finops.core.digest.figures import (
    CurrencyFigures,
    Doubts,
    EarlierDay,
    Figures,
    HeldDay,
    Missing,
    Owner,
    Part,
    PriceDiffers,
    Uncosted,
    Unpriced,
)
from llm_finops.core.digest.invoices import InvoiceNews
from llm_finops.core.digest.message import Message, digest, in_order, plain
from llm_finops.core.digest.restated import Cause, Change, Threshold, changes, restated, restated_together
from llm_finops.core.digest.words import escape, shown

__all__ = [
    "Cause",
    "Change",
    "CurrencyFigures",
    "Doubts",
    "EarlierDay",
    "Figures",
    "HeldDay",
    "InvoiceNews",
    "Message",
    "Missing",
    "Owner",
    "Part",
    "PriceDiffers",
    "Threshold",
    "Uncosted",
    "Unpriced",
    "changes",
    "digest",
    "escape",
    "in_order",
    "plain",
    "restated",
    "restated_together",
    "shown",
]
