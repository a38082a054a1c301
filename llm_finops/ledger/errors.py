"""What can go wrong with the ledger.

LedgerError
├── LedgerTooNew     a newer program wrote it
├── SumTooLarge      a sum that was asked for does not fit 64 bits
└── WrongInput       a dataset was said to be made of one that comes later
"""


class LedgerError(Exception):
    """The ledger cannot do what was asked; nothing was changed."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer version of this program."""


class SumTooLarge(LedgerError):
    """A sum that was asked for does not fit 64 bits: of fewer days it may."""


class WrongInput(LedgerError):
    """A dataset can only be made of datasets that come earlier in the declared order."""
