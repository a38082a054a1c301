"""The little company's ledger, on either store: its sums kept, partly kept, or not. Every test only reads it."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from llm_finops.ledger import Ledger, sqlite_url
from llm_finops_tests.conftest import STORES, database
from llm_finops_tests.ledger.queries.company import founded


@pytest.fixture(scope="package", params=itertools.product(STORES, ["none", "some", "all"]), ids="-".join)
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    store, sums = request.param
    with ExitStack() as stack:
        if store == "sqlite":
            url = sqlite_url(tmp_path_factory.mktemp("company") / "ledger.sqlite")
        else:
            server, template = (request.getfixturevalue(name) for name in ("_postgres_server", "_migrated"))
            url = stack.enter_context(database(server, template))
        ledger = Ledger(url)
        founded(ledger, sums)
        yield ledger
        ledger.close()
