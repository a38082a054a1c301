import pytest

from llm_finops.ledger import Ledger
from llm_finops_tests.ledger.queries.company import founded


@pytest.fixture
def company(ledger: Ledger) -> Ledger:
    """A new ledger with the little company's days, on either store."""
    founded(ledger)
    return ledger
