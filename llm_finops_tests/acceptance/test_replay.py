"""The demo's kept pages make an empty home equal, with nobody to ask and no key."""

from contextlib import closing
from pathlib import Path

import pytest

from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.outcome import failures
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.replaying import plan_replay
from llm_finops.pipeline.work import Finops, Replay
from llm_finops_tests.acceptance.conftest import Undisturbed
from llm_finops_tests.acceptance.playing import ACCOUNTS, WINDOW, environment, fingerprint, rows, without_pages


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
