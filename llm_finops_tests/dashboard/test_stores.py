"""The same company on SQLite and on PostgreSQL: every page says the same, by every filter, to the last letter."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape

import httpx
import pytest

from llm_finops.dashboard.pages import ALL
from llm_finops_tests.conftest import database
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.pipeline import little
from llm_finops_tests.pipeline.little import DAYS, LAST, Little

NAMES = ("ada", "Ada", "مؤسسة", "_%", "eve")
ONE = f"from={LAST}&to={LAST}"
FILTERS = (
    "",
    "provider=paper",
    "environment=production&feature=chat",
    "feature=chat",
    f"customer=ada&{ONE}",
    f"customer=ada&feature=chat&provider=paper&{ONE}",
    "customer=A",
    "customers.sort=-key&days.sort=cost&models.sort=-cost&period=7d",
)


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Settled alike, on each store."""
    root = tmp_path_factory.mktemp("stores")
    with ExitStack() as stack:
        server = request.getfixturevalue("_postgres_server")
        urls = ("", stack.enter_context(database(server, "template1")))
        first, second = (Little(root / name, ledger_url=url) for name, url in zip(("one", "two"), urls, strict=True))
        for made in (first, second):
            made.root.mkdir()
            made.found()
            for day in DAYS:
                made.log(day, customers=NAMES)
            assert made.settle().ok
            made.report(LAST, "2.50")
            assert made.settle(LAST, LAST).ok
            (made.root / "finops.toml").write_text(little.START, encoding="utf-8")  # its connector is a test's
        yield stack.enter_context(served(first.environment)), stack.enter_context(served(second.environment))


@pytest.mark.parametrize("filtered", FILTERS)
def test_both_stores_say_the_same(both: tuple[httpx.Client, httpx.Client], filtered: str) -> None:
    for page in ALL:
        one, two = (client.get(f"{page.path}?{filtered}") for client in both)
        assert (one.status_code, two.status_code) == (200, 200), page.path
        assert one.text == two.text, page.path


def test_the_way_down_is_the_same_too(both: tuple[httpx.Client, httpx.Client]) -> None:
    one, two = both
    day = one.get(f"/customer-day?customer=ada&{ONE}").text
    for mark, table in (("/line?", 'id="shares"'), ("/load?", 'id="loads"')):
        (link, *_) = re.findall(rf'href="({re.escape(mark)}[^"]+)"', day.partition(table)[2])
        link = unescape(link)
        assert one.get(link).text == two.get(link).text
        assert "no line" not in one.get(link).text.lower()
