"""One look at the ledger is one connection: who waited for a second one would wait for others who do the same."""

from contextlib import suppress

import pytest
from sqlalchemy import event

from llm_finops.core.explain import ExplainError
from llm_finops.ledger import Ledger
from llm_finops.ledger.queries import Reader, customer_day, line_shares, provisional_days, snapshot
from llm_finops_tests.ledger.queries import company as little

DAY = little.DAYS[2]


def shares_of_a_line(reader: Reader) -> None:
    line_shares(reader, "openai-0-reported", DAY)


def the_tree_of_a_day(reader: Reader) -> None:
    with suppress(ExplainError):  # the little company's days are booked without what they were made of
        customer_day(reader, "acme", DAY)


def what_is_provisional(reader: Reader) -> None:
    assert provisional_days(reader, DAY, DAY, dict.fromkeys(little.ACCOUNTS, 999)) == (DAY,)


@pytest.mark.parametrize("asked", [shares_of_a_line, the_tree_of_a_day, what_is_provisional])
def test_a_reader_takes_one_connection_whatever_is_asked(company: Ledger, asked: object) -> None:
    taken: list[object] = []

    def note(_: object, record: object, __: object) -> None:
        taken.append(record)

    event.listen(company.engine, "checkout", note)
    try:
        with snapshot(company) as reader:
            assert callable(asked)
            asked(reader)
    finally:
        event.remove(company.engine, "checkout", note)
    assert len(taken) == 1


def test_what_the_ledger_of_a_reader_reads_is_of_its_moment(ledger: Ledger) -> None:
    little.book_day(ledger, DAY)
    with snapshot(ledger) as reader:
        before = reader.ledger.seq()
        little.book_day(ledger, little.DAYS[3])
        assert reader.ledger.seq() == before == reader.seq
        assert ledger.seq() > before
