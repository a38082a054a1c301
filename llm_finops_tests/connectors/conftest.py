from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Tries are made as configured, without the pauses between them."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
