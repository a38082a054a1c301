"""A change is told against days that are all booked; else how many are."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from llm_finops_tests.dashboard import days as made
from llm_finops_tests.dashboard.books import text_of, tiles
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import environment

DAYS = [f"2026-11-{day:02d}" for day in (*range(3, 13), *range(14, 19))]  # the 13th is not booked


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("changes")
    ledger = made.opened(folder)
    for day in DAYS:
        made.margins(ledger, day, {"acme": (int(day[-2:]) * made.DOLLAR, 5 * made.DOLLAR)})
    ledger.close()
    with served(environment(folder)) as client:
        yield client


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-08", "2026-11-12", "+100.0 % on 2026-11-03 to 2026-11-07"),  # 50 and 25 dollars
        ("2026-11-06", "2026-11-10", "only 3 of 5 days are booked of 2026-11-01 to 2026-11-05"),
        ("2026-11-14", "2026-11-18", "only 4 of 5 days are booked of 2026-11-09 to 2026-11-13"),
        ("2026-11-12", "2026-11-13", "only 1 of 2 days are booked of 2026-11-12 to 2026-11-13"),
        ("2026-11-03", "2026-11-03", "nothing booked of 2026-11-02 to 2026-11-02"),
    ],
)
def test_a_change_is_told_where_both_periods_are_booked(
    booked: httpx.Client, first: str, last: str, expected: str
) -> None:
    text = text_of(booked, "/", **{"from": first, "to": last})
    assert expected in text
    assert (" % on " in text) == (" % on " in expected)


def test_a_revenue_known_in_part_is_compared_with_none(tmp_path: Path) -> None:
    ledger = made.opened(tmp_path)
    made.margins(ledger, "2026-11-19", {"acme": (made.DOLLAR, 80 * made.DOLLAR)})
    made.margins(ledger, "2026-11-20", {"acme": (made.DOLLAR, 70 * made.DOLLAR), "beta": (made.DOLLAR, None)})
    ledger.close()
    with served(environment(tmp_path)) as client:
        text = text_of(client, "/", **{"from": "2026-11-20", "to": "2026-11-20"})
    assert tiles(text)["Revenue"] == "not known"
    assert '<dd class="said">known in part, $70.00</dd>' in text
    assert "+100.0 % on 2026-11-19 to 2026-11-19" in text  # of the cost
    assert "not known on" not in text
