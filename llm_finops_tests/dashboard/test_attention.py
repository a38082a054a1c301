"""What needs a look: losses of customers alone, every one of them; and nothing is well that is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops_tests.dashboard import days as made
from llm_finops_tests.dashboard.books import table, text_of, tiles
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_standing import ASKED, FIRST, SECOND, START
from llm_finops_tests.dashboard.test_states import environment

By = dict[str, tuple[int, int | None]]  # {customer: (cost, revenue)} in dollars


def booked(by: By) -> Callable[[Ledger], None]:
    def book(ledger: Ledger) -> None:
        made.computed(ledger, FIRST, openai=0)
        nano = {name: (of * made.DOLLAR, None if to is None else to * made.DOLLAR) for name, (of, to) in by.items()}
        made.margins(ledger, FIRST, nano)

    return book


def looked(folder: Path, book: Callable[[Ledger], None], **asked: str) -> dict[str, str]:
    """{what needs a look: how much}."""
    ledger = made.opened(folder)
    book(ledger)
    ledger.close()
    with served(environment(folder, START)) as client:
        return {row["what"]: row["how_much"] for row in table(client, "/", "attention", **asked)}


OF_ONE_DAY = {"from": FIRST, "to": FIRST}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ({"A": (207, 0), "B": (161, 0), "(unallocated)": (46, 0)}, {"2 customers below zero": "A −$207.00"}),
        ({"A": (207, 0), "(unallocated)": (-46, 0)}, {"1 customer below zero": "A −$207.00"}),
        ({"A": (207, 0), "B": (1, 9), "(unallocated)": (900, 0)}, {"1 customer below zero": "A −$207.00"}),
        ({"A": (1, 9), "(unallocated)": (46, 0)}, {}),
        ({"A": (1, None), "B": (1, None), "(unallocated)": (46, None)}, {"2 customers whose revenue is not known": ""}),
        ({"A": (1, 9), "(unallocated)": (46, None)}, {}),
    ],
    ids=str,
)
def test_customers_are_counted_without_what_nobody_owns(tmp_path: Path, by: By, expected: dict[str, str]) -> None:
    found = looked(tmp_path, booked(by), **OF_ONE_DAY)
    assert {what: much for what, much in found.items() if "customer" in what} == expected


def test_the_first_page_and_scale_count_the_same_losses(tmp_path: Path) -> None:
    ledger = made.opened(tmp_path)
    booked({"A": (207, 0), "B": (161, 0), "C": (1, 5), "(unallocated)": (46, 0)})(ledger)
    ledger.close()
    with served(environment(tmp_path, START)) as client:
        assert tiles(text_of(client, "/scale", **OF_ONE_DAY))["Below zero"] == "2"
        assert "2 customers below zero" in text_of(client, "/", **OF_ONE_DAY)


def estimated_and_missing(ledger: Ledger) -> None:
    made.lines(ledger, "openai", FIRST, made.DOLLAR, d.ESTIMATES)
    made.split(ledger, "openai", FIRST, {"acme": made.DOLLAR})
    made.margins(ledger, FIRST, {"acme": (made.DOLLAR, made.DOLLAR)})


def test_days_that_are_missing_or_estimated_need_a_look(tmp_path: Path) -> None:
    assert looked(tmp_path, estimated_and_missing, **ASKED) == {
        "1 account day missing": f"openai {SECOND}",
        "1 day not booked": SECOND,
        "1 account day estimated": f"openai {FIRST}",
    }


def test_where_all_is_there_nothing_needs_a_look(tmp_path: Path) -> None:
    assert looked(tmp_path, booked({"A": (1, 9)}), **OF_ONE_DAY) == {}
