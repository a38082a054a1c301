"""What stands above every page: "final" and "reported" are said of days that are all there, and of no others."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest

from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops_tests.dashboard import days as made
from llm_finops_tests.dashboard.books import table, tiles
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import environment

FIRST, SECOND = "2026-11-19", "2026-11-20"
START = "start_date = 2026-11-01\n[providers.openai]\n"
BOTH = f"{START}[providers.anthropic]\n"
FILE = '[costs.aws-files]\npaths = ["aws/*.csv"]\n'
ASKED = {"from": FIRST, "to": SECOND}
Shown = Callable[[Callable[[Ledger], None], str], AbstractContextManager[httpx.Client]]


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    @contextmanager
    def serving(book: Callable[[Ledger], None], toml: str) -> Iterator[httpx.Client]:
        ledger = made.opened(tmp_path)
        book(ledger)
        ledger.close()
        with served(environment(tmp_path, toml)) as client:
            yield client

    return serving


def said(client: httpx.Client, **asked: str) -> list[str]:
    """What the line says between the days asked for and the moment."""
    text = client.get("/", params={**ASKED, **asked}).text
    line = re.findall(r'<p class="standing">(.*?)</p>', text, re.DOTALL)[0]
    return [unescape(one) for one in re.findall(r"<span[^>]*>(.*?)</span>", line, re.DOTALL)][1:-1]


def whole(ledger: Ledger) -> None:
    made.computed(ledger, FIRST, openai=5)
    made.computed(ledger, SECOND, openai=6)


def test_days_that_are_all_there_are_final_and_reported(shown: Shown) -> None:
    with shown(whole, START) as client:
        assert said(client) == ["all days final", "reported"]


def test_days_before_the_start_are_not_missed_unless_nothing_else_is_asked_for(shown: Shown) -> None:
    with shown(whole, START.replace("2026-11-01", FIRST)) as client:
        assert said(client, **{"from": "2026-11-10"}) == ["all days final", "reported"]
        assert any("missing" in word for word in said(client, **{"from": "2026-11-10", "to": "2026-11-12"}))


def without_margins(ledger: Ledger) -> None:
    made.computed(ledger, FIRST, openai=5)
    made.lines(ledger, "openai", SECOND, 500 * made.DOLLAR)


def without_allocations(ledger: Ledger) -> None:
    whole(ledger)
    made.lines(ledger, "anthropic", SECOND, 500 * made.DOLLAR)


def read_anew(ledger: Ledger) -> None:
    whole(ledger)
    made.lines(ledger, "openai", SECOND, 500 * made.DOLLAR)


def split_anew(ledger: Ledger) -> None:
    read_anew(ledger)
    made.split(ledger, "openai", SECOND, {"acme": 500 * made.DOLLAR})


@pytest.mark.parametrize(
    ("book", "expected"),
    [
        (without_margins, "not booked: 1 day (2026-11-20)"),
        (without_allocations, "not computed anew yet: 1 day (2026-11-20)"),
        (read_anew, "not computed anew yet: 1 day (2026-11-20)"),
        (split_anew, "not computed anew yet: 1 day (2026-11-20)"),
    ],
)
def test_a_day_whose_lines_are_in_no_margin_is_told(
    shown: Shown, book: Callable[[Ledger], None], expected: str
) -> None:
    with shown(book, START) as client:
        assert said(client) == [expected]
        what = expected.partition(":")[0].capitalize()
        assert f"{what}: {SECOND}: " in client.get("/health", params=ASKED).text  # which days they are
        assert said(client, to=FIRST) == ["all days final", "reported"]


def test_an_account_that_was_never_read_is_missing(shown: Shown) -> None:
    with shown(whole, BOTH) as client:
        assert said(client) == ["partial: 2 account days missing (anthropic 2026-11-20)"]
        assert said(client, provider="openai") == ["all days final", "reported"]
        assert said(client, provider="anthropic") == ["partial: 2 account days missing (anthropic 2026-11-20)"]
        assert "$0" not in client.get("/health", params={**ASKED, "provider": "anthropic"}).text
        rows = [row for row in table(client, "/health", "basis", **ASKED) if row["account"] == "anthropic"]
        assert [(row["basis"], row["days"], row["cost_usd"]) for row in rows] == [("missing", "2", "")]


def estimated_in_part(ledger: Ledger) -> None:
    made.lines(ledger, "openai", SECOND, made.DOLLAR, d.ESTIMATES)
    made.split(ledger, "openai", SECOND, {"acme": made.DOLLAR})
    made.margins(ledger, FIRST, {})
    made.margins(ledger, SECOND, {"acme": (made.DOLLAR, 0)})


def test_beside_a_missing_day_the_rest_is_not_called_reported(shown: Shown) -> None:
    with shown(estimated_in_part, START) as client:
        assert said(client) == ["partial: 1 account day missing (openai 2026-11-19)", "1 account day estimated"]
        assert said(client, **{"from": SECOND}) == ["all days final", "1 account day estimated, the rest reported"]
        assert said(client, to=FIRST) == ["partial: 1 account day missing (openai 2026-11-19)"]


def with_a_file(ledger: Ledger) -> None:
    made.computed(ledger, "2026-11-18", openai=5, **{"aws-files": 7})
    made.computed(ledger, FIRST, openai=5)
    made.margins(ledger, SECOND, {})


def test_of_a_cost_file_no_day_is_expected_here_or_there(shown: Shown) -> None:
    with shown(with_a_file, START + FILE) as client:
        text = client.get("/health", params={**ASKED, "from": "2026-11-18"}).text
        rows = table(client, "/health", "basis", **{**ASKED, "from": "2026-11-18"})
    missing = [row for row in rows if row["basis"] == "missing"]
    assert tiles(text)["Account days missing"] == "1" == str(sum(int(row["days"]) for row in missing))
    assert [(row["account"], row["basis"], row["days"]) for row in rows] == [
        ("aws-files", "reported", "1"),
        ("openai", "reported", "2"),
        ("openai", "missing", "1"),
    ]
