"""The price book: booked when it changes, built once, and always what the ledger holds."""

from collections.abc import Sequence
from typing import NamedTuple

from llm_finops.ledger import datasets as d
from llm_finops.pipeline.reference import book_reference
from llm_finops_tests.pipeline.little import Little

RIGHT = [("sheet-1", "input_uncached", 2), ("sheet-1", "output", 10), ("sheet-2", "input_uncached", 1)]
AT = "2026-11-18T00:00:00Z"


class Booked(NamedTuple):
    """What a run's steps find: whether their book is the ledger's, a price in it, and the versions made so far."""

    is_the_ledgers: bool
    price_nano: int
    versions: int


def booked(company: Little, prices: Sequence[tuple[str, str, int]]) -> Booked:
    company.price(prices)
    with company.finops.work("a run") as work:
        book_reference(work)
        gather = work.ledger.gather()
        kept = dict(work.books)
        book = work.price_book(gather)
        assert list(kept.values()) == [book]  # it was not built again
        found = book.find("paper", "sheet-1", "standard", "(none)", "output", AT)
        assert found is not None
        is_the_ledgers = book.rows == sorted(gather.read(d.PRICES, "*", "*"))
    ((versions,),) = company.rows("select count(*) from versions where dataset = 'prices'")
    return Booked(is_the_ledgers, found.price_nano, int(versions))


def test_the_book_of_a_run_is_what_the_ledger_holds_whatever_other_runs_had(bare: Little) -> None:
    dearer = [*RIGHT[:1], ("sheet-1", "output", 12), *RIGHT[2:]]
    assert booked(bare, RIGHT) == (True, 10 * 10**9, 1)
    assert booked(bare, RIGHT) == (True, 10 * 10**9, 1)
    assert booked(bare, dearer) == (True, 12 * 10**9, 2)
    assert booked(bare, RIGHT) == (True, 10 * 10**9, 3)


def test_another_home_is_booked_too(bare: Little) -> None:
    assert booked(bare, RIGHT).versions == 1
    assert booked(bare.again("other"), RIGHT) == (True, 10 * 10**9, 1)
