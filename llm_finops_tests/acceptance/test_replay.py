"""Kept pages make an empty home equal, with nobody to ask and no key, on the other store too; so does a move."""

from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.outcome import failures
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.replaying import plan_replay
from llm_finops.pipeline.work import Finops, Replay
from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.acceptance.lantern import Lantern
from llm_finops_tests.acceptance.playing import ACCOUNTS, WINDOW, environment, fingerprint, rows, without_pages
from llm_finops_tests.conftest import database


@pytest.mark.slow
def test_the_pages_of_the_demo_make_an_empty_home_equal(copied: Undisturbed, tmp_path: Path) -> None:
    given = {"HOME": tmp_path / "new", "CONFIG": copied.home / "finops.toml", "CLOCK": copied.home / "clock"}
    known = environment(**{f"LLM_FINOPS_{name}": str(path) for name, path in given.items()})
    with closing(Ledger(sqlite_url(copied.home / "ledger.sqlite"))) as played:
        replay = Replay(frozenset(ACCOUNTS), played)
        with Finops(known, replay=replay).work("replay") as work:
            plan = plan_replay(work.config, work.ledger, replay, "0000", "9999")
            assert (plan.days, plan.left) == ([str(day) for day in WINDOW.dates()], [])
            book_reference(work)
            for asset in declared(work.config):
                assert not failures(asset.name, asset.step(work, list(plan.days)))

    assert fingerprint(tmp_path / "new") == copied.told.fingerprint
    assert without_pages(copied.home) == []
    ((pages, size, packed),) = rows(copied.home, "select count(*), sum(bytes), sum(length(content)) from load_pages")
    assert pages > 0
    assert 4 * packed < size


@pytest.mark.slow
def test_pages_and_whole_ledgers_go_from_either_store_to_the_other(
    lantern: Lantern, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """By the commands; with a cost file in euros, rates and invoices: all that is booked is equal afterwards."""
    invoiced = "select scope, state from current_invoice_matches"
    assert lantern.alone.rows("select distinct currency from current_converted_margins") == [("EUR",)]
    assert {("openai", "differs"), ("seats", "differs")} <= set(lantern.alone.rows(invoiced))
    server, empty = (request.getfixturevalue(name) for name in ("_postgres_server", "_migrated"))
    with ExitStack() as stack:
        replayed, moved = (stack.enter_context(database(server, empty)) for _ in range(2))
        there = lantern.home(str(tmp_path / "there"), replayed)
        back = lantern.home(str(tmp_path / "back"))
        lantern.replay(lantern.alone, there)
        lantern.replay(there, back)

        lantern.move(lantern.alone, moved)
        third = lantern.home(str(tmp_path / "third"))
        lantern.move(lantern.home(str(tmp_path / "moved"), moved), third.url)
        homes = [there, back, lantern.home(str(tmp_path / "moved"), moved), third]
        assert [home.fingerprint() for home in homes] == [lantern.fingerprint] * 4
        assert [home.unsettled() for home in homes] == [[]] * 4
