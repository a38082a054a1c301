"""Both stores take the same content and refuse the same content, in the same words."""

from decimal import Decimal
from typing import Any

import pytest

from llm_finops.core.money import BIGINT
from llm_finops.core.records import Usage
from llm_finops.ledger import Ledger, LedgerError
from llm_finops.ledger.datasets import ALLOCATIONS, COST_LINES, USAGE
from llm_finops_tests.ledger import facts as f

USED = f.usage(1)


REFUSED: list[tuple[Any, str]] = [
    (USED._replace(quantity=BIGINT + 1), r"quantity of usage: expected a number that fits 64 bits, saw 92233720"),
    (USED._replace(quantity=-BIGINT - 1), r"expected a number that fits 64 bits, saw -92233720"),
    (USED._replace(quantity=10**40), r"expected a number that fits 64 bits"),
    (USED._replace(quantity=1.0), r"expected a whole number, saw 1\.0 \(float\)"),  # type: ignore[arg-type]
    (USED._replace(quantity=float("nan")), r"saw nan \(float\)"),  # type: ignore[arg-type]
    (USED._replace(quantity=Decimal(1)), r"saw Decimal\('1'\) \(Decimal\)"),  # type: ignore[arg-type]
    (USED._replace(quantity=True), r"saw True \(bool\)"),
    (USED._replace(quantity="1"), r"expected a whole number, saw '1' \(str\)"),  # type: ignore[arg-type]
    (USED._replace(quantity=None), r"expected a whole number, saw None"),  # type: ignore[arg-type]
    (USED._replace(model=None), r"column model of usage: expected text, saw None"),  # type: ignore[arg-type]
    (USED._replace(model=5), r"expected text, saw 5 \(int\)"),  # type: ignore[arg-type]
    (USED._replace(model=b"gpt"), r"expected text, saw b'gpt' \(bytes\)"),  # type: ignore[arg-type]
    (USED._replace(api_key="a\0b"), r"every database can hold, saw 'a\\x00b'; quarantine the row"),
    (USED._replace(api_key="a\ud800"), r"every database can hold, saw 'a\\ud800'"),
    (tuple(USED)[:-1], r"expected rows of 11 columns \(account, provider"),
]


def test_a_row_no_store_holds_exactly_is_refused_and_named(ledger: Ledger) -> None:
    for row, message in REFUSED:
        rows: list[Usage] = [USED, row, USED]
        with pytest.raises(LedgerError, match=rf"^usage openai {f.DAY}: .*{message}"):
            ledger.commit("usage").book(USAGE, "openai", f.DAY, rows)
    assert f.everything(ledger)["usage"] == []


def test_keys_pools_and_findings_are_looked_at_too(ledger: Ledger) -> None:
    book = ledger.commit("x").book
    with pytest.raises(LedgerError, match="project of pools"):
        book(ALLOCATIONS, "openai", f.DAY, [f.allocation(1)._replace(pool=f.POOL._replace(project="\0"))])
    with pytest.raises(LedgerError, match="subject of findings"):
        book(ALLOCATIONS, "openai", f.DAY, [], findings=[f.finding(subject="\ud800")])
    with pytest.raises(LedgerError, match="amount of findings"):
        book(ALLOCATIONS, "openai", f.DAY, [], findings=[f.finding(amount=2**63)])
    with pytest.raises(LedgerError, match=r"the key 'allocations a\\x00b"):
        book(ALLOCATIONS, "a\0b", f.DAY, [])


def test_the_largest_numbers_and_absent_ones_are_kept(ledger: Ledger) -> None:
    rows = [f.line(BIGINT, "a"), f.line(-BIGINT, "b"), f.line(0, "c")._replace(quantity=None, unit=None)]
    with ledger.commit("costs") as commit:
        commit.book(COST_LINES, "openai", f.DAY, rows)
    assert sorted(ledger.read(COST_LINES, "openai", f.DAY), key=lambda row: row.line_id) == rows
    absent = ledger.read(COST_LINES, "openai", f.DAY)[-1]
    assert (absent.quantity, absent.unit, absent.amount_nano) == (None, None, 0)


def test_what_a_load_says_of_itself_is_kept_readable(ledger: Ledger) -> None:
    load_id = ledger.journals.begin_load("openai", "usage", f.DAY, f.DAY)
    ledger.journals.end_load(load_id, "failed", detail="saw 'a\0b' and \ud800")
    assert f.everything(ledger)["loads"][0][-2] == "saw 'a\\x00b' and \\ud800"
