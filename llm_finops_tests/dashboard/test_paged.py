"""Rows in pages: together they are all the rows in one order, what is not known last, and a file has them at once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.config import Config, load
from llm_finops.dashboard.asking import Address, BadAddress, address
from llm_finops.dashboard.pages.paged import keyed, paged
from llm_finops.dashboard.view import ROWS, View
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger.queries import Reader, snapshot
from llm_finops_tests.dashboard.test_states import booked, environment


class Row(NamedTuple):
    key: tuple[str, str]
    nano: int | None


ORDERS = {"nano": lambda row: row.nano, **keyed(("name", "model"), lambda row: row.key)}
TEXT = st.sampled_from(["a", "b", "ä", "م", "&"])
LISTS = st.lists(st.builds(Row, st.tuples(TEXT, TEXT), st.none() | st.integers(-3, 3)), max_size=3 * ROWS)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    folder = tmp_path_factory.mktemp("paged")
    ledger = Ledger(sqlite_url(folder / "ledger.sqlite"))
    booked(ledger, ["acme"])
    config: Config = load(environment(folder))
    with snapshot(ledger) as reader:
        yield View(reader, asked_for(reader), config, "/")
    ledger.close()


def asked_for(reader: Reader, **params: str) -> Address:
    found = address(reader, {f"made.{name}": value for name, value in params.items()})
    assert found is not None
    return found


@given(rows=LISTS, order=st.sampled_from(["nano", "name", "model"]), descending=st.booleans())
def test_pages_are_all_rows_in_one_order(view: View, rows: list[Row], order: str, descending: bool) -> None:
    sort = f"-{order}" if descending else order
    found: list[Row] = []
    for page in range(1, 4):
        part = paged(
            replace(view, address=asked_for(view.reader, sort=sort, page=str(page))), "made", rows, ORDERS, "nano"
        )
        assert part.of == len(rows)
        assert len(part.rows) == max(0, min(ROWS, len(rows) - ROWS * (page - 1)))
        found += part.rows
    file = paged(replace(view, address=asked_for(view.reader, sort=sort), exporting=True), "made", rows, ORDERS, "nano")
    assert found == list(file.rows)
    assert sorted(map(repr, found)) == sorted(map(repr, rows))
    values = [row.nano if order == "nano" else row.key[order == "model"] for row in found]
    known = [value for value in values if value is not None]
    assert values == [*known, *[None] * (len(values) - len(known))]
    assert known == sorted(known, reverse=descending)
    for value in set(values):  # equals stay as they were given
        same = [row for row, at in zip(found, values, strict=True) if at == value]
        assert same == [row for row in rows if (row.nano if order == "nano" else row.key[order == "model"]) == value]


@pytest.mark.parametrize("params", [{"sort": "cost"}, {"sort": "--nano"}, {"page": "0"}, {"page": "x"}], ids=str)
def test_an_order_or_a_page_that_is_not_there_is_refused(view: View, params: dict[str, str]) -> None:
    with pytest.raises(BadAddress, match="expected"):
        paged(replace(view, address=asked_for(view.reader, **params)), "made", [], ORDERS, "nano")
