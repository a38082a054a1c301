"""A day is told once nothing that its message shows is stale; what can never be computed again stops no day."""

import pytest

from llm_finops.ledger import datasets as d
from llm_finops.pipeline.complete import newest_complete, stale_days
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.reference import book_reference
from llm_finops_tests.pipeline.little import DAYS, LAST, PROVIDER, TOML, Little


@pytest.fixture
def company(played: Little) -> Little:
    return played


def settle_all_but(company: Little, left: str) -> tuple[set[str], str | None]:
    """The days that are stale after a run of everything but one asset, and the newest that is complete."""
    with company.finops.work("part") as work:
        book_reference(work)
        for asset in declared(company.config):
            if asset.name not in {left, "daily_summary"}:
                asset.step(work, DAYS)
        return stale_days(work), newest_complete(work)


@pytest.mark.parametrize("left", ["implied_prices", "request_costs"])
def test_a_day_is_not_complete_while_anything_its_message_shows_is_stale(company: Little, left: str) -> None:
    company.report(LAST, amount="9.00")
    assert settle_all_but(company, left) == ({LAST}, DAYS[-2])
    assert settle_all_but(company, "") == (set(), LAST)


def test_implied_prices_of_an_account_that_is_gone_stop_no_day(company: Little) -> None:
    company.configure(toml=TOML.replace(PROVIDER, ""))
    company.price([("sheet-1", "input_uncached", 3)])
    assert settle_all_but(company, "implied_prices") == (set(), LAST)
    with company.ledger() as ledger:
        assert {key.period for key in ledger.stale(d.IMPLIED_PRICES)} == set(DAYS)
