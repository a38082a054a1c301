"""Many who look at once: each gets the page, however many there are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from llm_finops.ledger import Ledger, sqlite_url
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import DAY, booked, environment

READERS = 40
TOML = "start_date = 2026-11-01\n[providers.openai]\n[providers.anthropic]\n"


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("many")
    ledger = Ledger(sqlite_url(folder / "ledger.sqlite"))
    booked(ledger, [f"customer {n}" for n in range(200)])
    ledger.close()
    with served(environment(folder, TOML)) as client:
        yield client


@pytest.mark.parametrize("path", ["/customers?period=7d", f"/customer-day?customer=customer+7&from={DAY}&to={DAY}"])
def test_whoever_looks_gets_the_page_also_with_many_at_once(looked_at: httpx.Client, path: str) -> None:
    def look(_: int) -> int:
        return httpx.get(f"{str(looked_at.base_url).rstrip('/')}{path}", timeout=20).status_code

    with ThreadPoolExecutor(READERS) as readers:
        answers = list(readers.map(look, range(READERS)))
    once = looked_at.get(path).status_code
    assert answers == [once] * READERS
    assert once == (200 if path.startswith("/customers") else 400)  # of a made day there is no tree to show
